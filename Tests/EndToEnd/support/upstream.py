"""An origin server whose behaviour the path chooses, on an event loop of its own.

/echo         what arrived, as JSON          /bytes/N      N bytes with Content-Length
/events       an event, then an open stream  /die/length   ends within the stated length
/die/chunked  ends within a chunk            /status/N     this status, with a challenge

A path in `documents` is answered with its JSON.
"""

import asyncio
import contextlib
import hashlib
import json
import threading

BLOCK = bytes(range(256)) * 256


def pattern(count):
    """The `count` bytes that /bytes/COUNT sends."""
    return (BLOCK * (count // len(BLOCK) + 1))[:count]


class Upstream:
    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.changed = threading.Condition()
        self.requests, self.streams, self.left = [], 0, 0
        self.documents = {}
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.ready = threading.Event()
        self.thread.start()
        assert self.ready.wait(10)

    def _run(self):
        asyncio.set_event_loop(self.loop)

        async def start():
            self.server = await asyncio.start_server(
                self._serve, "127.0.0.1", 0, backlog=2048, limit=1 << 20
            )
            self.port = self.server.sockets[0].getsockname()[1]
            self.ready.set()

        self.loop.run_until_complete(start())
        self.loop.run_forever()

    def stop(self):
        async def end():
            self.server.close()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
            self.loop.stop()

        asyncio.run_coroutine_threadsafe(end(), self.loop)
        self.thread.join(10)

    def wait_for(self, condition, seconds=30):
        """Until `condition(self)` is true; it is looked at whenever something has changed."""
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self), seconds), vars(self)

    def _note(self, **changes):
        with self.changed:
            for name, step in changes.items():
                setattr(self, name, getattr(self, name) + step)
            self.changed.notify_all()

    async def _serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._exchange(reader, writer):
                pass
        with contextlib.suppress(ConnectionError):
            writer.close()

    async def _exchange(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        fields = [line.split(":", 1) for line in head[1:] if line]
        fields = [[name, value.strip()] for name, value in fields]
        known = {name.lower(): value for name, value in fields}
        count, digest = await self._body(reader, known)
        request = {
            "method": method,
            "target": target,
            "fields": fields,
            "count": count,
            "sha256": digest,
        }
        self._note(requests=[request])
        name, _, argument = target.split("?")[0].lstrip("/").partition("/")
        if name == "events":
            await self._events(reader, writer)
            return False
        if name == "die":
            await self._die(writer, argument)
            return False
        status, body, extra = 200, json.dumps(request).encode(), "Content-Type: application/json"
        if target in self.documents:
            body = json.dumps(self.documents[target]).encode()
        elif name == "bytes":
            body, extra = pattern(int(argument)), "Content-Type: application/octet-stream"
        elif name == "status":
            status, extra = int(argument), 'WWW-Authenticate: Bearer realm="inner"'
        writer.write(
            f"HTTP/1.1 {status} x\r\n{extra}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        )
        if method != "HEAD":
            writer.write(body)
        await writer.drain()
        return True

    async def _body(self, reader, known):
        digest, count = hashlib.sha256(), 0
        if known.get("transfer-encoding", "").lower() == "chunked":
            while size := int((await reader.readline()).split(b";")[0], 16):
                digest.update(await reader.readexactly(size))
                count += size
                await reader.readline()
            while (await reader.readline()) != b"\r\n":
                pass
        else:
            left = int(known.get("content-length", 0))
            while left:
                part = await reader.read(min(left, 1 << 16))
                if not part:
                    raise ConnectionError
                digest.update(part)
                count += len(part)
                left -= len(part)
        return count, digest.hexdigest()

    async def _events(self, reader, writer):
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
            b"\r\n6\r\ndata: \r\n7\r\nhello\n\n\r\n"
        )
        await writer.drain()
        self._note(streams=1)
        try:
            # Nothing more comes on this connection but its end.
            await reader.read(1)
        finally:
            self._note(streams=-1, left=1)

    async def _die(self, writer, how):
        if how == "length":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123456789")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n0123456789")
        await writer.drain()
