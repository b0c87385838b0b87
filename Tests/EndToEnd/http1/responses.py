"""Responses: an upstream that writes a row's bytes, and what the client may see of them."""

import re

from http1 import engine, strict

MINOR = re.compile(rb"[^\r\n]* HTTP/1\.0\r?\n")


class ResponseJob:
    """One row in one cut. The request is the row's."""

    def __init__(self, row, name, parts, port, verdicts):
        self.row, self.name, self.parts, self.port = row, name, list(parts), port
        self.verdicts, self.end, self.quiet, self.is_over = verdicts, None, 0, False
        self.requests, self.has_asked, self.was_taken_over = [], False, False
        ends = " ".join(row.get("steps", []))
        self.ending = "reset" if "RST" in ends else "close" if row.get("then_eof") else "keep"

    def start(self, running):
        self.client = engine.Client(running, self.port, self.address)
        self.client.owner = self

    def stir(self):
        self.quiet = 0

    def begun(self, end, request):
        """A row may answer before it has the whole request."""
        if self.row["check"].get("early"):
            self.asked(end, request)

    def asked(self, end, request):
        if self.requests and self.row["check"].get("early") and self.requests[-1] is request:
            return
        self.requests.append(request)
        if len(self.requests) > 1:
            # A retry on another connection: nothing is written there either.
            end.finish()
            return
        if end.scripted is not None:
            end.scripted.was_taken_over = True
        end.scripted = self.end = end_of = end
        end_of.scripted = self

    def cut_short(self, request):
        pass

    def step(self):
        if not self.has_asked:
            self.has_asked = True
            self.client.send(self.row["req"])
            return True
        if self.client.ended and (self.end is None or self.end.ended or not self.parts):
            return False
        if self.end and not self.is_over:
            self.write()
            return True
        self.quiet += 1
        return self.quiet < engine.QUIET_BEATS

    def write(self):
        self.quiet = 0
        if self.end.ended or self.was_taken_over:
            self.is_over = True
        elif self.parts:
            self.end.send(self.parts.pop(0))
        else:
            self.is_over = True
            if self.ending != "keep":
                self.end.finish(resets=self.ending == "reset")

    def finish(self):
        self.client.finish()
        self.upstream_ended = self.end is None or self.end.ended
        if self.end and not self.was_taken_over and not self.row["check"].get("reusable"):
            self.end.finish()
        if self.end and self.end.scripted is self:
            self.end.scripted = None
        self.verdicts.take(self)

    def result(self):
        req = self.row["req"]
        asked = [(req.split(b" ")[0], 0 if MINOR.match(req) else 1)]
        responses = strict.read_responses(self.client.received, asked)
        return Result(self, responses)


class Result:
    partial = None

    def __init__(self, job, responses):
        self.responses, self.ended = responses, job.client.ended
        self.received = job.client.received
        self.final = [response for response in responses if response.is_final]
        self.interim = [response.status for response in responses if not response.is_final]
        self.upstream_ended = job.upstream_ended
        whole = bool(self.final) and self.final[-1].is_complete
        if whole and self.final[-1].is_until_close and self.ended != "closed":
            whole = False
        self.is_complete = whole
        heads = tuple(r.summary() for r in responses)
        if not whole:
            # How much of a cut body has got through depends on the moment.
            heads = tuple((lines, None, False) for lines, _, _ in heads)
        self.key = (heads, whole, bool(self.ended) and whole)

    def __str__(self):
        return f"{self.ended} {self.received[:500]!r} upstream ended={self.upstream_ended}"


def judge(job, result):
    row, check = job.row, job.row["check"].get("client", {})
    expect, final = row["expect"], result.final
    status = final[-1].status if final else None
    if len(final) > 1:
        yield "two final responses"
    if expect == "waits":
        if result.is_complete or result.ended:
            yield "does not wait"
        return
    if expect == "bad_gateway":
        allowed = [each for each in check.get("status", [502]) if each >= 500]
        if status not in allowed:
            yield f"status {status}"
        if not result.is_complete:
            yield "no whole answer"
    elif expect == "abort":
        if status == 502:
            return
        if result.is_complete or not result.ended:
            yield "the client cannot see that the response is cut short"
        if status is not None and status not in check.get("status", [status]):
            yield f"status {status}"
    elif expect == "pass_or_502" and status == 502:
        pass
    else:
        yield from passed(job, result, check, final)
    last = final[-1] if final else None
    if last and result.ended == "closed" and last.keeps_alive and result.is_complete:
        yield "closed without Connection: close"
    if last and not last.keeps_alive and not result.ended:
        yield "Connection: close, and it stays open"


def passed(job, result, check, final):
    if not final or not result.is_complete:
        yield "no whole response"
        return
    last = final[-1]
    if "status" in check and last.status not in check["status"]:
        yield f"status {last.status}"
    if "body" in check and last.body != check["body"].encode("latin-1"):
        yield f"body {last.body!r}"
    if "interim" in check and result.interim != check["interim"]:
        yield f"interim {result.interim}"
    for name, value in check.get("has", {}).items():
        if value.encode("latin-1") not in last.values(name.lower().encode()):
            yield f"no {name}: {value}"
    for name in check.get("hasnot", []):
        if last.has(name.encode()):
            yield f"{name} is passed on"
    for name, count in check.get("count", {}).items():
        if len(last.values(name.lower().encode())) != count:
            yield f"not {count} of {name}"
    if "reason" in check and last.first.split(b" ", 2)[2].decode("latin-1") != check["reason"]:
        yield f"reason {last.first!r}"
    if "trailers" in check:
        seen = [f"{name.decode()}: {value.decode()}" for name, value in last.trailers]
        if seen != check["trailers"]:
            yield f"trailers {seen}"
    upstream = job.row["check"].get("upstream_conn")
    if upstream == "close" and not result.upstream_ended and not job.was_taken_over:
        yield "the upstream's connection is kept"
    if upstream == "keep" and result.upstream_ended and not job.was_taken_over:
        yield "the upstream's connection is not kept"
    conn = job.row["check"].get("conn")
    if conn == "close" and not result.ended:
        yield "the client's connection stays open"
    if conn == "keep" and result.ended:
        yield "the client's connection closes"


class Verdicts:
    def __init__(self, judgement):
        self.judgement, self.approved, self.failures, self.count = judgement, {}, [], 0
        self.outcomes = {}

    def take(self, job):
        self.count += 1
        try:
            result = job.result()
        except strict.Violation as violation:
            return self.fail(job, f"response: {violation}", job.client.received[:300])
        if job.name == "whole":
            self.outcomes[job.row["id"]] = result
        approved = self.approved.setdefault(job.row["id"], {})
        if result.key in approved and job.row["check"].get("upstream_conn") is None:
            return
        faults = [*self.judgement(job, result)]
        if not faults and approved and result.key not in approved:
            faults = [f"otherwise than the whole, which is {next(iter(approved.values()))}"]
        if faults:
            return self.fail(job, "; ".join(faults), result)
        approved[result.key] = result

    def fail(self, job, what, seen):
        self.failures.append(
            f"{job.row['id']} {job.name}: {what}\n"
            f"    upstream wrote {job.row['raw'][:200]!r}\n    client saw {seen}"
        )
