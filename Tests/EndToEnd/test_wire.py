"""The rows of http1_cases on the wire: a client that sends their bytes, or an upstream that does.

The codec's own tests have every row whole and cut; here the whole proxy answers."""

import pytest
from support.gateway import gateway, route
from support.upstream import Upstream
from support.wire import RawUpstream, exchange, responses, rows

# Rows that need another scene than one open route, or that cannot hold here.
ELSEWHERE = {
    "UP-04": "a route that allows upgrades: test_upgrades",
    "UP-05": "a route that allows upgrades: test_upgrades",
    "UP-06": "a route with authentication: test_upgrades",
    "HS-36": "a route with authentication: test_tokens",
    "HB-27": "a route with authentication: test_tokens",
    "CN-12": "two requests in turn on a connection: every test of test_streams",
    "RS-61": "the time limit of an upstream's head: the proxy's tests, by a manual clock",
    "RS-68": "a pooled connection that ends: the proxy's tests",
    "RS-69": "a pooled connection that ends: the proxy's tests",
    "HO-24": "the one listener answers every host",
}
REQUESTS = [row for row in rows("http1_cases.jsonl", "request") if row["id"] not in ELSEWHERE]
RESPONSES = [row for row in rows("http1_cases.jsonl", "response") if row["id"] not in ELSEWHERE]


def named(some):
    return [pytest.param(row, id=row["id"]) for row in some]


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    server = Upstream()
    with gateway(tmp_path_factory.mktemp("wire"), [route("/", server.port)]) as running:
        running.upstream = server
        yield running
    server.stop()


@pytest.fixture(scope="module")
def raw_scene(tmp_path_factory):
    server = RawUpstream()
    with gateway(tmp_path_factory.mktemp("raw"), [route("/", server.port)]) as running:
        running.upstream = server
        yield running
    server.stop()


@pytest.mark.parametrize("row", named(r for r in REQUESTS if r["expect"] != "note"))
def test_request(scene, row):
    before = len(scene.upstream.requests)
    is_waiting = row["expect"] == "incomplete"
    data, is_closed = exchange(
        scene.port, row["raw"], row.get("then_eof", False), patience=0.3 if is_waiting else 5
    )
    seen = scene.upstream.requests[before:]
    answers = responses(data) if data else []
    statuses = [status for status, *_ in answers if status >= 200]
    assert 500 not in statuses, data
    if row["expect"] == "incomplete":
        assert not seen, seen
    elif row["expect"] == "reject":
        already = row["check"].get("client", {}).get("responses", 1) - 1
        assert len(seen) <= max(0, already), seen
        assert is_closed, data
        allowed = row["check"].get("status")
        assert not statuses or not allowed or statuses[-1] in allowed, data
    elif row["expect"] == "forward" or seen:
        check_forwarded(row, seen, statuses)


def check_forwarded(row, seen, statuses):
    check, fwd = row["check"], row["check"].get("fwd", {})
    if isinstance(check.get("upstream"), int) and "steps" not in row:
        assert len(seen) == check["upstream"], (seen, statuses)
    assert seen or "steps" in row, statuses
    if not seen:
        return
    first = seen[0]
    names = [name.lower() for name, _ in first["fields"]]
    for key in ("method", "target"):
        if key in fwd:
            assert first[key] == fwd[key]
    for name in fwd.get("hasnot", []):
        assert name.startswith("X-Auth") or name.lower() not in names, first
    for name, value in fwd.get("has", {}).items():
        assert [name, value] in first["fields"], first
    for name, count in fwd.get("count", {}).items():
        assert names.count(name.lower()) == count
    if "body" in fwd:
        assert first["count"] == len(fwd["body"].encode())
    if "targets" in fwd:
        assert [request["target"] for request in seen] == fwd["targets"]
    assert names.count("host") == 1 and "via" in names, first
    assert not {"content-length", "transfer-encoding"} <= set(names), first


ENDINGS = {True: "close", False: "keep"}


@pytest.mark.parametrize("row", named(RESPONSES))
def test_response(raw_scene, row):
    is_reset = any("RST" in step for step in row.get("steps", []))
    raw_scene.upstream.answer = row["raw"]
    raw_scene.upstream.ending = "reset" if is_reset else ENDINGS[bool(row.get("then_eof"))]
    # What waits for more of a body ends with the upstream.
    if row["expect"] == "abort" and not is_reset:
        raw_scene.upstream.ending = "close"
    data, is_closed = exchange(raw_scene.port, row["req"])
    answers = responses(data)
    assert answers or is_closed
    check = row["check"]["client"]
    final = [answer for answer in answers if answer[0] >= 200]
    if row["expect"] == "bad_gateway":
        assert [answer[0] for answer in final] == [502], data
    elif row["expect"] == "abort":
        assert is_closed
        assert not final or final[0][0] == 502 or not final[0][3] or is_close_delimited(data), data
    elif row["expect"] == "pass" or (final and final[0][0] != 502):
        check_passed(row, check, answers, final, data)


def is_close_delimited(data):
    return b"content-length" not in data.lower() and b"chunked" not in data.lower()


def check_passed(row, check, answers, final, data):
    assert len(final) == 1, data
    status, fields, body, is_complete = final[0]
    if row["req"].startswith(b"HEAD"):
        is_complete, body = True, data.partition(b"\r\n\r\n")[2]
    assert status in check["status"] and is_complete, data
    if "body" in check:
        assert body == check["body"].encode(), data
    if "interim" in check:
        assert [answer[0] for answer in answers if answer[0] < 200] == check["interim"]
    for name, value in check.get("has", {}).items():
        assert (name, value) in fields
    for name, count in check.get("count", {}).items():
        assert sum(name.lower() == key.lower() for key, _ in fields) == count
    assert sum(key.lower() == "date" for key, _ in fields) == 1, fields
