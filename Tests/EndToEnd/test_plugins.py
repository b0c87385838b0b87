"""Libraries that are missing, broken, or somebody else's."""

import json
import shutil
import subprocess
import urllib.parse

import pytest
from support import clients
from support.example import PORTS, start_services
from support.gateway import environment, gateway, route
from support.http import call
from support.places import GATEHOUSE, PLUGINS, ROOT
from support.processes import free_port, run

ADAPTER = ROOT / "examples" / "custom-adapter-c"
HEADERS = ROOT / "SDK" / "Sources" / "CGatehouse" / "include"


AUTHORIZATION = {
    "response_type": "code",
    "client_id": "c",
    "redirect_uri": "http://127.0.0.1:1/callback",
    "state": "s",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}


def copy_without(folder, *names):
    """The built plugins but for `names`; links, so that their runtime libraries are found."""
    target = folder / "plugins"
    shutil.copytree(PLUGINS, target, ignore=shutil.ignore_patterns(*(f"{n}.so" for n in names)))
    (folder / "lib").symlink_to(PLUGINS.parent / "lib")
    return target


def test_a_route_with_a_missing_plugin_fails_closed(tmp_path, upstream):
    plugins = copy_without(tmp_path, "mcpAuthentication")
    policy = {"issuer": "http://as.test", "audiences": ["a"], "resourceMetadata": {}}
    routes = [
        route("/open", upstream.port),
        route("/mcp", upstream.port, cors={"allowOrigins": ["*"]}, mcpAuthentication=policy),
    ]
    with gateway(tmp_path, routes, plugins=plugins) as running:
        assert call("GET", running.url + "/open/echo").status == 200
        answer = call("GET", running.url + "/mcp/echo", {"Origin": "http://a.test"})
        assert answer.status == 503
        assert answer.one("access-control-allow-origin") == "*", "cors stands outside"
        assert not upstream.requests[1:], "nothing reached the upstream"
        running.wait_for_line("mcpAuthentication")


@pytest.mark.parametrize("content", [b"", b"not a library", b"\x7fELF" + bytes(60)])
def test_a_broken_library_is_listed_and_stops_nothing(tmp_path, upstream, content):
    plugins = copy_without(tmp_path)
    (plugins / "broken.so").write_bytes(content)
    result = run([GATEHOUSE, "plugin", "list", "--plugin-dir", plugins], env=environment())
    assert "broken.so" in result.stdout + result.stderr
    with gateway(tmp_path, [route("/", upstream.port)], plugins=plugins) as running:
        assert call("GET", running.url + "/echo").status == 200
        running.wait_for_line("broken.so")


def test_a_truncated_library_is_listed_and_stops_nothing(tmp_path, upstream):
    plugins = copy_without(tmp_path)
    whole = (PLUGINS / "cors.so").read_bytes()
    (plugins / "half.so").write_bytes(whole[: len(whole) // 2])
    with gateway(tmp_path, [route("/", upstream.port)], plugins=plugins) as running:
        assert call("GET", running.url + "/echo").status == 200
        running.wait_for_line("half.so")


def build_adapter(plugins):
    """One file, one `cc`, only our headers; nothing else is built again."""
    (source,) = ADAPTER.glob("*.c")
    command = ["cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    command += ["-fvisibility=hidden", "-I", HEADERS, "-o", plugins / "custom.so", source]
    subprocess.run(command, check=True)


def test_an_adapter_in_c_is_built_and_used(tmp_path, upstream):
    """Its provider publishes metadata at a path of its own and registers nobody."""
    plugins = copy_without(tmp_path)
    build_adapter(plugins)
    result = run([GATEHOUSE, "plugin", "list", "--plugin-dir", plugins], env=environment())
    assert result.returncode == 0 and "custom" in result.stdout, result
    issuer = f"http://127.0.0.1:{upstream.port}"
    upstream.documents["/own/place.json"] = {
        "issuer": issuer,
        "authorization_endpoint": issuer + "/authorize",
        "token_endpoint": issuer + "/token",
        "jwks_uri": issuer + "/keys",
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
    }
    upstream.documents["/keys"] = {"keys": []}
    policy = {
        "issuer": issuer,
        "audiences": ["a"],
        "provider": {"custom": {"documentPath": "/own/place.json"}},
        "resourceMetadata": {},
    }
    routes = [route("/mcp", upstream.port, "exact", mcpAuthentication=policy)]
    with gateway(tmp_path, routes, plugins=plugins) as running:
        path = "/.well-known/oauth-authorization-server/mcp"
        document = call("GET", running.url + path).json()
        assert document["issuer"] == running.url + "/mcp"
        authorize = document["authorization_endpoint"]
        assert authorize.startswith(running.url + "/"), "mediated: the gateway's own"
        answer = call("GET", f"{authorize}?{urllib.parse.urlencode(AUTHORIZATION)}")
        assert answer.one("location").startswith(issuer + "/authorize?")
        assert any(seen["target"] == "/own/place.json" for seen in upstream.requests)
        assert call("GET", running.url + "/mcp").status == 401


def register_at(realm, redirect):
    """A confidential client at the realm itself, as its operator would register one."""
    body = json.dumps({"client_name": "c", "redirect_uris": [redirect]}).encode()
    url = realm + "/clients-registrations/openid-connect"
    answer = call("POST", url, {"Content-Type": "application/json"}, body)
    assert answer.status == 201, answer
    return answer.json()


@pytest.fixture
def silent_realm():
    """The demo's services; the realm sends no iss (RFC 9207), so that mediated delivery works."""
    ports = {name: free_port() for name in PORTS}
    services = start_services(ports)
    yield ports
    services.stop()


def test_a_client_goes_through_the_adapter_in_c(tmp_path, silent_realm):
    """The whole flow of the mcp SDK with a client id that the operator gave: the adapter finds the
    realm's document and leaves registration out of the metadata."""
    plugins = copy_without(tmp_path, "keycloak")
    build_adapter(plugins)
    realm = f"http://localhost:{silent_realm['realm']}/realms/mcp"
    policy = {
        "issuer": realm,
        "audiences": ["mcp_proxy"],
        "jwks": {"url": realm + "/protocol/openid-connect/certs"},
        "provider": {"custom": {"documentPath": "/.well-known/openid-configuration"}},
        "resourceMetadata": {"scopesSupported": ["profile"]},
    }
    routes = [route("/mcp", silent_realm["server"], "exact", mcpAuthentication=policy)]
    with gateway(tmp_path, routes, plugins=plugins) as running:
        redirect = f"http://127.0.0.1:{free_port()}/callback"
        client = register_at(realm, redirect)
        report = clients.use(
            clients.SDK2,
            running.url + "/mcp",
            client_id=client["client_id"],
            client_secret=client["client_secret"],
            redirect_uri=redirect,
        )
        clients.check(report)
        assert report["authorizations"][0].startswith(running.url + "/authorize?"), report
        assert [url for _, url, _ in report["requests"] if "token" in url] == [
            running.url + "/token"
        ], report
        document = call("GET", running.url + "/.well-known/oauth-authorization-server/mcp").json()
        assert "registration_endpoint" not in document, document


def test_what_an_adapter_in_c_refuses_is_shown_at_its_place(tmp_path, upstream):
    plugins = copy_without(tmp_path)
    build_adapter(plugins)
    path = tmp_path / "c.yaml"
    path.write_text(
        "binds:\n- port: 1\n  listeners:\n  - routes:\n    - backends: [{host: 'a:1'}]\n"
        "      policies:\n        mcpAuthentication:\n          issuer: https://as.test\n"
        "          audiences: [a]\n          resourceMetadata: {}\n"
        "          provider:\n            custom:\n              documentPath: no-slash\n"
    )
    command = [GATEHOUSE, "run", "-f", path, "--plugin-dir", plugins]
    result = run(command, env=environment())
    assert result.returncode == 1
    assert f"{path}:13:" in result.stderr and "slash" in result.stderr, result.stderr
