"""A client that never falls silent and never gets on: the rate of a request's body."""

import contextlib
import socket
import time

from support.gateway import gateway, route
from support.processes import free_port
from test_admin import scrape, value


def drip(client, data, pause=0.1):
    """Sends a byte at a time until the other side answers; the answer and how long it took."""
    begin = time.monotonic()
    client.settimeout(pause)
    with contextlib.suppress(ConnectionError):
        for at in range(len(data)):
            client.sendall(data[at : at + 1])
            with contextlib.suppress(TimeoutError):
                return client.recv(65536), time.monotonic() - begin
    return b"", time.monotonic() - begin


def test_a_body_below_the_rate_is_408_F61(tmp_path, upstream):
    admin = free_port()
    top = {"admin": {"port": admin}, "timeouts": {"requestBody": "1s"}}
    with gateway(tmp_path, [route("/", upstream.port)], top=top) as running:
        with socket.create_connection(("127.0.0.1", running.port), 10) as client:
            client.sendall(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n")
            answer, seconds = drip(client, b"x" * 100)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"Connection: close" in answer
        assert b'"reason":"requestBodyTimeout"' in answer
        assert 0.5 < seconds < 6
        limit = "timeouts.requestBody"
        assert value(scrape(admin), "gatehouse_limits_reached_total", limit=limit) == 1


def test_without_a_rate_a_slow_body_is_taken(tmp_path, upstream):
    top = {"timeouts": {"requestBody": "1s"}, "limits": {"minBodyRate": "off"}}
    with gateway(tmp_path, [route("/", upstream.port)], top=top) as running:
        with socket.create_connection(("127.0.0.1", running.port), 10) as client:
            client.sendall(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n")
            answer, seconds = drip(client, b"x" * 20)
            if not answer:
                client.settimeout(10)
                answer = client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert seconds > 1.5
