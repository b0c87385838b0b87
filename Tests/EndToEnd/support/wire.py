"""Raw bytes on a connection, and an upstream that answers with raw bytes."""

import base64
import contextlib
import json
import select
import socket
import struct
import threading

from support.places import ROOT

VECTORS = ROOT / "Tests" / "Vectors"


def rows(name, direction=None):
    """The rows of a vector file, `raw` and `req` as bytes."""
    found = []
    for line in (VECTORS / name).read_text().splitlines():
        row = json.loads(line)
        if direction and row.get("dir") != direction:
            continue
        for key in ("raw", "req"):
            row[key] = base64.b64decode(row.get(key, ""))
        found.append(row)
    return found


def exchange(port, raw, half_close=False, quiet=0.15, patience=5.0):
    """Sends `raw`; what came back until the peer closed or was quiet, and whether it closed."""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(ConnectionError):
            client.sendall(raw)
            if half_close:
                client.shutdown(socket.SHUT_WR)
        data, wait = b"", patience
        while select.select([client], [], [], wait)[0]:
            try:
                part = client.recv(1 << 16)
            except ConnectionError:
                return data, True
            if not part:
                return data, True
            data += part
            wait = quiet
        return data, False


def responses(data):
    """The responses in `data`: status, fields, body; interim ones included. Bodies need a length
    or chunks, as the gateway writes them on a connection that stays open."""
    found = []
    while data:
        head, mark, data = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        known = {name.lower(): value for name, value in fields}
        body, is_complete = b"", bool(mark)
        if status >= 200 and status not in (204, 304):
            body, data, is_complete = take_body(known, data)
        found.append((status, fields, body, is_complete))
    return found


def take_body(known, data):
    if "content-length" in known:
        count = int(known["content-length"])
        return data[:count], data[count:], len(data) >= count
    if known.get("transfer-encoding", "").lower() != "chunked":
        return data, b"", True
    body = b""
    while b"\r\n" in data:
        line, _, data = data.partition(b"\r\n")
        size = int(line, 16)
        if size == 0:
            return body, data.partition(b"\r\n")[2], True
        if len(data) < size + 2:
            return body + data[:size], b"", False
        body, data = body + data[:size], data[size + 2 :]
    return body, b"", False


class RawUpstream:
    """Answers each request head with the bytes in `answer`, then does `ending`: keep, close or
    reset."""

    def __init__(self):
        self.answer, self.ending = b"", "keep"
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client):
        with client, contextlib.suppress(OSError):
            data = b""
            while True:
                while b"\r\n\r\n" not in data:
                    part = client.recv(1 << 16)
                    if not part:
                        return
                    data += part
                data = data.partition(b"\r\n\r\n")[2]
                client.sendall(self.answer)
                if self.ending == "reset":
                    linger = struct.pack("ii", 1, 0)
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                if self.ending != "keep":
                    return

    def stop(self):
        self.listener.close()
