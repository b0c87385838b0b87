"""An example of the repository, running: its demo services and the gateway on a copy of its
configuration in which only the ports differ."""

import re
from dataclasses import dataclass

from support.gateway import environment
from support.places import DEMO_SERVICES, EXAMPLES, GATEHOUSE, PLUGINS
from support.processes import Program, free_port

PORTS = {"gateway": 3000, "server": 3001, "client": 3002, "issuer": 9000, "realm": 7080}


@dataclass
class Example:
    ports: dict
    services: Program
    gateway: Program

    @property
    def url(self):
        return f"http://localhost:{self.ports['gateway']}"

    @property
    def client_url(self):
        """The page that is a client; only beside the example relay."""
        return f"http://localhost:{self.ports['client']}"

    @property
    def issuer(self):
        return f"http://localhost:{self.ports['issuer']}"

    def stop(self):
        self.gateway.stop()
        self.services.stop()


def with_ports(text, ports):
    """`text` with each of the example's ports replaced where it stands as a number of its own."""
    for name, port in PORTS.items():
        text = re.sub(rf"(?<![0-9]){port}(?![0-9])", str(ports[name]), text)
    return text


def start_services(ports, *arguments):
    command = [DEMO_SERVICES, "--authorization-server-port", ports["issuer"]]
    command += ["--keycloak-port", ports["realm"], "--mcp-port", ports["server"], *arguments]
    listening = [ports[name] for name in ("server", "issuer", "realm")]
    return Program(command, ports=listening, env=environment())


def start_example(folder, server_port=None):
    """`server_port`: another MCP server in the place of the demo's."""
    ports = {name: free_port() for name in PORTS}
    services = start_services(ports, "--keycloak-emit-iss")
    return start("mcp-authentication", folder, ports, services, server_port)


def start_relay(folder):
    """What `scripts/demo relay` starts."""
    ports = {name: free_port() for name in PORTS}
    target = f"http://localhost:{ports['gateway']}/keycloak/mcp"
    arguments = ["--client-port", ports["client"], "--client-target", target]
    arguments += ["--keycloak-redirect-uri", target + "/callback", "--keycloak-emit-iss"]
    return start("relay", folder, ports, start_services(ports, *arguments))


def start(name, folder, ports, services, server_port=None):
    try:
        used = {**ports, "server": server_port or ports["server"]}
        text = (EXAMPLES / name / "config.yaml").read_text()
        path = folder / f"{name}-{ports['gateway']}.yaml"
        path.write_text(with_ports(text, used))
        command = [GATEHOUSE, "run", "-f", path, "--plugin-dir", PLUGINS]
        gateway = Program(command, ports=[ports["gateway"]], env=environment())
    except BaseException:
        services.stop()
        raise
    return Example(ports, services, gateway)
