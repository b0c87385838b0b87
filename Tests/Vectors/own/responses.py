"""The rows for responses; see write.py."""

REQ = {
    "GET": b"GET /r HTTP/1.1\r\nHost: gw.test\r\n\r\n",
    "HEAD": b"HEAD /r HTTP/1.1\r\nHost: gw.test\r\n\r\n",
    "1.0": b"GET /r HTTP/1.0\r\nHost: gw.test\r\n\r\n",
    "1.0 keep": b"GET /r HTTP/1.0\r\nHost: gw.test\r\nConnection: keep-alive\r\n\r\n",
    "TE": b"GET /r HTTP/1.1\r\nHost: gw.test\r\nConnection: TE\r\nTE: trailers\r\n\r\n",
    "POST": b"POST /r HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 5\r\n\r\nhello",
    "POST part": b"POST /r HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 50\r\n\r\nhello",
    "close": b"GET /r HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n",
    "upgrade": b"GET /r HTTP/1.1\r\nHost: gw.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
}
OK = b"HTTP/1.1 200 OK\r\n"
TWO = b"Content-Length: 2\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LAST = b"2\r\nok\r\n0\r\n\r\n"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


def write(row):
    def bad(name, title, raw, source, to="GET", **more):
        row(f"RS-{name}", title, raw, source, "bad_gateway", {"client": {"status": [502]}},
            req=REQ[to], **more)  # fmt: skip

    def passes(name, title, raw, source, to="GET", upstream=None, conn=None, eof=False, status=200,
               body="ok", **client):  # fmt: skip
        check = {"client": {"status": [status], "body": body} | client}
        check |= {"upstream_conn": upstream} if upstream else {}
        check |= {"conn": conn} if conn else {}
        check |= {"early": True} if to == "POST part" else {}
        check |= {"reusable": True} if upstream == "keep" else {}
        row(f"RS-{name}", title, raw, source, "pass", check, req=REQ[to],
            **({"then_eof": True} if eof else {}))  # fmt: skip

    def aborts(name, title, raw, source, to="GET", eof=True, reset=False):
        more = {"then_eof": True} if eof else {}
        more |= {"steps": ["send raw", "RST"]} if reset else {}
        row(f"RS-{name}", title, raw, source, "abort", {"client": {"status": [200, 502]}},
            req=REQ[to], **more)  # fmt: skip

    def waits(name, title, raw, source, to="GET"):
        row(f"RS-{name}", title, raw, source, "waits", {"client": {}}, req=REQ[to])

    status_lines(bad, passes)
    fields(bad, passes)
    framing(bad, passes, aborts, waits)
    chunks(passes, aborts)
    interim(bad, passes, aborts)
    bodiless(bad, passes)
    connections(passes, bad)


def status_lines(bad, passes):
    s = "RFC 9112 §4"
    for name, line in {
        "0.9": b"hello", "html": b"<html>", "empty": b"", "crlf": b"\r\nHTTP/1.1 200 OK",
        "space": b" HTTP/1.1 200 OK", "lower": b"http/1.1 200 OK", "2.0": b"HTTP/2.0 200 OK",
        "2": b"HTTP/2 200 OK", "0.9-version": b"HTTP/0.9 200 OK", "1.10": b"HTTP/1.10 200 OK",
        "icy": b"ICY 200 OK", "no-version": b"200 OK", "two-spaces": b"HTTP/1.1  200 OK",
        "tab": b"HTTP/1.1\t200 OK", "tab-reason": b"HTTP/1.1 200\tOK", "99": b"HTTP/1.1 99 OK",
        "099": b"HTTP/1.1 099 OK", "000": b"HTTP/1.1 000 OK", "1000": b"HTTP/1.1 1000 OK",
        "minus": b"HTTP/1.1 -20 OK", "plus": b"HTTP/1.1 +20 OK", "word": b"HTTP/1.1 abc OK",
        "hex": b"HTTP/1.1 2x0 OK", "none": b"HTTP/1.1", "no-status": b"HTTP/1.1 ", "20": b"HTTP/1.1 20 OK",
        "joined": b"HTTP/1.1 200OK", "point": b"HTTP/1.1 200.1 OK", "nul": b"HTTP/1.1 200 \0",
        "cr": b"HTTP/1.1 200 a\rb", "cr-end": b"HTTP/1.1 200 OK\r", "esc": b"HTTP/1.1 200 \x1b[0m",
        "del": b"HTTP/1.1 200 \x7f", "request": b"GET / HTTP/1.1", "long": b"HTTP/1.1 200 " + b"a" * 70000,
        "ssh": b"SSH-2.0-OpenSSH_9", "smtp": b"220 mx ESMTP", "bom": b"\xef\xbb\xbfHTTP/1.1 200 OK",
    }.items():  # fmt: skip
        bad(f"line-{name}", f"status line {line[:40]!r}", line + b"\r\n" + TWO + b"\r\nok", s, then_eof=True)
    for name, head in {"lf": OK.replace(b"\r", b"") + TWO + b"\r\n", "lf-all": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n",
                       "cr-only": b"HTTP/1.1 200 OK\rContent-Length: 2\r\r"}.items():  # fmt: skip
        bad(f"line-{name}", "line ends", head + b"ok", "RFC 9112 §2.2", then_eof=True)
    for name, reason in {"none": b" ", "missing": b"", "spaces": b"   ", "tab": b" a\tb",
                         "high": b" \xe9", "other": b" Not OK (at all): 1"}.items():  # fmt: skip
        passes(f"reason-{name}", "a reason phrase is free text", b"HTTP/1.1 200%s\r\n" % reason + TWO + b"\r\nok",
               s, reason=reason[1:].decode("latin-1"))  # fmt: skip
    for status in (200, 203, 226, 299, 300, 418, 451, 499, 500, 599, 600, 999):
        passes(f"status-{status}", "statuses that nobody knows are passed on",
               b"HTTP/1.1 %d x\r\n" % status + TWO + b"\r\nok", "RFC 9110 §15", status=status)  # fmt: skip
    passes("minor", "HTTP/1.5 is answered as 1.1", b"HTTP/1.5 200 OK\r\n" + TWO + b"\r\nok", "RFC 9110 §6.2")


def fields(bad, passes):
    s = "RFC 9112 §5, RFC 9110 §5"
    for name, line in {
        "space": b"X-A : 1", "no-colon": b"X-A", "empty-name": b": 1", "name": b"X(A): 1",
        "fold": b"X-A: 1\r\n 2", "fold-first": b" X-A: 1", "cr": b"X-A: 1\r2", "lf": b"X-A: 1\nX-B: 2",
        "nul": b"X-A: \0", "esc": b"X-A: \x1b", "del": b"X-A: \x7f", "split-cr": b"X-A: 1\rSet-Cookie: a=b",
        "split-lf": b"X-A: 1\nSet-Cookie: a=b", "split-lflf": b"X-A: 1\n\n<script>", "space-line": b"  ",
        "high-name": b"X\xff: 1", "status": b"HTTP/1.1 200 OK", "te-underscore": b"Transfer_Encoding: chunked",
    }.items():  # fmt: skip
        bad(f"field-{name}", f"field line {line!r}", OK + line + b"\r\n" + TWO + b"\r\nok", s)
    bad("field-129", "129 fields", OK + b"".join(b"X-%d: 1\r\n" % i for i in range(128)) + TWO + b"\r\nok", s)
    bad("field-70000", "a head of 70 kB", OK + b"X-A: " + b"b" * 70000 + b"\r\n" + TWO + b"\r\nok", s)
    bad("field-endless", "a head without end", OK + b"X-A: b\r\n" * 9000, s)
    passes("field-canonical", "one space, none at the ends", OK + b"X-A:1\r\nX-B: \t2\t \r\nX-C:\r\n" + TWO + b"\r\nok",
           s, has={"X-A": "1", "X-B": "2", "X-C": ""})  # fmt: skip
    passes("field-high", "bytes beyond US-ASCII", OK + b"X-A: \x80\xff\r\n" + TWO + b"\r\nok", s, has={"X-A": "\x80\xff"})
    passes("field-cookies", "lines of a name stay apart", OK + b"Set-Cookie: a\r\nX: 1\r\nSet-Cookie: b\r\n" + TWO + b"\r\nok",
           "RFC 6265 §3", count={"Set-Cookie": 2})  # fmt: skip
    passes("field-date", "Date is kept", OK + b"Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n" + TWO + b"\r\nok",
           "RFC 9110 §6.6.1", has={"Date": "Tue, 15 Nov 1994 08:12:31 GMT"})  # fmt: skip
    passes("field-encoding", "no body is changed", OK + b"Content-Encoding: gzip\r\nCache-Control: no-transform\r\n" + TWO
           + b"\r\nok", "RFC 9110 §7.7", has={"Content-Encoding": "gzip"})  # fmt: skip
    h = "RFC 9110 §7.6.1"
    for line in ("Keep-Alive: timeout=5", "Proxy-Connection: close", "Trailer: X-A", "TE: gzip", "Upgrade: h2c",
                 "Proxy-Authenticate: Basic", "HTTP2-Settings: a"):  # fmt: skip
        name = line.split(":")[0]
        passes(f"hop-{name}", "a field of one hop", OK + f"{line}\r\n".encode() + TWO + b"\r\nok", h, hasnot=[name])
    passes("hop-nominated", "a nominated field", OK + b"Connection: X-A, ,x-b\r\nX-A: 1\r\nX-B: 2\r\nX-C: 3\r\n" + TWO
           + b"\r\nok", h, hasnot=["X-A", "X-B", "Connection"], has={"X-C": "3"})  # fmt: skip
    for name in (b"Content-Length", b"Transfer-Encoding", b"Set-Cookie", b"WWW-Authenticate", b"Cache-Control", b"Date"):
        bad(f"hop-{name.decode()}", "Connection nominates an end-to-end field",
            OK + b"Connection: " + name + b"\r\n" + TWO + b"\r\nok", h)  # fmt: skip
    bad("hop-option", "no option", OK + b'Connection: "close"\r\n' + TWO + b"\r\nok", h)


def framing(bad, passes, aborts, waits):
    s = "RFC 9112 §6.3"
    for name, value in {"plus": b"+2", "minus": b"-2", "hex": b"0x2", "float": b"2.0", "list": b"2, 2", "differ": b"2, 3",
                        "empty": b"", "word": b"two", "space": b"2 2", "comma": b"2,", "2^63": b"9223372036854775808",
                        "2^64": b"18446744073709551618", "nul": b"2\0", "vt": b"\x0b2", "semi": b"2;"}.items():  # fmt: skip
        bad(f"length-{name}", f"Content-Length: {value!r}", OK + b"Content-Length: " + value + b"\r\n\r\nok" + EVIL, s)
        bad(f"length-{name}-head", "to HEAD as well", OK + b"Content-Length: " + value + b"\r\n\r\n", s, to="HEAD")
        bad(f"length-{name}-204", "in 204 as well", b"HTTP/1.1 204 x\r\nContent-Length: " + value + b"\r\n\r\n", s)
    bad("lengths-same", "two lines", OK + TWO + TWO + b"\r\nok", s)
    bad("lengths-differ", "two lines", OK + TWO + b"Content-Length: 3\r\n\r\nok" + EVIL, s)
    for name, value in {"gzip": b"gzip", "gzip-chunked": b"gzip, chunked", "twice": b"chunked, chunked", "last": b"chunked, gzip",
                        "empty": b"", "comma": b",chunked", "semi": b"chunked;a", "quote": b'"chunked"', "vt": b"chunked\x0b",
                        "identity": b"identity", "x": b"xchunked", "fold": b"\r\n chunked"}.items():  # fmt: skip
        bad(f"coding-{name}", f"Transfer-Encoding: {value!r}", OK + b"Transfer-Encoding: " + value + b"\r\n\r\n" + LAST, s)
    bad("codings-two", "two lines", OK + CHUNKED + CHUNKED + b"\r\n" + LAST, s)
    bad("coding-length", "and a length", OK + CHUNKED + b"Content-Length: 12\r\n\r\n" + LAST, s)
    bad("length-coding", "and a length", OK + b"Content-Length: 12\r\n" + CHUNKED + b"\r\n" + LAST, s)
    bad("coding-1.0", "in 1.0", b"HTTP/1.0 200 OK\r\n" + CHUNKED + b"\r\n" + LAST, "RFC 9112 §6.1", then_eof=True)
    bad("coding-space", "space before the colon", OK + b"Transfer-Encoding : chunked\r\n\r\n" + LAST, s)
    for name, raw in {"length": TWO + b"\r\nok", "chunked": CHUNKED + b"\r\n" + LAST}.items():
        for extra_name, extra in {"bytes": b"EXTRA", "crlf": b"\r\n", "response": EVIL, "nul": b"\0"}.items():
            passes(f"extra-{name}-{extra_name}", "bytes behind the response are dropped with the connection", OK + raw + extra,
                   "RFC 9112 §9.2", upstream="close", conn="keep")  # fmt: skip
        passes(f"keeps-{name}", "the connection is kept", OK + raw, "RFC 9112 §9.3", upstream="keep", conn="keep")
        aborts(f"short-{name}", "it closes before the end", OK + raw[:-1], "RFC 9112 §8")
        aborts(f"short-{name}-reset", "it resets before the end", OK + raw[:-1], "RFC 9112 §8", eof=False, reset=True)
        aborts(f"short-{name}-1.0", "to 1.0 too", OK + raw[:-1], "RFC 9112 §8", to="1.0")
        waits(f"waits-{name}", "the end has not come yet", OK + raw[:-1], "RFC 9112 §8")
    aborts("short-0", "nothing of the content", OK + b"Content-Length: 10\r\n\r\n", "RFC 9112 §8")
    aborts("short-chunk-0", "nothing of the content", OK + CHUNKED + b"\r\n", "RFC 9112 §8")
    aborts("short-until-close", "a reset is no end", OK + b"\r\nok", "RFC 9112 §8", eof=False, reset=True)
    aborts("short-until-close-1.0", "a reset is no end", OK + b"\r\nok", "RFC 9112 §8", eof=False, reset=True, to="1.0")
    passes("until-close", "the end is the close: chunks to 1.1", OK + b"\r\nok", s, eof=True, conn="keep",
           upstream="close", has={"Transfer-Encoding": "chunked"})  # fmt: skip
    passes("until-close-empty", "an empty one", OK + b"\r\n", s, eof=True, body="", conn="keep")
    passes("until-close-1.0", "the close to 1.0", OK + b"\r\nok", s, to="1.0 keep", eof=True, conn="close",
           hasnot=["Transfer-Encoding"])  # fmt: skip
    passes("until-close-from-1.0", "from 1.0", b"HTTP/1.0 200 OK\r\n\r\nok", s, eof=True, conn="keep")
    waits("until-close-waits", "no close yet", OK + b"\r\nok", s)
    passes("chunked-1.0", "no chunks to 1.0", OK + CHUNKED + b"\r\n" + LAST, "RFC 9112 §6.1", to="1.0 keep", conn="close",
           hasnot=["Transfer-Encoding"])  # fmt: skip
    passes("length-1.0", "a length to 1.0", OK + TWO + b"\r\nok", "RFC 9112 §9.3", to="1.0 keep", conn="keep",
           has={"Connection": "keep-alive"})  # fmt: skip
    passes("length-zeros", "zeros first", OK + b"Content-Length: 0002\r\n\r\nok", s, has={"Content-Length": "2"})
    passes("length-0", "no content", OK + b"Content-Length: 0\r\n\r\n", s, body="", upstream="keep")
    passes("chunked-upper", "the case of chunked", OK + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n" + LAST, "RFC 9112 §7",
           has={"Transfer-Encoding": "chunked"})  # fmt: skip
    for name, raw in {"nothing": b"", "part": b"HTTP/1.1 20", "head": OK + TWO}.items():
        bad(f"early-{name}", "it closes within the head", raw, "RFC 9112 §8", then_eof=True)
        if raw:
            bad(f"early-{name}-reset", "it resets within the head", raw, "RFC 9112 §8", steps=["RST"])
    bad("early-post", "it closes before it answers a POST", b"", "RFC 9110 §9.2.2", to="POST", then_eof=True)
    waits("waits-head", "the head has not ended yet", OK + TWO, "RFC 9112 §8")


def chunks(passes, aborts):
    s = "RFC 9112 §7.1"
    for name, body in {
        "size": b"zz\r\n", "plus": b"+2\r\nok\r\n", "0x": b"0x2\r\nok\r\n", "empty": b"\r\nok\r\n", "space": b"2 \r\nok\r\n",
        "lf": b"2\nok\r\n", "17": b"00000000000000002\r\nok\r\n", "16-f": b"ffffffffffffffff\r\nok\r\n", "crlf": b"2\r\nok0\r\n\r\n",
        "data-lf": b"2\r\nok\n0\r\n\r\n", "ext-cr": b"2;a\rb\r\nok\r\n", "ext-lf": b"2;a\nb\r\nok\r\n", "ext-space": b"2;a b\r\nok\r\n",
        "ext-long": b"2;" + b"a" * 17000 + b"\r\nok\r\n", "end-lf": b"0\n\n", "end-x": b"0\r\nX\r\n\r\n",
        "trailer-space": b"0\r\nX-A : 1\r\n\r\n", "trailer-fold": b"0\r\nX-A: 1\r\n 2\r\n\r\n", "trailer-nul": b"0\r\nX-A: \0\r\n\r\n",
        "trailer-long": b"0\r\nX-A: " + b"b" * 9000 + b"\r\n\r\n", "second": b"2\r\nok\r\nHTTP/1.1 200 OK\r\n\r\n",
    }.items():  # fmt: skip
        aborts(f"chunk-{name}", f"chunks {body[:30]!r}", OK + CHUNKED + b"\r\n" + body, s, eof=False)
    for name, body, content in (
        ("ext", b'2;a="b;c"\r\nok\r\n0;d\r\n\r\n', "ok"), ("many", b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n", "ok"),
        ("hex", b"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"), ("empty", b"0\r\n\r\n", ""),
        ("looks-like", b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
    ):  # fmt: skip
        passes(f"chunk-ok-{name}", "extensions are dropped", OK + CHUNKED + b"\r\n" + body, s, body=content, upstream="keep")
    trailers = b"2\r\nok\r\n0\r\nX-A:1\r\nSet-Cookie: a=b\r\nContent-Length: 9\r\nLocation: /\r\nX-B: 2\r\n\r\n"
    passes("trailers", "to a client that takes them, without the forbidden ones", OK + CHUNKED + b"\r\n" + trailers,
           "RFC 9110 §6.5", to="TE", trailers=["X-A: 1", "X-B: 2"], hasnot=["X-A", "Set-Cookie"])  # fmt: skip
    passes("trailers-none", "to another", OK + CHUNKED + b"\r\n" + trailers, "RFC 9110 §6.5.1", trailers=[])
    passes("trailers-nominated", "none where Connection nominates", OK + b"Connection: X-A\r\n" + CHUNKED + b"\r\n" + trailers,
           "RFC 9110 §7.6.1", to="TE", trailers=[])  # fmt: skip


def interim(bad, passes, aborts):
    s = "RFC 9110 §15.2"
    final = OK + TWO + b"\r\nok"
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    passes("interim-100", "a 100 that nobody asked for is passed on", b"HTTP/1.1 100 Continue\r\n\r\n" + final, s, interim=[100])
    passes("interim-102", "102", b"HTTP/1.1 102 x\r\n\r\n" + final, s, interim=[102])
    passes("interim-199", "199", b"HTTP/1.1 199 x\r\n\r\n" + final, s, interim=[199])
    passes("interim-three", "three", hints * 3 + final, s, interim=[103, 103, 103], upstream="keep")
    passes("interim-16", "16", hints * 16 + final, s, interim=[103] * 16)
    bad("interim-17", "17", hints * 17 + final, s)
    bad("interim-flood", "3000", hints * 3000, s)
    bad("interim-bytes", "4 times 20 kB", (b"HTTP/1.1 103 x\r\nX-A: " + b"b" * 20000 + b"\r\n\r\n") * 4 + final, s)
    passes("interim-1.0", "none to 1.0", hints + final, s, to="1.0", interim=[])
    passes("interim-head", "before an answer to HEAD", hints + final[:-2], s, to="HEAD", interim=[103], body="")
    passes("interim-framing", "a length in it is none", b"HTTP/1.1 103 x\r\nContent-Length: 5\r\n\r\n" + final, "RFC 9112 §6.3",
           interim=[103])  # fmt: skip
    passes("interim-close", "close in it is not the final's", b"HTTP/1.1 103 x\r\nConnection: close\r\n\r\n" + final, s, interim=[103])
    passes("interim-hop", "fields of one hop in it", b"HTTP/1.1 103 x\r\nKeep-Alive: a\r\nUpgrade: h2c\r\n\r\n" + final, s, interim=[103])
    bad("interim-bad", "a malformed one", b"HTTP/1.1 103 x\r\nA b\r\n\r\n" + final, s)
    bad("interim-only", "only that, and the close", hints, s, then_eof=True)
    bad("interim-body", "a body in it", b"HTTP/1.1 103 x\r\nContent-Length: 5\r\n\r\nhello" + final, "RFC 9112 §6.3")
    bad("101", "nobody asked", b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\nraw", "RFC 9110 §7.8")
    bad("101-asked", "the route does not allow it", b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nraw",
        "RFC 9110 §7.8", to="upgrade")  # fmt: skip
    bad("101-bare", "without a protocol", b"HTTP/1.1 101 x\r\n\r\n", "RFC 9110 §15.2.2")
    bad("101-late", "behind another interim", hints + b"HTTP/1.1 101 x\r\n\r\n", "RFC 9110 §15.2.2")


def bodiless(bad, passes):
    s = "RFC 9112 §6.3"
    for name, fields, has in (
        ("length", b"Content-Length: 20\r\n", {"Content-Length": "20"}), ("none", b"", {}), ("chunked", CHUNKED, {}),
    ):  # fmt: skip
        passes(f"head-{name}", "no content to HEAD", OK + fields + b"\r\n", s, to="HEAD", body="", has=has, upstream="keep",
               conn="keep")  # fmt: skip
        passes(f"304-{name}", "no content in 304", b"HTTP/1.1 304 x\r\nETag: a\r\n" + fields + b"\r\n", s, status=304, body="",
               has=has, upstream="keep", conn="keep")  # fmt: skip
        passes(f"204-{name}", "no content and no framing in 204", b"HTTP/1.1 204 x\r\n" + fields + b"\r\n", "RFC 9110 §8.6",
               status=204, body="", hasnot=["Content-Length", "Transfer-Encoding"], upstream="keep", conn="keep")  # fmt: skip
    for name, first, to, status in (("head", OK, "HEAD", 200), ("204", b"HTTP/1.1 204 x\r\n", "GET", 204),
                                    ("304", b"HTTP/1.1 304 x\r\n", "GET", 304)):  # fmt: skip
        for kind, rest in {"length": b"Content-Length: 5\r\n\r\nhello", "none": b"\r\nhello", "evil": b"\r\n" + EVIL,
                           "chunked": CHUNKED + b"\r\n" + LAST}.items():  # fmt: skip
            passes(f"{name}-content-{kind}", "content that must not be there is dropped with the connection", first + rest, s,
                   to=to, status=status, body="", upstream="close", conn="keep")  # fmt: skip
    passes("205", "205 as it came", b"HTTP/1.1 205 x\r\nContent-Length: 0\r\n\r\n", "RFC 9110 §15.3.6", status=205, body="")


def connections(passes, bad):
    s = "RFC 9112 §9.3, §9.6"
    for name, first, option, upstream in (
        ("1.1", b"HTTP/1.1", b"", "keep"), ("1.1-close", b"HTTP/1.1", b"close", "close"), ("1.1-keep", b"HTTP/1.1", b"keep-alive", "keep"),
        ("1.1-Close", b"HTTP/1.1", b"keep-alive, Close", "close"), ("1.0", b"HTTP/1.0", b"", "close"),
        ("1.0-keep", b"HTTP/1.0", b"keep-alive", "keep"), ("1.0-both", b"HTTP/1.0", b"keep-alive, close", "close"),
    ):  # fmt: skip
        line = b"Connection: %s\r\n" % option if option else b""
        passes(f"conn-{name}", "the upstream's connection is its own affair", first + b" 200 OK\r\n" + line + TWO + b"\r\nok", s,
               upstream=upstream, conn="keep", hasnot=["Connection"])  # fmt: skip
    passes("conn-client", "so is the client's", OK + b"Connection: keep-alive\r\n" + TWO + b"\r\nok", s, to="close", upstream="keep",
           conn="close", has={"Connection": "close"})  # fmt: skip
    for status in (200, 413):
        passes(f"early-{status}", "an answer before the request's content is complete",
               b"HTTP/1.1 %d x\r\n" % status + TWO + b"\r\nok", "RFC 9112 §9.3", to="POST part", status=status, upstream="close",
               conn="close")  # fmt: skip
    passes("challenge", "a challenge is the upstream's", b"HTTP/1.1 401 x\r\nWWW-Authenticate: Basic realm=\"a\"\r\n" + TWO + b"\r\nok",
           "RFC 9110 §11.6.1", status=401, has={"WWW-Authenticate": 'Basic realm="a"'})  # fmt: skip
