"""The admin listener: health, readiness, metrics that a strict parser takes."""

import http.client
import json
import socket

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.gateway import authentication, bearer, gateway, route
from support.processes import free_port, wait_until
from support.tokens import Issuer


def get(port, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def scrape(port):
    """The samples by name and sorted labels; every family is checked by a strict parser."""
    status, fields, body = get(port, "/metrics")
    assert status == 200
    assert fields["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples, names = {}, set()
    for family in text_string_to_metric_families(body.decode()):
        assert family.documentation, family.name
        assert family.type != "unknown", family.name
        assert family.name not in names, f"{family.name} twice"
        names.add(family.name)
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in samples, f"{key} twice"
            samples[key] = sample.value
    return samples


def value(samples, name, **labels):
    return samples[(name, tuple(sorted(labels.items())))]


def total(samples, name, **labels):
    wanted = set(labels.items())
    return sum(v for (n, ls), v in samples.items() if n == name and wanted <= set(ls))


@pytest.fixture
def admin_port():
    return free_port()


def test_exchanges_are_counted_as_they_are_logged(tmp_path, upstream, admin_port):
    routes = [{**route("/", upstream.port), "name": 'odd "name"\\'}]
    with gateway(tmp_path, routes, top={"admin": {"port": admin_port}}) as running:
        before = scrape(admin_port)
        assert value(before, "gatehouse_ready") == 1
        for path in ("/a", "/b"):
            assert get(running.port, path)[0] == 200
        assert get(running.port, "//x")[0] == 400
        with socket.create_connection(("127.0.0.1", running.port), 10) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\nBad Field: 1\r\n\r\n")
            assert raw.recv(4096).startswith(b"HTTP/1.1 400 ")
        after = scrape(admin_port)
        named = {"route": 'odd "name"\\'}
        assert value(after, "gatehouse_requests_total", **named, status="2xx") == 2
        assert value(after, "gatehouse_requests_total", route="(none)", status="4xx") == 2
        assert value(after, "gatehouse_core_answers_total", reason="ambiguousPath") == 1
        assert (
            value(after, "gatehouse_http_faults_total", side="downstream", reason="fieldName") == 1
        )
        assert value(after, "gatehouse_request_duration_seconds_count", **named) == 2
        assert value(after, "process_resident_memory_bytes") > 1 << 20
        assert value(after, "process_open_fds") > 3
        assert total(after, "gatehouse_exchanges_total") == 4
        wait_until(lambda: len(running.lines) == 4, what="four access records")
        outcomes = [json.loads(line)["outcome"] for line in running.lines]
        for outcome in set(outcomes):
            counted = value(after, "gatehouse_exchanges_total", outcome=outcome)
            assert counted == outcomes.count(outcome)
        grown = [key for key, old in before.items() if key[0].endswith("_total")]
        assert all(after[key] >= before[key] for key in grown)


def test_pages_methods_and_strictness(tmp_path, upstream, admin_port):
    top = {"admin": {"port": admin_port}}
    with gateway(tmp_path, [route("/", upstream.port)], top=top):
        assert get(admin_port, "/healthz")[::2] == (200, b'{"status":"ok"}\n')
        assert get(admin_port, "/readyz")[::2] == (200, b'{"status":"ready"}\n')
        status, fields, body = get(admin_port, "/healthz", "HEAD")
        assert (status, fields["Content-Length"], body) == (200, "16", b"")
        assert get(admin_port, "/metrics", "POST")[0] == 405
        assert get(admin_port, "/")[0] == 404


def test_a_key_set_that_was_never_loaded_is_not_ready_F22(tmp_path, upstream, admin_port):
    dead = free_port()
    issuer = Issuer(f"http://127.0.0.1:{dead}", "http://localhost/mcp")
    policy = authentication(
        issuer, tmp_path, "http://localhost/mcp", jwks={"url": f"http://127.0.0.1:{dead}/keys"}
    )
    routes = [{**route("/", upstream.port, mcpAuthentication=policy), "name": "guarded"}]
    with gateway(tmp_path, routes, top={"admin": {"port": admin_port}}) as running:
        status, _, body = get(admin_port, "/readyz")
        assert status == 503
        (reason,) = json.loads(body)["reasons"]
        assert reason["reason"] == "plugin"
        assert reason["plugin"] == "mcpAuthentication"
        assert reason["route"] == "guarded"
        assert "key set" in reason["detail"]
        samples = scrape(admin_port)
        assert value(samples, "gatehouse_ready") == 0
        assert (
            value(samples, "gatehouse_plugin_ready", plugin="mcpAuthentication", route="guarded")
            == 0
        )
        assert get(admin_port, "/healthz")[0] == 200
        running.signal(15)
        assert running.wait() == 0


def test_draining_is_said_until_the_end(tmp_path, upstream, admin_port):
    top = {"admin": {"port": admin_port}}
    with gateway(tmp_path, [route("/", upstream.port)], top=top) as running:
        with socket.create_connection(("127.0.0.1", running.port), 10) as busy:
            busy.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n")
            wait_until(
                lambda: value(scrape(admin_port), "gatehouse_downstream_connections_open") >= 1,
                what="a connection",
            )
            running.signal(15)
            running.wait_for_line("draining")
            status, _, body = get(admin_port, "/readyz")
            assert status == 503
            assert {"reason": "draining"} in json.loads(body)["reasons"]
            assert get(admin_port, "/healthz")[0] == 200
        assert running.wait() == 0


def test_token_outcomes_and_the_age_of_the_key_set(tmp_path, upstream, admin_port):
    issuer = Issuer("http://issuer.test", "http://localhost/mcp")
    policy = authentication(issuer, tmp_path, "http://localhost/mcp")
    routes = [{**route("/", upstream.port, mcpAuthentication=policy), "name": "guarded"}]
    with gateway(tmp_path, routes, top={"admin": {"port": admin_port}}, threads=2) as running:
        prefix = "gatehouse_plugin_mcpAuthentication_"
        token = issuer.token()
        for _ in range(3):
            assert status_of(running.port, bearer(token)) == 200
        assert status_of(running.port, {}) == 401
        assert status_of(running.port, bearer(issuer.faults()["tampered"])) == 401
        wait_until(
            lambda: value(
                scrape(admin_port), prefix + "tokens_total", route="guarded", outcome="accepted"
            )
            == 3,
            what="three accepted tokens",
        )
        samples = scrape(admin_port)
        assert value(samples, prefix + "tokens_total", route="guarded", outcome="missing") == 1
        assert value(samples, prefix + "tokens_total", route="guarded", outcome="refused") == 1
        assert 0 <= value(samples, prefix + "jwks_age_seconds", route="guarded") < 60
        assert value(samples, prefix + "jwks_keys", route="guarded") == 1


def status_of(port, fields):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/", headers=fields)
        return connection.getresponse().status
    finally:
        connection.close()
