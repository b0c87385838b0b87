"""Rows of other projects, in the form of ours: what llhttp and Http11Probe expect of a parser and
of a server, and where a gateway that follows RFC 9112 does otherwise."""

import json
import re

from http1 import rows

ABSOLUTE = re.compile(rb" https?://(?:[^/?@ ]*@)?([^/? ]+)")


def differences(name):
    """id: why. A row of the list that does not differ is a fault, as is one that is not on it."""
    path = rows.VECTORS / "own" / "differences.json"
    return json.loads(path.read_text())[name]


LLHTTP_REQUESTS = differences("llhttp requests")
LLHTTP_RESPONSES = differences("llhttp responses")
PROBE = differences("http11probe")


def with_host(raw):
    """llhttp's rows leave out Host, which RFC 9112 §3.2 requires: it is added."""
    if b"host:" in raw.lower():
        return raw
    named = ABSOLUTE.search(raw)
    host = b"Host: %s\r\n" % (named[1] if named else b"gw.test")
    return raw.replace(b" HTTP/1.1\r\n", b" HTTP/1.1\r\n" + host)


def llhttp_request(row):
    expect = "reject" if row["expect"] == "error" else "forward"
    return {**row, "raw": with_host(row["raw"]), "check": {}, "llhttp": row["expect"],
            "expect": expect}  # fmt: skip


def llhttp_response(row):
    request = b"GET /r HTTP/1.1\r\nHost: gw.test\r\n\r\n"
    return {**row, "req": request, "check": {}, "llhttp": row["expect"], "expect": "",
            "then_eof": True}  # fmt: skip


def probe(row):
    return {**row, "check": {}, "probe": row["expect"], "expect": "probe"}


def differs(row, listed, agrees):
    if agrees and row["id"] in listed:
        yield "listed as a difference, and is none"
    if not agrees and row["id"] not in listed:
        yield "differs without a reason in differences.json"


def judge_llhttp(job, result):
    """llhttp refuses: no more than what it completed is forwarded, and the connection ends or
    waits. llhttp accepts: at least one request is forwarded."""
    row, seen = job.row, len(result.requests)
    refused = bool(result.ended) and (result.statuses[-1:] or [400])[0] >= 400
    if row["llhttp"] == "error":
        waits = not result.ended and seen < max(1, row["messages_complete"])
        closed = bool(result.ended) and seen <= row["messages_complete"]
        agrees = (refused or waits or closed) and seen <= row["messages_complete"]
    elif row["messages_complete"] == 0:
        agrees = not refused
    else:
        agrees = seen >= 1 and not refused
    yield from differs(row, LLHTTP_REQUESTS, agrees)


def judge_llhttp_response(job, result):
    row = job.row
    status = result.final[-1].status if result.final else None
    refused = status == 502 or not result.is_complete
    if row["llhttp"] == "error":
        # Bytes behind the message are an error of llhttp's; here they are dropped.
        agrees = refused or "Data after" in (row["reason"] or "")
    elif row["messages_complete"] == 0:
        # It ends early: the close shows whether that was its end.
        agrees = True
    else:
        agrees = not refused
    yield from differs(row, LLHTTP_RESPONSES, agrees)


def judge_probe(job, result):
    """Http11Probe names statuses, closes and time-outs that it takes as right."""
    row, text = job.row, job.row["probe"]
    statuses = result.statuses
    refused = (bool(statuses) and statuses[-1] >= 400) or (not statuses and bool(result.ended))
    waits = not statuses and not result.ended
    passed = bool(result.requests) and not refused
    if text.startswith("Reject/drop"):
        agrees = refused
    elif text.startswith(("!101", "non-1")):
        agrees = 101 not in statuses and (passed or refused)
    elif text.startswith("IMF"):
        agrees = passed
    elif "2" in text and not text.startswith("400"):
        choice = any(each in text for each in (" or 2", "or 200", "warns", " or close"))
        agrees = passed or (choice and refused) or (statuses[-1:] == [200])
    else:
        allows = any(each in text for each in ("2xx", "200", "pass-through"))
        agrees = refused or (allows and passed) or ("timeout" in text and waits)
    yield from differs(row, PROBE, agrees)
