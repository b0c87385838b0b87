"""The command line: what each command prints, and with which status it ends."""

import json
import os
import signal
import socket

import jsonschema
import pytest
import yaml
from support.gateway import environment, gateway, route
from support.http import call
from support.places import EXAMPLE, GATEHOUSE, PLUGINS
from support.processes import Program, free_port, run


def gatehouse(*arguments, stdin="", **env):
    return run([GATEHOUSE, *arguments], env=environment(**env), stdin=stdin)


def minimal(port, **more):
    host = {"host": "127.0.0.1:9"}
    routes = [{"backends": [host], **more}]
    return yaml.safe_dump({"binds": [{"port": port, "listeners": [{"routes": routes}]}]})


def test_version_and_help():
    version = gatehouse("--version")
    assert version.returncode == 0
    for word in ("OpenSSL", "ABI"):
        assert word.lower() in version.stdout.lower(), version.stdout
    help_text = gatehouse("--help")
    assert help_text.returncode == 0
    for command in ("run", "validate", "plugin", "schema"):
        assert command in help_text.stdout


def test_usage_errors_end_with_2():
    for arguments in (["--nonsense"], ["run", "--threads", "none"], ["nonsense"]):
        result = gatehouse(*arguments)
        assert result.returncode == 2, (arguments, result)
        assert result.stdout == ""


def test_the_example_is_valid():
    result = gatehouse("validate", "-f", EXAMPLE)
    assert result.returncode == 0, result.stderr


def test_the_example_s_missing_authorization_header_is_a_warning():
    """The example's allowHeaders lacks Authorization: browsers cannot send the token (G103)."""
    assert "Authorization" in gatehouse("validate", "-f", EXAMPLE).stderr


def test_configuration_from_standard_input_and_the_environment(tmp_path):
    text = minimal(free_port())
    assert gatehouse("validate", "-f", "-", stdin=text).returncode == 0
    path = tmp_path / "c.yaml"
    path.write_text(text)
    assert gatehouse("validate", GATEHOUSE_CONFIG=str(path)).returncode == 0


def test_all_errors_at_once_with_position_and_suggestion(tmp_path):
    """DESIGN §8"""
    path = tmp_path / "c.yaml"
    path.write_text(
        "binds:\n- port: 70000\n  listeners:\n  - routes:\n    - bakends: []\n"
        "      policies:\n        cros: {}\n"
    )
    result = gatehouse("validate", "-f", path)
    assert result.returncode == 1
    for text in (f"{path}:2:", f"{path}:5:", f"{path}:7:", "backends", "cors", "^"):
        assert text in result.stderr, result.stderr
    assert gatehouse("run", "-f", path).returncode == 1


def test_a_missing_file_and_an_undefined_variable(tmp_path):
    assert gatehouse("validate", "-f", tmp_path / "none.yaml").returncode == 1
    path = tmp_path / "c.yaml"
    path.write_text(minimal(free_port(), hostnames=["${NOT_DEFINED_ANYWHERE}"]))
    result = gatehouse("validate", "-f", path)
    assert result.returncode == 1
    assert "NOT_DEFINED_ANYWHERE" in result.stderr and f"{path}:" in result.stderr


def test_a_port_that_is_taken_ends_with_3(tmp_path):
    with socket.socket(socket.AF_INET6) as taken:
        taken.bind(("::", 0))
        taken.listen()
        path = tmp_path / "c.yaml"
        path.write_text(minimal(taken.getsockname()[1]))
        result = gatehouse("run", "-f", path)
    assert result.returncode == 3, result
    assert str(taken) and "in use" in result.stderr.lower()


def test_plugin_list():
    result = gatehouse("plugin", "list")
    assert result.returncode == 0, result
    for name in ("cors", "mcpAuthentication", "keycloak"):
        assert name in result.stdout


def test_the_schema_validates_the_example():
    result = gatehouse("schema")
    assert result.returncode == 0, result.stderr
    schema = json.loads(result.stdout)
    validator = jsonschema.Draft202012Validator
    validator.check_schema(schema)
    document = yaml.safe_load(EXAMPLE.read_text())
    validator(schema).validate(document)
    document["binds"][0]["listeners"][0]["routes"][0]["policies"]["cors"]["nonsense"] = 1
    with pytest.raises(jsonschema.ValidationError):
        validator(schema).validate(document)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains(tmp_path, upstream, number):
    with gateway(tmp_path, [route("/", upstream.port)]) as running:
        assert call("GET", running.url + "/echo").status == 200
        running.signal(number)
        assert running.wait() == 0


def test_a_drain_that_hits_its_deadline_ends_with_4(tmp_path, upstream):
    top = {"timeouts": {"drain": "200ms"}}
    with gateway(tmp_path, [route("/", upstream.port)], top=top) as running:
        with socket.create_connection(("127.0.0.1", running.port), 20) as client:
            client.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            upstream.wait_for(lambda u: u.streams == 1)
            running.signal(signal.SIGTERM)
            assert running.wait() == 4
            running.wait_for_line("deadline")


def test_an_exchange_under_way_is_finished_and_a_second_signal_ends_at_once(tmp_path, upstream):
    with gateway(tmp_path, [route("/", upstream.port)]) as running:
        client = socket.create_connection(("127.0.0.1", running.port), 20)
        client.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        upstream.wait_for(lambda u: u.streams == 1)
        running.signal(signal.SIGTERM)
        running.wait_for_line("drain")
        assert running.process.poll() is None
        running.signal(signal.SIGTERM)
        assert running.wait() == 4
        running.wait_for_line("second signal")
        client.close()


def test_sighup_says_that_it_does_nothing(tmp_path, upstream):
    with gateway(tmp_path, [route("/", upstream.port)]) as running:
        running.signal(signal.SIGHUP)
        assert "reload" in running.wait_for_line("reload")
        assert call("GET", running.url + "/echo").status == 200


def test_a_closed_log_does_not_kill(tmp_path, upstream):
    """Diagnostics and records into a pipe that nobody reads any more."""
    path = tmp_path / "c.yaml"
    port = free_port()
    document = {"binds": [{"port": port, "listeners": [{"routes": [route("/", upstream.port)]}]}]}
    path.write_text(yaml.safe_dump(document))
    command = [GATEHOUSE, "run", "-f", path, "--plugin-dir", PLUGINS]
    shell = f"exec {' '.join(map(str, command))} > >(exec true) 2> >(exec true)"
    with Program(["bash", "-c", shell], ports=[port], env=environment()) as running:
        for _ in range(200):
            assert call("GET", f"http://127.0.0.1:{port}/echo").status == 200
        assert running.process.poll() is None


def test_closed_standard_output_is_no_peer_s_descriptor(tmp_path, upstream):
    """Records must not be written to whatever got the number 1."""
    path = tmp_path / "c.yaml"
    port = free_port()
    path.write_text(minimal(port))
    command = [GATEHOUSE, "run", "-f", path, "--plugin-dir", PLUGINS]
    shell = f"exec {' '.join(map(str, command))} <&- >&- 2>&-"
    with Program(["bash", "-c", shell], ports=[port], env=environment()) as running:
        assert call("GET", f"http://127.0.0.1:{port}/echo").status == 502
        for number in (0, 1, 2):
            link = os.readlink(f"/proc/{running.process.pid}/fd/{number}")
            assert link == "/dev/null", (number, link)


def test_it_listens_on_both_families(tmp_path, upstream):
    with gateway(tmp_path, [route("/", upstream.port)]) as running:
        assert call("GET", f"http://[::1]:{running.port}/echo").status == 200
        assert call("GET", f"http://127.0.0.1:{running.port}/echo").status == 200
