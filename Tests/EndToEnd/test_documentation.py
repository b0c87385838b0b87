"""The configurations that the documentation shows are taken by `gatehouse validate` as they stand."""

import re

import pytest
import yaml
from support.gateway import environment
from support.places import GATEHOUSE, ROOT
from support.processes import run

PAGES = ["README.md", "docs/delivery.md", "docs/configuration.md"]
PAGES += ["Plugins/Policies/Cors/README.md", "Plugins/Policies/McpAuthentication/README.md"]
PAGES += [f"Plugins/Providers/{name}/README.md" for name in ("Entra", "GitHub", "Keycloak", "Oidc")]


def blocks():
    """Every block of YAML that is a whole file, the policies of a route, or one policy."""
    for page in PAGES:
        text = (ROOT / page).read_text()
        for number, block in enumerate(re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S), 1):
            yield pytest.param(block, id=f"{page} {number}")


def whole(value):
    if "binds" in value or "port" in value:
        return value
    policies = value.get("policies", value)
    assert len(policies) == 1, f"neither a file nor a policy: {list(value)}"
    route = {"name": "mcp", "matches": [{"path": {"exact": "/mcp"}}], "policies": policies}
    route["backends"] = [{"host": "127.0.0.1:9"}]
    return {"binds": [{"port": 0, "listeners": [{"routes": [route]}]}]}


@pytest.mark.parametrize("block", list(blocks()))
def test_a_configuration_of_the_documentation_is_valid(block, tmp_path):
    def secret(match):
        path = tmp_path / match[1].replace("/", "_")
        path.write_text("a secret of more than thirty-two octets\n")
        path.chmod(0o600)
        return f"{{file: {path}}}"

    text = re.sub(r"\{file: (/(?:run|etc)/[^}]+)\}", secret, block)
    path = tmp_path / "gatehouse.yaml"
    path.write_text(yaml.safe_dump(whole(yaml.safe_load(text))))
    result = run([GATEHOUSE, "validate", "-f", path], env=environment())
    assert result.returncode == 0, result.stderr
