"""A gateway on a configuration that a test writes."""

import contextlib
import json
import os

import yaml

from support.places import GATEHOUSE, PLUGINS
from support.processes import Program, free_port


def environment(**more):
    """The least that a program needs, so that nothing of this shell decides a test."""
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **more}


@contextlib.contextmanager
def gateway(
    folder, routes, *, plugins=PLUGINS, threads=1, top=None, arguments=(), env=None, port=None, before=()
):
    """Runs until the block ends; `.url` is its base. `routes` is the list of the one listener,
    `before` the words of a command that starts it."""
    port = port or free_port()
    document = {"binds": [{"port": port, "listeners": [{"routes": routes}]}], **(top or {})}
    path = folder / f"config-{port}.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    command = [*before, GATEHOUSE, "run", "-f", path, "--plugin-dir", plugins, "--threads", threads]
    with Program([*command, *arguments], ports=[port], env=environment(**(env or {}))) as program:
        program.port = port
        program.url = f"http://127.0.0.1:{port}"
        yield program


def route(path, upstream_port, kind="pathPrefix", **policies):
    made = {
        "matches": [{"path": {kind: path}}],
        "backends": [{"host": f"127.0.0.1:{upstream_port}"}],
    }
    if policies:
        made["policies"] = policies
    return made


def authentication(issuer, folder, resource, **changes):
    """A policy that trusts `issuer` (a tokens.Issuer) by a key file."""
    keys = folder / "keys.json"
    keys.write_text(json.dumps(issuer.key_set()))
    return {
        "issuer": issuer.issuer,
        "audiences": [issuer.audience],
        "jwks": {"file": str(keys)},
        "resourceMetadata": {"resource": resource, "scopesSupported": ["read:all"]},
        **changes,
    }


def bearer(token):
    return {"Authorization": f"Bearer {token}"}
