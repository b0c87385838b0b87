"""Big bodies, many streams, peers that go away; and that nothing is left behind."""

import asyncio
import hashlib
import socket

import pytest
from support.gateway import gateway, route
from support.http import call
from support.processes import wait_until
from support.upstream import pattern

TEN_MIB = 10 << 20
STREAMS = 1000


@pytest.fixture
def proxy(tmp_path, upstream):
    with gateway(tmp_path, [route("/", upstream.port)]) as running:
        yield running


def upload(proxy):
    body = pattern(TEN_MIB)
    seen = call("POST", proxy.url + "/echo", body=body).json()
    assert (seen["count"], seen["sha256"]) == (TEN_MIB, hashlib.sha256(body).hexdigest())


def upload_chunked(proxy):
    body = pattern(TEN_MIB)
    with socket.create_connection(("127.0.0.1", proxy.port), 30) as client:
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n")
        client.sendall(b"Connection: close\r\n\r\n")
        for start in range(0, TEN_MIB, 100_000):
            part = body[start : start + 100_000]
            client.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        client.sendall(b"0\r\n\r\n")
        answer = read_all(client)
    assert hashlib.sha256(body).hexdigest().encode() in answer


def download(proxy):
    answer = call("GET", f"{proxy.url}/bytes/{TEN_MIB}")
    assert answer.status == 200 and answer.body == pattern(TEN_MIB)


def read_all(client):
    parts = []
    while part := client.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def send(proxy, path):
    client = socket.create_connection(("127.0.0.1", proxy.port), 30)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return client


def receive_until(client, mark):
    data = b""
    while mark not in data:
        part = client.recv(1 << 16)
        assert part, data
        data += part
    return data


def streams(proxy, upstream):
    """All are open at once, each has had its event, and all end when the clients leave."""

    async def open_one():
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head and b"text/event-stream" in head
        await reader.readuntil(b"hello\n\n")
        return writer

    async def open_all():
        writers = []
        for _ in range(0, STREAMS, 100):
            writers += await asyncio.gather(*(open_one() for _ in range(100)))
        await asyncio.to_thread(upstream.wait_for, lambda u: u.streams == STREAMS)
        for writer in writers:
            writer.close()

    asyncio.run(open_all())
    upstream.wait_for(lambda u: u.streams == 0)


def client_leaves(proxy, upstream):
    """G113: a client that leaves ends the upstream request."""
    left = upstream.left
    client = send(proxy, "/events")
    receive_until(client, b"hello\n\n")
    client.close()
    upstream.wait_for(lambda u: u.left == left + 1)


def upstream_dies(proxy):
    """The client can tell: the body is short, or the last chunk does not come (RFC 9112 §8)."""
    with send(proxy, "/die/length") as client:
        answer = read_all(client)
    assert b"Content-Length: 1000\r\n" in answer and answer.endswith(b"0123456789")
    with send(proxy, "/die/chunked") as client:
        answer = read_all(client)
    assert b"0123456789" in answer and not answer.endswith(b"0\r\n\r\n")


def test_bodies_both_ways(proxy):
    upload(proxy)
    upload_chunked(proxy)
    download(proxy)


def test_a_thousand_streams(proxy, upstream):
    streams(proxy, upstream)


def test_a_client_that_leaves(proxy, upstream):
    client_leaves(proxy, upstream)


def test_an_upstream_that_dies(proxy):
    upstream_dies(proxy)


def test_an_upstream_that_is_not_there(tmp_path):
    from support.processes import free_port

    with gateway(tmp_path, [route("/", free_port())]) as running:
        answer = call("GET", running.url + "/")
        assert answer.status == 502
        assert answer.one("content-type").startswith("application/problem+json")


def test_nothing_is_left_after_three_rounds(proxy, upstream):
    """The descriptors are as many, and the memory within 2 MiB, as after the first round."""

    def everything():
        upload(proxy)
        upload_chunked(proxy)
        download(proxy)
        streams(proxy, upstream)
        client_leaves(proxy, upstream)
        upstream_dies(proxy)

    def settled():
        # Sockets close after their last bytes: until five looks in turn see the same.
        seen = []

        def is_steady():
            seen.append(proxy.descriptors())
            return len(seen) >= 5 and len(set(seen[-5:])) == 1

        wait_until(is_steady, 10, "a steady number of descriptors", pause=0.1)
        return seen[-1]

    everything()
    call("GET", proxy.url + "/echo")
    descriptors = settled()
    resident = proxy.resident_bytes()
    for _ in range(2):
        everything()
    call("GET", proxy.url + "/echo")
    wait_until(lambda: proxy.descriptors() == descriptors, 15, f"{descriptors} descriptors")
    grown = proxy.resident_bytes() - resident
    assert grown <= 2 << 20, f"{grown} bytes more"
