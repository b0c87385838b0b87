"""Requests: a client that writes a row's bytes, and what may come of them."""

import re

from http1 import engine, strict

ECHOES = (b"smuggled", b"evil", b"SECRET", b"<script")
MINOR = re.compile(rb"[^\r\n]* HTTP/1\.0\r?\n")


class RequestJob:
    """One row in one cut on one port."""

    def __init__(self, row, name, parts, port, verdicts):
        self.row, self.name, self.parts, self.port = row, name, list(parts), port
        self.verdicts, self.then = verdicts, list(row["then"])
        self.requests, self.partial, self.quiet = [], None, 0
        self.interim_seen, self.has_shut = [], False

    def start(self, running):
        self.client = engine.Client(running, self.port, self.address)
        self.client.owner = self

    def stir(self):
        self.quiet = 0

    def begun(self, end, request):
        self.partial = request

    def asked(self, end, request):
        self.partial = None
        self.requests.append(request)
        body = b"%d" % len(self.requests)
        if request.target == b"/stream":
            end.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n%s\r\n0\r\n\r\n" % body)
            return
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        end.send(head if request.method == b"HEAD" else head + body)

    def cut_short(self, request):
        pass

    def step(self):
        if self.client.ended:
            return False
        if self.parts:
            self.client.send(self.parts.pop(0))
            self.quiet = 0
            if not self.parts and self.row.get("then_eof"):
                self.has_shut = True
                self.client.socket.shutdown(engine.socket.SHUT_WR)
            return True
        self.quiet += 1
        if self.quiet < engine.QUIET_BEATS:
            return True
        if self.then:
            self.interim_seen.append(self.client.received)
            self.client.send(self.then.pop(0))
            self.quiet = 0
            return True
        return False

    def finish(self):
        self.client.finish()
        self.verdicts.take(self)

    # What has come of it.

    def asked_for(self):
        """(method, minor) of each response that may come."""
        raw = self.row["raw"].lstrip(b"\r\n")
        first = (raw.split(b" ")[0][:40], 0 if MINOR.match(raw) else 1)
        return [first, *((request.method, 1) for request in self.requests[1:])]

    def result(self):
        responses = strict.read_responses(self.client.received, self.asked_for())
        return Result(responses, self.client.ended, self.requests, self.partial)


class Result:
    def __init__(self, responses, ended, requests, partial):
        self.responses, self.ended, self.requests = responses, ended, requests
        self.partial = partial
        self.statuses = [r.status for r in responses if r.is_final]
        # A 100 is sent where the body is not there yet: that is the cut's.
        # What a refusal says besides its status may depend on how far the request got.
        self.key = (
            tuple(
                (r.status, r.keeps_alive) if r.status >= 400 else r.summary()
                for r in responses
                if r.status != 100
            ),
            bool(ended),
            tuple(request.summary() for request in requests),
        )

    def __str__(self):
        seen = [request.head[:300] + b"|" + request.body[:80] for request in self.requests]
        partial = self.partial and self.partial.head[:80]
        return f"{self.statuses} ended={self.ended} forwarded={seen} partial={partial}"


def common(job, result):
    """What holds for every row."""
    for response in result.responses:
        if response.is_final and response.status >= 400 and not response.is_until_close:
            for echo in ECHOES:
                if echo in job.row["raw"] and echo in response.body:
                    yield f"echoes {echo!r}"
        if response.status == 401 and not response.has(b"www-authenticate"):
            yield "401 without challenge"
        if response.is_final and not strict.DATE.fullmatch(response.values(b"date")[0]):
            yield "a Date of another form"
    last = result.responses[-1] if result.responses else None
    # Bytes that come so slowly that the answer goes before them: what they break is seen later.
    is_late = job.name == "bytes" and job.row["expect"] == "reject" and bool(result.statuses)
    is_exempt = job.has_shut or is_late
    if last and last.is_final and result.ended and last.keeps_alive and not is_exempt:
        yield "closed without Connection: close"
    if last and last.is_final and not last.is_complete:
        yield "an incomplete response"
    if last and last.is_final and not last.keeps_alive and not result.ended:
        yield "Connection: close, and it stays open"
    options = nominated(job.row["raw"])
    for request in result.requests[:1]:
        for name, _ in request.fields:
            if name.lower() in options:
                yield f"a nominated field is forwarded: {name!r}"


def nominated(raw):
    """What the Connection lines of a row's first head nominate."""
    head = re.split(rb"\r\n\r\n", raw.lstrip(b"\r\n"), maxsplit=1)[0].lower()
    lines = re.findall(rb"\r\nconnection:([^\r\n]*)", head)
    own = {b"close", b"keep-alive", b"upgrade", b"x-forwarded-for", b"via", b"host"}
    return {option.strip() for line in lines for option in line.split(b",")} - own - {b""}


def judge(job, result):
    """A row of http1_cases, or of our own in the same form."""
    row, check = job.row, job.row["check"]
    expect, allowed = row["expect"], row["check"].get("status")
    refused = bool(result.statuses) and result.statuses[-1] >= 400
    if expect == "reject":
        before = max(0, check.get("client", {}).get("responses", 1) - 1)
        if len(result.requests) > before:
            yield "a request to be refused is forwarded"
        if not result.ended:
            yield "the connection stays open"
        if result.statuses and allowed and result.statuses[-1] not in allowed:
            yield f"status {result.statuses[-1]}"
        if result.partial is not None and job.name != "bytes":
            yield "a part of a request to be refused is forwarded"
    elif expect == "incomplete":
        if result.requests:
            yield "an incomplete request is completed"
        if result.statuses and allowed and result.statuses[-1] not in allowed:
            yield f"status {result.statuses[-1]}"
    elif expect in ("local", "local_or_forward"):
        if expect == "local" and result.requests:
            yield "forwarded"
        if result.statuses[-1:] and allowed and result.statuses[-1] not in allowed:
            yield f"status {result.statuses[-1]}"
        if not result.statuses:
            yield "no answer"
    elif expect == "reject_or_forward" and not result.requests:
        if not refused and not result.ended:
            yield "neither refused nor forwarded"
        elif refused and allowed and result.statuses[-1] not in allowed:
            yield f"status {result.statuses[-1]}"
    else:
        yield from forwarded(job, result)
    client = check.get("client", {})
    if "statuses" in client and len(result.statuses) == len(client["statuses"]):
        pairs = zip(result.statuses, client["statuses"], strict=True)
        if not all(status in wanted for status, wanted in pairs):
            yield f"statuses {result.statuses}"
    if client.get("no_1xx") and len(result.responses) != len(result.statuses):
        yield "an interim response"
    for name in client.get("hasnot", []):
        if any(response.has(name.encode()) for response in result.responses):
            yield f"a response has {name}"
    for name, value in client.get("has", {}).items():
        if not any(value.encode() in r.values(name.lower().encode()) for r in result.responses):
            yield f"no response has {name}: {value}"
    if check.get("conn") == "close" and not result.ended:
        yield "the connection stays open"
    if check.get("conn") == "keep" and result.ended:
        yield "the connection closes"


def forwarded(job, result):
    check, fwd = job.row["check"], job.row["check"].get("fwd", {})
    count = check.get("upstream")
    if isinstance(count, int) and len(result.requests) != count:
        yield f"{len(result.requests)} requests are forwarded"
    if not result.requests:
        return
    first = result.requests[0]
    for key, seen in (("method", first.method), ("target", first.target)):
        if key in fwd and seen != fwd[key].encode("latin-1"):
            yield f"{key} {seen!r}"
    if "targets" in fwd and [r.target.decode() for r in result.requests] != fwd["targets"]:
        yield "other targets"
    if "body" in fwd and first.body != fwd["body"].encode():
        yield f"body {first.body!r}"
    if "host" in fwd and fwd["host"].encode() not in first.values(b"x-forwarded-host"):
        yield "another X-Forwarded-Host"
    for name in fwd.get("hasnot", []):
        if first.has(name.encode()) and not name.startswith("X-Auth") and "-if-" not in name:
            yield f"{name} is forwarded"
    for name, value in fwd.get("has", {}).items():
        if value.encode("latin-1") not in first.values(name.lower().encode()):
            yield f"no {name}: {value}"
    for name, number in fwd.get("count", {}).items():
        if len(first.values(name.lower().encode())) != number:
            yield f"not {number} of {name}"
    for name, values in fwd.get("order", {}).items():
        if first.values(name.lower().encode()) != [value.encode() for value in values]:
            yield f"other {name}"
    if "trailers" in fwd:
        seen = [f"{name.decode()}: {value.decode()}" for name, value in first.trailers]
        if seen != fwd["trailers"]:
            yield f"trailers {seen}"


def protected(job, result):
    """Any row on a port where a token is needed and none is shown: nothing passes."""
    if result.requests or result.partial is not None:
        yield "forwarded without a token"
    if job.row["expect"] == "reject" and 401 in result.statuses[:1] and job.name != "bytes":
        if job.row["check"].get("status") and 401 not in job.row["check"]["status"]:
            yield "401 for what must be refused as 400"


class Verdicts:
    """Judges each variant, and holds it against the whole."""

    def __init__(self, judgement, is_protected=False):
        self.judgement, self.is_protected = judgement, is_protected
        self.approved, self.failures, self.count, self.outcomes = {}, [], 0, {}

    def take(self, job):
        self.count += 1
        try:
            result = job.result()
        except strict.Violation as violation:
            return self.fail(job, f"response: {violation}", job.client.received[:300])
        if job.name == "whole":
            self.outcomes[job.row["id"]] = result
        approved = self.approved.setdefault((job.row["id"], job.port), {})
        is_known = result.key in approved and result.partial is None
        if is_known:
            return
        faults = [*common(job, result)]
        if self.is_protected:
            faults += protected(job, result)
        faults += self.judgement(job, result)
        if not faults and approved:
            other = next(iter(approved.values()))
            # A body that comes too slowly is not waited for before the token is asked for.
            is_slow = self.is_protected and job.name == "bytes"
            if result.key not in approved and not is_slow:
                faults = [f"otherwise than the whole, which is {other}"]
        if faults:
            return self.fail(job, "; ".join(faults), result)
        approved[result.key] = result

    def fail(self, job, what, seen):
        self.failures.append(
            f"{job.row['id']} {job.name}{' (protected)' if self.is_protected else ''}: {what}\n"
            f"    sent {job.row['raw'][:200]!r}\n    saw {seen}"
        )
