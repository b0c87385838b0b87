"""WebSocket through the gateway, with a real client and a real server (RFC 6455, RFC 9110 §7.8)."""

import asyncio
import contextlib
import hashlib
import json
import signal
import socket
import threading

import pytest
import websockets
from support.gateway import authentication, bearer, gateway, route
from support.processes import wait_until
from support.tokens import Issuer
from support.wire import rows

MIB = 1 << 20


class EchoServer:
    """Echoes messages; `bye` makes it close with a reason. Runs on a thread of its own."""

    def __init__(self):
        self.opened = 0
        self.closed = []
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        assert ready.wait(10)

    def run(self, ready):
        asyncio.set_event_loop(self.loop)

        async def serve():
            self.stopped = asyncio.Event()
            async with websockets.serve(
                self.handle,
                "127.0.0.1",
                0,
                max_size=32 * MIB,
                select_subprotocol=lambda _, offered: "echo" if "echo" in offered else None,
            ) as server:
                self.port = server.sockets[0].getsockname()[1]
                ready.set()
                await self.stopped.wait()

        self.loop.run_until_complete(serve())

    async def handle(self, connection):
        self.opened += 1
        self.headers = connection.request.headers
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in connection:
                if message == "bye":
                    await connection.close(4001, "you said so")
                    break
                await connection.send(message)
        await connection.wait_closed()
        self.closed.append(connection.close_code)

    def stop(self):
        self.loop.call_soon_threadsafe(self.stopped.set)
        self.thread.join(10)


@pytest.fixture(scope="module")
def echo():
    server = EchoServer()
    yield server
    server.stop()


def allowing(path, port, **policies):
    return {**route(path, port, **policies), "upgrade": ["websocket"]}


@pytest.fixture(scope="module")
def scene(tmp_path_factory, echo):
    routes = [allowing("/ws", echo.port), route("/plain", echo.port)]
    with gateway(tmp_path_factory.mktemp("upgrades"), routes) as running:
        running.ws = f"ws://127.0.0.1:{running.port}/ws"
        yield running


def test_the_record_counts_the_bytes(scene):
    async def talk():
        async with websockets.connect(scene.ws + "/counted", compression=None) as client:
            await client.send("x" * 1000)
            await client.recv()

    asyncio.run(talk())

    def record():
        found = [json.loads(line) for line in scene.lines if "/ws/counted" in line]
        return found[0] if found else None

    record = wait_until(record)
    assert record["status"] == 101 and record["outcome"] == "complete", record
    # 4 bytes of header, 4 of mask and the closing frame up, the same without masks down.
    assert record["requestBytes"] == 1000 + 8 + 8, record
    assert record["responseBytes"] == 1000 + 4 + 4, record


def test_messages_both_ways(scene, echo):
    """Text, binary, fragments, pings, compression and a message of 8 MiB come back as they went."""

    async def talk():
        async with websockets.connect(
            scene.ws, subprotocols=["echo"], max_size=32 * MIB, open_timeout=20
        ) as client:
            assert client.subprotocol == "echo"
            for message in ("hello", b"\x00\xff" * 1000, "", "x" * 100_000):
                await client.send(message)
                assert await client.recv() == message
            await client.send(["a", "b", "c"])
            assert await client.recv() == "abc"
            await asyncio.wait_for(await client.ping(), 10)
            big = hashlib.sha256(b"seed").digest() * (8 * MIB // 32)
            await client.send(big)
            assert await client.recv() == big

    asyncio.run(talk())
    wait_until(lambda: 1000 in echo.closed)


def test_either_side_may_close(scene, echo):
    async def talk():
        async with websockets.connect(scene.ws) as client:
            await client.send("bye")
            with pytest.raises(websockets.ConnectionClosedError) as error:
                await client.recv()
            assert (error.value.rcvd.code, error.value.rcvd.reason) == (4001, "you said so")
        async with websockets.connect(scene.ws) as client:
            await client.close(4002)

    asyncio.run(talk())
    wait_until(lambda: {4001, 4002} <= set(echo.closed))


def test_many_at_once(scene):
    async def one(number):
        async with websockets.connect(scene.ws, open_timeout=30) as client:
            for turn in range(20):
                await client.send(f"{number}-{turn}")
                assert await client.recv() == f"{number}-{turn}"

    async def all_of_them():
        await asyncio.gather(*(one(number) for number in range(100)))

    asyncio.run(all_of_them())


def test_a_route_without_upgrade_does_not_switch(scene):
    async def talk():
        with pytest.raises(websockets.InvalidStatus) as error:
            await websockets.connect(f"ws://127.0.0.1:{scene.port}/plain")
        return error.value.response

    # The server saw an ordinary GET and says what it wants instead.
    assert asyncio.run(talk()).status_code == 426


def test_the_handshake_needs_a_token(tmp_path, echo):
    """UP-06: without one 401, the connection closes and the upstream sees nothing."""
    issuer = Issuer("http://as.test", "http://gw.test/ws")
    policy = authentication(issuer, tmp_path, "http://gw.test/ws")
    protected = allowing("/ws", echo.port, mcpAuthentication=policy)
    with gateway(tmp_path, [protected]) as running:
        before = echo.opened
        url = f"ws://127.0.0.1:{running.port}/ws"

        async def talk():
            with pytest.raises(websockets.InvalidStatus) as error:
                await websockets.connect(url)
            response = error.value.response
            assert response.status_code == 401
            assert response.headers["Connection"] == "close"
            assert echo.opened == before
            headers = bearer(issuer.token())
            async with websockets.connect(url, additional_headers=headers) as client:
                await client.send("hello")
                assert await client.recv() == "hello"

        asyncio.run(talk())
        assert "authorization" not in echo.headers


VECTORS = [
    pytest.param(row, id=row["id"])
    for row in rows("http1_cases.jsonl", "request")
    if row["id"] in ("UP-04", "UP-05")
]


@pytest.mark.parametrize("row", VECTORS)
def test_vectors(scene, echo, row):
    raw = row["raw"].replace(b"GET /ws ", b"GET /ws/x ")
    with socket.create_connection(("127.0.0.1", scene.port), 10) as client:
        client.sendall(raw)
        data = client.recv(65536)
        if row["id"] == "UP-05":
            assert data.startswith(b"HTTP/1.1 400 "), data
            return
        assert data.startswith(b"HTTP/1.1 101 "), data
        while b"hello" not in data:
            part = client.recv(65536)
            assert part, data
            data += part
    assert data.endswith(b"\x81\x05hello")


def test_up07_silence_and_drain_end_it(tmp_path, echo):
    timed = {**allowing("/timed", echo.port), "timeouts": {"upgraded": "1s"}}
    with gateway(
        tmp_path, [timed, allowing("/ws", echo.port)], top={"timeouts": {"drain": "1s"}}
    ) as running:

        async def silent():
            async with websockets.connect(f"ws://127.0.0.1:{running.port}/timed") as client:
                with pytest.raises(websockets.ConnectionClosed):
                    await asyncio.wait_for(client.recv(), 20)

        async def drained():
            async with websockets.connect(f"ws://127.0.0.1:{running.port}/ws") as client:
                await client.send("x")
                assert await client.recv() == "x"
                running.signal(signal.SIGTERM)
                # It goes on until the deadline.
                await client.send("y")
                assert await client.recv() == "y"
                with pytest.raises(websockets.ConnectionClosed):
                    await asyncio.wait_for(client.recv(), 20)

        asyncio.run(silent())
        asyncio.run(drained())
