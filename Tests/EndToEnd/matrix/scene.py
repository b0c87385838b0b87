"""What the rows run on: a fake for each, one gateway with a route for each, one MCP server."""

import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml
from matrix.rows import Row
from support import clients
from support.gateway import environment, gateway
from support.places import GATEHOUSE, HERE, PLUGINS, python
from support.processes import Program, free_port, run

CLIENTS = {kind.name: kind for kind in clients.ALL}
EXPECTED, EXPLAINED, REFUSED, WRONG = "yes", "no", "refused", "WRONG"


@dataclass(frozen=True)
class Result:
    state: str
    text: str = ""


def route(row, policy, server_port):
    target = {"name": "sdk", "mcp": {"host": f"http://127.0.0.1:{server_port}/mcp"}}
    return {
        "name": row.path.strip("/").replace("/", "-"),
        "matches": [{"path": {"exact": row.path}}],
        "policies": {"mcpAuthentication": policy},
        "backends": [{"mcp": {"targets": [target]}}],
    }


@contextlib.contextmanager
def mcp_server():
    port = free_port()
    with Program([python("mcp2"), HERE / "servers" / "sdk_server.py", port], ports=[port]):
        yield port


class Scene:
    """Rows that work, side by side; `folder` keeps the gateway's configuration."""

    def __init__(self, rows, folder, server_port):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.fakes, self.stack = {}, contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            routes = []
            for row in rows:
                resource = self.url + row.path
                fake = stack.enter_context(row.make(resource + "/callback"))
                self.fakes[row] = fake
                routes.append(route(row, row.policy(fake, resource), server_port))
            started = gateway(folder, routes, port=self.port, arguments=("--log-level", "info"))
            self.gateway = stack.enter_context(started)
            self.stack = stack.pop_all()

    def stop(self):
        self.stack.close()

    def use(self, row, kind, **options):
        return clients.use(kind, self.url + row.path, **options)

    def cell(self, row, kind):
        """The result of one client in one row."""
        try:
            report = self.use(row, kind)
            if kind.name in row.fails:
                return self.explained(report, *row.fails[kind.name])
            if "error" in report:
                return Result(WRONG, " ".join(report["error"])[:2000])
            clients.check(report)
        except Exception as error:  # noqa: BLE001  (a cell must not end the others)
            return Result(WRONG, f"{type(error).__name__}: {error}"[:2000])
        return Result(EXPECTED)

    def explained(self, report, words, reason):
        text = str(report.get("error", "no error"))
        return Result(EXPLAINED, reason) if words in text else Result(WRONG, text[:2000])

    def after(self, row):
        """What the fake must have seen; a text where something is wrong."""
        for check in row.checks:
            try:
                check(self.fakes[row], self.url + row.path)
            except Exception as error:  # noqa: BLE001
                return f"{check.__name__}: {type(error).__name__}: {error}"[:2000]
        return ""


def refusal(row: Row):
    """That the configuration is refused, with the words of the row and at the policy."""
    folder = Path(tempfile.mkdtemp(prefix="matrix-"))
    try:
        with row.make(f"http://127.0.0.1:1{row.path}/callback") as fake:
            policy = row.policy(fake, "http://127.0.0.1:1" + row.path)
        document = {"binds": [{"port": 1, "listeners": [{"routes": [route(row, policy, 1)]}]}]}
        path = folder / "config.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        command = [GATEHOUSE, "validate", "-f", path, "--plugin-dir", PLUGINS]
        result = run(command, env=environment())
    finally:
        shutil.rmtree(folder)
    said = " ".join(result.stderr.split())
    if result.returncode == 1 and row.refused in said:
        return Result(REFUSED, row.refused)
    return Result(WRONG, f"status {result.returncode}: {said}"[:2000])
