"""A front of several gateways: each request goes to the one that a rule names, as a load balancer
without affinity would send it. One request a connection; bodies of any framing pass as they are."""

import asyncio
import contextlib
import threading
import urllib.parse


class Front:
    """`choose(method, path)` names the index of the gateway; `seen` keeps what went where."""

    def __init__(self, ports, choose, port=0):
        self.ports, self.choose, self.seen = ports, choose, []
        self.loop, ready = asyncio.new_event_loop(), threading.Event()

        async def start():
            self.server = await asyncio.start_server(self._serve, "127.0.0.1", port)
            self.port = self.server.sockets[0].getsockname()[1]
            ready.set()

        def work():
            asyncio.set_event_loop(self.loop)
            self.loop.run_until_complete(start())
            self.loop.run_forever()

        self.thread = threading.Thread(target=work, daemon=True)
        self.thread.start()
        assert ready.wait(10)
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        async def end():
            self.server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            self.loop.stop()

        asyncio.run_coroutine_threadsafe(end(), self.loop)
        self.thread.join(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    async def _serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            method, target, _ = lines[0].decode("latin-1").split(" ")
            path = urllib.parse.urlsplit(target).path
            chosen = self.choose(method, path)
            self.seen.append((method, path, chosen))
            kept = [line for line in lines[:-2] if not line.lower().startswith(b"connection:")]
            back, forth = await asyncio.open_connection("127.0.0.1", self.ports[chosen])
            forth.write(b"\r\n".join([*kept, b"Connection: close", b"", b""]))
            pumps = [self._pump(reader, forth), self._pump(back, writer)]
            tasks = [asyncio.ensure_future(pump) for pump in pumps]
            try:
                # The gateway's end is the end: it answers with Connection: close.
                await tasks[1]
            finally:
                tasks[0].cancel()
                forth.close()
        with contextlib.suppress(ConnectionError):
            writer.close()

    async def _pump(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            while part := await reader.read(1 << 16):
                writer.write(part)
                await writer.drain()
