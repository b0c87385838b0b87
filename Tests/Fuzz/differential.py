"""Compares the parser's verdicts with those of llhttp (through httptools) and h11.

An input is the bytes of one side of a connection. A verdict is the messages that were read, and
whether the reader waits for more, refuses, or has closed. Verdicts that differ are put into
classes; each class must be explained in differences.json.
"""
import argparse
import collections
import json
import pathlib
import random
import re
import subprocess
import sys

import h11
import httptools

from seeds import ROOT, requests_and_responses

HERE = pathlib.Path(__file__).resolve().parent


class Verdict:
    """Messages as [method or status, target, content, complete], and how the reading ended."""

    def __init__(self):
        self.messages = []
        self.end = "waits"
        self.reason = ""

    @property
    def heads(self):
        """Messages whose head was taken."""
        return sum(message[0] is not None for message in self.messages)

    @property
    def completed(self):
        return sum(message[3] for message in self.messages)

    def refuse(self, reason):
        self.end = "refused"
        self.reason = reason


# The other readers


class LLHTTP(Verdict):
    """llhttp with its strict defaults; it reads a response as the answer to GET."""

    def __init__(self, kind, raw):
        super().__init__()
        is_request = kind == "request"
        maker = httptools.HttpRequestParser if is_request else httptools.HttpResponseParser
        self.is_request = is_request
        self.parser = maker(self)
        try:
            self.parser.feed_data(raw)
        except httptools.HttpParserUpgrade:
            self.end = "upgraded"
        except httptools.HttpParserError as error:
            self.refuse(str(error))
            if self.reason == "Pause on CONNECT/Upgrade":
                self.end = "upgraded"
        except (UnicodeError, ValueError) as error:
            self.refuse(type(error).__name__)

    def on_message_begin(self):
        self.messages.append([None, b"", b"", False])

    def on_url(self, url):
        self.messages[-1][1] += url

    def on_headers_complete(self):
        self.messages[-1][0] = (
            self.parser.get_method() if self.is_request else self.parser.get_status_code())

    def on_body(self, body):
        self.messages[-1][2] += body

    def on_message_complete(self):
        self.messages[-1][3] = True


class H11(Verdict):
    """h11 as a server or, for responses, as a client that sent GET."""

    def __init__(self, kind, raw):
        super().__init__()
        self.is_request = kind == "request"
        self.connection = h11.Connection(
            h11.SERVER if self.is_request else h11.CLIENT, max_incomplete_event_size=65536)
        if not self.is_request:
            self.ask()
        try:
            # No bytes would mean the end of the connection.
            if raw:
                self.connection.receive_data(raw)
            while self.step():
                pass
        except h11.RemoteProtocolError as error:
            # Some reasons quote the input.
            self.refuse(re.sub(r"[: (]*(bytearray|b'|b\").*", "", str(error), flags=re.S))

    def ask(self):
        self.connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
        self.connection.send(h11.EndOfMessage())

    def step(self):
        event = self.connection.next_event()
        if event is h11.NEED_DATA:
            return False
        if event is h11.PAUSED:
            self.end = "closed"
            return False
        if isinstance(event, h11.Request):
            self.messages.append([event.method, event.target, b"", False])
        elif isinstance(event, (h11.Response, h11.InformationalResponse)):
            is_interim = isinstance(event, h11.InformationalResponse)
            self.messages.append([event.status_code, b"", b"", is_interim])
        elif isinstance(event, h11.Data):
            self.messages[-1][2] += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            self.messages[-1][3] = True
            return self.next_cycle()
        else:
            self.end = "closed"
            return False
        return True

    def next_cycle(self):
        """Answers with a refusal, so that neither Upgrade nor CONNECT changes the protocol."""
        if self.is_request:
            self.connection.send(h11.Response(status_code=400, headers=[("Content-Length", "0")]))
            self.connection.send(h11.EndOfMessage())
        if self.connection.our_state is not h11.DONE:
            self.end = "closed"
            return False
        self.connection.start_next_cycle()
        if not self.is_request:
            self.ask()
        return True


def ours(fuzzer, inputs):
    """Our verdicts, by the fuzzer's own program."""
    lines = "".join(f"{kind} {raw.hex()}\n" for kind, raw in inputs)
    run = subprocess.run(
        [fuzzer, "verdicts"], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    for line in run.stdout.splitlines():
        answer = json.loads(line)
        verdict = Verdict()
        verdict.end = answer["end"]
        verdict.reason = answer.get("reason", "")
        for message in answer["messages"]:
            first = message.get("status") or bytes.fromhex(message["method"])
            verdict.messages.append([
                first, bytes.fromhex(message.get("target", "")),
                bytes.fromhex(message["content"]), message["complete"]])
        yield verdict


# Classes of disagreements


def classify(our, their):
    """The class in which two verdicts differ, or None.

    A reader that still waits has decided nothing: only a message or a head that one of them takes
    and the other does not is a disagreement.
    """
    pairs = zip(our.messages, their.messages)
    if their.end == "upgraded":
        same = all(one[:3] == other[:3] for one, other in pairs)
        return None if same and our.completed == their.completed else "it stops at Upgrade"
    for one, other in pairs:
        if one[3] and other[3]:
            for at, name in enumerate(("start", "target", "content")):
                if one[at] != other[at]:
                    return f"both accept, {name} differs"
    ours, theirs = (our.heads, our.completed), (their.heads, their.completed)
    if ours == theirs:
        return None
    if ours > theirs:
        if their.end == "refused":
            part = "body" if their.heads > their.completed else "head"
            return f"it refuses in the {part}: {their.reason}"
        return f"both accept, we read more ({our.end}/{their.end})"
    if our.end == "refused":
        return f"we refuse: {our.reason}"
    return f"both accept, we read less ({our.end}/{their.end})"


# Inputs

MARKS = [
    b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b":", b",", b";", b"0", b"\x0b", b"\xff", b"_",
    b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n",
    b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Upgrade: websocket\r\n",
    b"Host: b\r\n", b"Expect: 100-continue\r\n", b"chunked", b", chunked", b"identity", b"+",
    b"0x", b"HTTP/1.0", b"HTTP/2.0", b"5\r\nhello\r\n", b"0\r\n\r\n", b";a=\"b\"", b"http://a/",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"100 Continue", b"204", b"304", b"\"", b"%00",
]


def mutated(numbers, one, other):
    data = bytearray(one)
    for _ in range(numbers.choice((1, 1, 1, 2, 3))):
        at = numbers.randrange(len(data) + 1)
        choice = numbers.randrange(7)
        if choice == 0 and data:
            data[at % len(data)] = numbers.randrange(256)
        elif choice == 1:
            data[at:at] = numbers.choice(MARKS)
        elif choice == 2:
            del data[at:at + numbers.choice((1, 1, 2, 8))]
        elif choice == 3:
            data[at:at + 1] = numbers.choice(MARKS)
        elif choice == 4:
            lines = bytes(data).split(b"\r\n")
            line = numbers.choice(lines)
            lines.insert(numbers.randrange(len(lines) + 1), line)
            data = bytearray(b"\r\n".join(lines))
        elif choice == 5:
            end = bytes(data).find(b"\r\n")
            data[end + 2:end + 2] = numbers.choice([mark for mark in MARKS if b": " in mark])
        else:
            data = data[:at] + bytearray(other[numbers.randrange(len(other) + 1):])
    return bytes(data[:4096])


def corpus():
    """The vectors and the fuzzer's corpora."""
    found = [(kind, raw) for kind, raw in requests_and_responses() if len(raw) <= 4096]
    for target in ("request-head", "requests"):
        for path in sorted((HERE / "Corpus" / target).glob("*")):
            found.append(("request", path.read_bytes()))
    for path in sorted((HERE / "Corpus" / "responses").glob("*")):
        found.append(("response", path.read_bytes()[1:]))
    return found


def inputs(count, seed):
    base = corpus()
    yield from base
    numbers = random.Random(seed)
    by_kind = {kind: [raw for one, raw in base if one == kind] for kind in ("request", "response")}
    for _ in range(max(0, count - len(base))):
        kind = "request" if numbers.random() < 0.7 else "response"
        raws = by_kind[kind]
        yield kind, mutated(numbers, numbers.choice(raws), numbers.choice(raws))


def main():
    reader = argparse.ArgumentParser()
    reader.add_argument("fuzzer")
    reader.add_argument("--inputs", type=int, default=20_000)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--list", action="store_true", help="prints every class with an example")
    options = reader.parse_args()

    explained = {
        (peer, direction, entry["class"])
        for entry in json.loads((HERE / "differences.json").read_text())
        for peer in entry["readers"]
        for direction in entry["messages"]
    }
    tried = list(inputs(options.inputs, options.seed))
    counts = collections.Counter()
    examples = collections.defaultdict(list)
    for (kind, raw), our in zip(tried, ours(options.fuzzer, tried), strict=True):
        for name, peer in (("llhttp", LLHTTP), ("h11", H11)):
            found = classify(our, peer(kind, raw))
            if found is not None:
                key = (name, kind, found)
                counts[key] += 1
                examples[key].append(raw)
    unexplained = sorted(key for key in counts if key not in explained)
    for key in sorted(counts):
        if options.list or key in unexplained:
            mark = "explained" if key in explained else "UNEXPLAINED"
            print(f"{counts[key]:6} {mark} {': '.join(key)}")
            for raw in sorted(examples[key], key=len)[:3]:
                print(f"         {raw[:300]!r}")
    print(
        f"{len(tried)} inputs, 2 readers: {sum(counts.values())} disagreements in {len(counts)} "
        f"classes, {len(unexplained)} of them unexplained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
