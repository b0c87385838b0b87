#!/usr/bin/env python3
"""Our own rows in the form of http1_cases.jsonl, clause by clause. `write.py` writes the file;
a test compares the two. The status of a row is what this gateway answers, not what it might."""

import base64
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOST = b"Host: gw.test\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: gw.test\r\n\r\n"
ROWS = []


def row(name, title, raw, source, expect, check, **more):
    raw = raw if isinstance(raw, bytes) else raw.encode("latin-1")
    kind = "response" if "req" in more else "request"
    for key in ("req",):
        if key in more:
            more[key] = base64.b64encode(more[key]).decode()
    if "then" in more:
        more["then"] = [base64.b64encode(part).decode() for part in more["then"]]
    made = {"id": f"own:{name}", "cat": name.split("-")[0], "dir": kind, "title": title}
    made |= {"raw": base64.b64encode(raw).decode(), "expect": expect, "source": [source]}
    ROWS.append(made | {"check": check} | more)


def reject(name, title, raw, source, status=400, **more):
    check = {"status": [status], "conn": "close", "upstream": 0}
    row(name, title, raw, source, "reject", check, **more)


def forward(name, title, raw, source, upstream=1, conn=None, client=None, more=None, **fwd):
    check = {"upstream": upstream, "fwd": fwd}
    check |= ({"conn": conn} if conn else {}) | ({"client": client} if client else {})
    row(name, title, raw, source, "forward", check, **(more or {}))


def local(name, title, raw, source, status, **more):
    row(name, title, raw, source, "local", {"status": [status], "upstream": 0}, **more)


def waits(name, title, raw, source):
    row(name, title, raw, source, "incomplete", {"upstream": 0})


def get(fields=b"", target=b"/", version=b"1.1", method=b"GET", host=HOST):
    return b"%s %s HTTP/%s\r\n%s%s\r\n" % (method, target, version, host, fields)


def post(fields, body=b"", method=b"POST", version=b"1.1"):
    return get(fields, method=method, version=version) + body


def chunked(body, method=b"POST", fields=b""):
    return post(b"Transfer-Encoding: chunked\r\n" + fields, body, method)


FIVE = b"5\r\nhello\r\n"
END = b"0\r\n\r\n"


def request_lines():
    s = "RFC 9112 §3"
    for name, version in {
        "2.0": b"2.0", "2": b"2", "3.0": b"3.0", "0.9": b"0.9", "1.": b"1.", "1": b"1",
        ".1": b".1", "1.1.1": b"1.1.1", "1,1": b"1,1", "11": b"1.1 ", "plus": b"+1.1",
        "hex": b"1.A", "01.1": b"01.1", "minus": b"1.-1", "tab": b"1.1\t", "nul": b"1.1\0",
        "12.1": b"12.1", "9.1": b"9.1", "0.0": b"0.0", "1x1": b"1x1",
    }.items():  # fmt: skip
        digits = len(version) == 3 and version[:1].isdigit() and version[1:2] == b"."
        status = 505 if digits and version[2:].isdigit() and version[:1] != b"1" else 400
        reject(f"RL-version-{name}", f"version {version!r}", get(version=version),
               "RFC 9112 §2.3", status)  # fmt: skip
    for name, protocol in {
        "lower": b"http/1.1", "mixed": b"Http/1.1", "short": b"HTT/1.1", "long": b"HTTPS/1.1",
        "none": b"/1.1", "slash": b"HTTP//1.1", "backslash": b"HTTP\\1.1", "space": b"HTTP /1.1",
        "rtsp": b"RTSP/1.0", "empty": b"",
    }.items():  # fmt: skip
        raw = b"GET / %s\r\n%s\r\n" % (protocol, HOST)
        reject(f"RL-protocol-{name}", f"protocol {protocol!r}", raw, "RFC 9112 §2.3")
    for minor in (2, 5, 9):
        forward(f"RL-minor-{minor}", f"HTTP/1.{minor} is read as 1.1",
                get(version=b"1.%d" % minor), "RFC 9110 §2.5", method="GET")  # fmt: skip
    for name, raw in {
        "cr-end": b"GET / HTTP/1.1\rHost: gw.test\r\n\r\n",
        "cr-cr": b"GET / HTTP/1.1\r\r\nHost: gw.test\r\n\r\n",
        "cr-before": b"\rGET / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "cr-in-method": b"G\rET / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "cr-in-target": b"GET /a\rb HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "lf-before": b"\nGET / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "lf-end": b"GET / HTTP/1.1\nHost: gw.test\r\n\r\n",
        "lf-cr": b"GET / HTTP/1.1\n\rHost: gw.test\r\n\r\n",
        "lf-in-target": b"GET /a\nb HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "lf-empty-line": b"GET / HTTP/1.1\r\nHost: gw.test\r\n\n",
        "lf-only": b"GET / HTTP/1.1\nHost: gw.test\n\n",
        "crlf-twice": b"\r\n\r\nGET / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "spaces-first": b"  GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "tab-first": b"\tGET / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "nul-first": b"\0GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "bom": b"\xef\xbb\xbfGET / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "two-spaces": b"GET  / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "two-spaces-later": b"GET /  HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "space-last": b"GET / HTTP/1.1 \r\nHost: gw.test\r\n\r\n",
        "tab-between": b"GET\t/ HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "tab-later": b"GET /\tHTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "ff-between": b"GET\x0c/ HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "vt-later": b"GET /\x0bHTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "nbsp": b"GET\xa0/ HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "no-target": b"GET HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "method-only": b"GET\r\nHost: gw.test\r\n\r\n",
        "0.9": b"GET /\r\n",
        "0.9-absolute": b"GET http://gw.test/\r\n\r\n",
        "no-method": b" / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "colon": b"GET: / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "quoted": b'"GET" / HTTP/1.1\r\nHost: gw.test\r\n\r\n',
        "comma": b"GET,POST / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "slash": b"GE/T / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "high": b"G\xc3\x89T / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "del": b"GE\x7fT / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "esc": b"\x1bGET / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "tls": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
        "socks": b"\x05\x01\x00\r\n",
        "status-line": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "proxy-v1": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: gw.test\r\n\r\n",
        "proxy-v2": b"\r\n\r\n\x00\r\nQUIT\n!\x11\x00\x0c",
    }.items():  # fmt: skip
        reject(f"RL-{name}", f"request line: {name}", raw, "RFC 9112 §2.2, §3")
    reject("RL-preface", "the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
           "RFC 9113 §3.4", 505)  # fmt: skip
    forward("RL-crlf-once", "one empty line before", b"\r\n" + get(), "RFC 9112 §2.2", method="GET")
    for method in (b"PROPFIND", b"QUERY", b"M-SEARCH", b"get", b"A!#$%&'*+-.^_`|~1"):
        forward(f"RL-method-{method.decode()}", "a method is any token, and case counts",
                get(method=method), "RFC 9110 §9.1", method=method.decode())  # fmt: skip
    reject("RL-method-33", "33 bytes of method", get(method=b"A" * 33), s, 501)
    forward("RL-method-32", "32 bytes of method", get(method=b"A" * 32), s, method="A" * 32)
    forward("RL-line-8000", "8000 octets", get(target=b"/" + b"a" * 7985), s, method="GET")
    reject("RL-line-long", "20000 octets", get(target=b"/" + b"a" * 20000), s, 414)
    reject("RL-line-query", "20000 octets", get(target=b"/?" + b"a" * 20000), s, 414)
    waits("RL-nothing", "an empty line and nothing", b"\r\n", "RFC 9112 §2.2")
    waits("RL-cr-only", "CR only: the line never ends", b"GET / HTTP/1.1\rHost: gw.test\r\r", "RFC 9112 §2.2")
    waits("RL-part", "a part of a request line", b"GET / HT", "RFC 9112 §2.2")


def targets():
    s = "RFC 9112 §3.2"
    for name, target in {
        "fragment": b"/a#b", "fragment-only": b"#", "fragment-query": b"/?a#b", "space": b"/a b",
        "high": b"/\xff", "nul": b"/\0", "soh": b"/\x01", "del": b"/\x7f", "star": b"*",
        "star-more": b"*a", "relative": b"a/b", "query-only": b"?a", "dot": b".", "dots": b"../a",
        "scheme-only": b"http:", "scheme-slash": b"http:/gw.test/", "empty-authority": b"http://",
        "empty-host-port": b"http://:80/", "ftp": b"ftp://gw.test/", "ws": b"ws://gw.test/",
        "javascript": b"javascript:alert(1)", "authority": b"gw.test:80", "host": b"gw.test",
        "user": b"http://u@gw.test/", "user-password": b"http://u:p@gw.test/",
        "other-host": b"http://other.test/", "other-port": b"http://gw.test:81/",
        "port-word": b"http://gw.test:a/", "port-big": b"http://gw.test:65536/",
        "port-minus": b"http://gw.test:-1/", "port-huge": b"http://gw.test:99999999999/",
        "zone": b"http://[fe80::1%25eth0]/", "v6-open": b"http://[::1/", "bad-host": b"http://a b/",
        "percent-host": b"http://gw%2etest/", "comma": b"http://gw.test,other.test/",
        "backslash-host": b"http://gw.test\\@other.test/", "two-schemes": b"http://http://gw.test/",
        "fragment-absolute": b"http://gw.test/#a", "file": b"file:///etc/passwd",
    }.items():  # fmt: skip
        reject(f"RT-{name}", f"target {target!r}", get(target=target), s)
    for name, target, host in (
        ("absolute", b"http://gw.test/a?b", b"gw.test"),
        ("absolute-upper", b"HTTP://GW.TEST/a?b", b"gw.test"),
        ("absolute-port", b"http://gw.test:8080/a?b", b"gw.test:8080"),
        ("absolute-v6", b"http://[::1]:8080/a?b", b"[::1]:8080"),
        ("absolute-https", b"https://gw.test/a?b", b"gw.test"),
    ):
        forward(f"RT-{name}", "absolute form becomes origin form",
                get(target=target, host=b"Host: %s\r\n" % host), s, target="/a?b",
                hasnot=["Forwarded"])  # fmt: skip
    forward("RT-absolute-empty", "no path is /", get(target=b"http://gw.test"), s, target="/")
    forward("RT-absolute-query", "no path is /", get(target=b"http://gw.test?a"), s, target="/?a")
    forward("RT-absolute-1.0", "without Host in 1.0",
            get(target=b"http://gw.test/a", version=b"1.0", host=b""), s, host="gw.test")  # fmt: skip
    for name, target in {
        "query-slash": b"/a?/../b", "empty-query": b"/a?", "question": b"/a??b", "semi": b"/a;b=c",
        "colon": b"/a:b", "at": b"/@b", "quote": b"/a'b", "braces": b"/{a}|^`\"<>",
        "percent-query": b"/a?%zz%00%0d%0a", "utf8": b"/%C3%A9", "lower-hex": b"/a%c3%a9",
        "plus": b"/a+b", "url-in-query": b"/?http://other.test/", "tilde": b"/~a", "star": b"/*",
        "backslash-query": b"/?a\\b", "brackets": b"/[a]",
    }.items():  # fmt: skip
        forward(f"RT-as-is-{name}", "path and query go on as they came", get(target=target),
                "RFC 9110 §7.7", target=target.decode("latin-1"))  # fmt: skip
    for name, target in {
        "dot": b"/./a", "dots": b"/a/../b", "dots-end": b"/a/..", "encoded-dot": b"/%2e/a",
        "encoded-dots": b"/a/%2E%2e/b", "dots-semi": b"/..;/a", "slashes": b"/a//b", "two": b"//",
        "backslash": b"/a\\b", "encoded-slash": b"/a%2fb", "encoded-backslash": b"/a%5cb",
        "nul": b"/a%00", "crlf": b"/a%0d%0ab", "tab": b"/%09", "unreserved": b"/%61", "bad": b"/%zz",
        "short": b"/%4", "percent": b"/%", "overlong": b"/%c0%ae", "overlong-3": b"/%e0%80%af",
        "overlong-4": b"/%f0%80%80%af", "double-dot-mixed": b"/.%2e/a", "del": b"/%7f",
    }.items():  # fmt: skip
        row(f"RT-path-{name}", "a path with a second reading", get(target=target),
            "RFC 9110 §7.7, RFC 3986 §6.2.2", "local", {"status": [400], "upstream": 0})  # fmt: skip
    for method in (b"CONNECT",):
        for name, target in {"port": b"gw.test:443", "path": b"/", "v6": b"[::1]:443",
                             "absolute": b"http://gw.test/", "star": b"*"}.items():  # fmt: skip
            reject(f"RT-connect-{name}", "no tunnels", get(method=method, target=target),
                   "RFC 9110 §9.3.6", 501)  # fmt: skip
    reject("RT-trace", "no TRACE", get(b"Cookie: SECRET\r\n", method=b"TRACE"), "RFC 9110 §9.3.8", 501)
    reject("RT-trace-length", "TRACE with content", post(b"Content-Length: 5\r\n", b"hello", b"TRACE"),
           "RFC 9110 §9.3.8")  # fmt: skip
    reject("RT-trace-chunked", "TRACE with content", chunked(FIVE + END, b"TRACE"), "RFC 9110 §9.3.8")
    reject("RT-trace-bad", "syntax before the method", get(b"A b\r\n", method=b"TRACE"), s)
    local("RT-options-star", "OPTIONS *", get(method=b"OPTIONS", target=b"*"), "RFC 9112 §3.2.4", 200)
    local("RT-options-absolute", "OPTIONS of an authority",
          get(method=b"OPTIONS", target=b"http://gw.test"), "RFC 9112 §3.2.4", 200)  # fmt: skip
    forward("RT-options-slash", "OPTIONS of the root",
            get(method=b"OPTIONS", target=b"http://gw.test/"), "RFC 9112 §3.2.4", target="/")  # fmt: skip
    reject("RT-options-star-host", "OPTIONS * without Host",
           b"OPTIONS * HTTP/1.1\r\n\r\n", "RFC 9112 §3.2")  # fmt: skip


def hosts():
    s = "RFC 9112 §3.2, RFC 9110 §7.2"
    for name, value in {
        "empty": b"", "space": b"a b", "comma": b"a,b", "comma-space": b"gw.test, other.test",
        "path": b"gw.test/", "query": b"gw.test?a", "fragment": b"gw.test#a", "user": b"u@gw.test",
        "user-password": b"u:p@gw.test", "scheme": b"http://gw.test", "port-word": b"gw.test:http",
        "port-65536": b"gw.test:65536", "port-minus": b"gw.test:-1", "port-plus": b"gw.test:+1",
        "port-long": b"gw.test:000080", "port-space": b"gw.test: 80", "port-hex": b"gw.test:0x50",
        "port-two": b"gw.test:80:80", "port-only": b":80", "colon": b":", "v6-bare": b"::1",
        "v6-open": b"[::1", "v6-close": b"::1]", "v6-empty": b"[]", "v6-word": b"[gw.test]",
        "v6-junk": b"[::1]a", "v6-zone": b"[fe80::1%eth0]", "v6-zone-25": b"[fe80::1%25eth0]",
        "v6-long": b"[1:2:3:4:5:6:7:8:9]", "v6-two-gaps": b"[1::2::3]", "v6-five": b"[::12345]",
        "v6-v4-256": b"[::1.2.3.256]", "vfuture": b"[v1.a]", "dot": b".", "dots": b"gw..test",
        "dot-first": b".gw.test", "dots-last": b"gw.test..", "percent": b"gw%2etest",
        "percent-nul": b"gw.test%00", "nul": b"gw.test\0", "del": b"gw\x7ftest", "high": b"gw\xff",
        "utf8": b"m\xc3\xbcnchen.test", "quote": b'"gw.test"', "tab": b"gw\ttest", "bang": b"gw!test",
        "semi": b"gw.test;a", "equals": b"a=b", "star": b"*", "backslash": b"gw\\test",
        "angle": b"<script>", "label-64": b"a" * 64 + b".test", "long": b"a." * 130 + b"test",
        "tilde": b"~gw.test", "braces": b"{gw}", "pipe": b"a|b", "caret": b"^",
    }.items():  # fmt: skip
        reject(f"HO-{name}", f"Host: {value!r}"[:60], get(host=b"Host: %s\r\n" % value), s)
    for name, value in {
        "port": b"gw.test:8080", "port-0": b"gw.test:0", "port-65535": b"gw.test:65535",
        "port-zero": b"gw.test:00080", "port-empty": b"gw.test:", "upper": b"GW.TEST",
        "dot-last": b"gw.test.", "v4": b"127.0.0.1", "v6": b"[::1]", "v6-port": b"[2001:db8::1]:80",
        "v6-v4": b"[::ffff:127.0.0.1]", "underscore": b"gw_1.test", "hyphen": b"-gw-.test",
        "one": b"a", "label-63": b"a" * 63 + b".test", "digits": b"12345",
    }.items():  # fmt: skip
        forward(f"HO-{name}", f"Host: {value!r}", get(host=b"Host: %s\r\n" % value), s,
                host=value.decode())  # fmt: skip
    forward("HO-ows", "white space around", get(host=b"Host:\t gw.test \t\r\n"), s, host="gw.test")
    forward("HO-no-space", "none at all", get(host=b"Host:gw.test\r\n"), s, host="gw.test")
    forward("HO-case", "the name's case", get(host=b"hOsT: gw.test\r\n"), s, host="gw.test")
    forward("HO-last", "Host is the last field", get(HOST, host=b"X-A: 1\r\n"), s, host="gw.test")
    forward("HO-1.0", "1.0 may leave it out", get(version=b"1.0", host=b""), s, conn="close",
            hasnot=["X-Forwarded-Host"])  # fmt: skip
    reject("HO-none", "1.1 may not", get(host=b""), s)
    reject("HO-none-1.2", "nor 1.2", get(host=b"", version=b"1.2"), s)
    reject("HO-two-1.0", "two in 1.0", get(HOST + HOST, version=b"1.0", host=b""), s)
    reject("HO-bad-1.0", "a bad one in 1.0", get(version=b"1.0", host=b"Host: a b\r\n"), s)
    reject("HO-two-case", "two, spelt differently", get(b"HOST: gw.test\r\n"), s)
    reject("HO-two-absolute", "two, and an absolute target",
           get(HOST, target=b"http://gw.test/"), s)  # fmt: skip
    reject("HO-none-absolute", "none, and an absolute target",
           get(target=b"http://gw.test/", host=b""), s)  # fmt: skip
    reject("HO-empty-absolute", "empty, and an absolute target",
           get(target=b"http://gw.test/", host=b"Host:\r\n"), s)  # fmt: skip
    reject("HO-fold", "folded", get(host=b"Host:\r\n gw.test\r\n"), s)
    reject("HO-colon-space", "space before the colon", get(host=b"Host : gw.test\r\n"), s)
    local("HO-unknown", "of nobody", get(host=b"Host: other.test\r\n"), "RFC 9110 §7.4", 404,
          needs="host gw.test")  # fmt: skip
    local("HO-prefix", "begins like ours", get(host=b"Host: gw.test.other\r\n"), s, 404,
          needs="host gw.test")  # fmt: skip
    forward("HO-known", "ours, in another case", get(host=b"Host: Gw.TeSt:80\r\n"), s,
            more={"needs": "host gw.test"}, host="Gw.TeSt:80")  # fmt: skip


def fields():
    s = "RFC 9112 §5, RFC 9110 §5"
    for name, line in {
        "space": b"X-A : 1", "tab": b"X-A\t: 1", "no-colon": b"X-A", "empty-name": b": 1",
        "colon-only": b":", "colons": b"::", "nul-name": b"X\0A: 1", "cr-name": b"X\rA: 1",
        "high-name": b"X\xffA: 1", "del-name": b"X\x7fA: 1", "bracket": b"X[A]: 1",
        "paren": b"X(A): 1", "comma": b"X,A: 1", "at": b"X@A: 1", "slash": b"X/A: 1",
        "equals": b"X=A: 1", "quote": b'"X": 1', "brace": b"{X}: 1", "backslash": b"X\\A: 1",
        "semi": b"X;A: 1", "question": b"X?A: 1", "angle": b"<X>: 1", "nbsp": b"X-A\xa0: 1",
        "nel": b"X-A\x85: 1", "vt": b"X-A\x0b: 1", "leading": b" X-A: 1", "leading-tab": b"\tX-A: 1",
        "value-nul": b"X-A: a\0b", "value-cr": b"X-A: a\rb", "value-cr-end": b"X-A: a\r",
        "value-lf": b"X-A: a\nb", "value-lf-field": b"X-A: a\nContent-Length: 5",
        "value-soh": b"X-A: \x01", "value-bs": b"X-A: \x08", "value-vt": b"X-A: \x0b",
        "value-ff": b"X-A: a\x0c", "value-esc": b"X-A: \x1b[0m", "value-us": b"X-A: \x1f",
        "value-del": b"X-A: \x7f", "fold": b"X-A: a\r\n b", "fold-tab": b"X-A: a\r\n\tb",
        "fold-empty": b"X-A:\r\n a", "fold-space-only": b"X-A: 1\r\n ", "space-line": b"   ",
        "lf-fold": b"X-A: a\n b", "request-line": b"GET /smuggled HTTP/1.1",
    }.items():  # fmt: skip
        reject(f"HS-{name}", f"field line {line!r}", get(line + b"\r\n"), s)
        if name in ("fold", "space", "value-nul", "value-lf"):
            raw = b"POST / HTTP/1.1\r\n" + line + b"\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello"
            reject(f"HS-{name}-first", "as the first line", raw, s)
    for name, line in {
        "transfer": b"Transfer_Encoding: chunked", "length": b"Content_Length: 5",
        "host": b"X_Forwarded_Host: evil.test", "for": b"X-Forwarded_For: 1.2.3.4",
        "proto": b"X_Forwarded-Proto: https", "session": b"Mcp_Session_Id: a",
        "connection": b"Proxy_Connection: close", "real": b"X_Real_IP: 1.2.3.4",
    }.items():  # fmt: skip
        reject(f"HS-underscore-{name}", f"{line!r}", get(line + b"\r\n"), "CWE-444")
    for name, line, has in (
        ("empty", b"X-A:", ("X-A", "")),
        ("spaces", b"X-A:    ", ("X-A", "")),
        ("no-space", b"X-A:b", ("X-A", "b")),
        ("many-spaces", b"X-A: \t  b \t ", ("X-A", "b")),
        ("inner", b"X-A: b \t c", ("X-A", "b \t c")),
        ("high", b"X-A: \x80\xff", ("X-A", "\x80\xff")),
        ("colon", b"X-A: b:c: d", ("X-A", "b:c: d")),
        ("quote", b'X-A: "b', ("X-A", '"b')),
        ("token", b"!#$%&'*+-.^_`|~09azAZ: b", ("!#$%&'*+-.^_`|~09azAZ", "b")),
        ("underscore", b"X_A: b", ("X_A", "b")),
        ("digits", b"1: b", ("1", "b")),
        ("comma", b"X-A: ,,b,,", ("X-A", ",,b,,")),
        ("long", b"X-A: " + b"b" * 20000, ("X-A", "b" * 20000)),
    ):
        forward(f"HS-ok-{name}", f"{line[:40]!r} goes on as one line", get(line + b"\r\n"), s,
                has={has[0]: has[1]})  # fmt: skip
    forward("HS-order", "the order of a name's lines", get(b"A: 1\r\nB: x\r\na: 2\r\nA: 3\r\n"),
            "RFC 9110 §5.3", order={"A": ["1", "2", "3"]})  # fmt: skip
    forward("HS-128", "128 fields", get(b"".join(b"X-%d: 1\r\n" % i for i in range(127))), s,
            has={"X-126": "1"})  # fmt: skip
    reject("HS-129", "129 fields", get(b"".join(b"X-%d: 1\r\n" % i for i in range(128))),
           "RFC 6585 §5", 431)  # fmt: skip
    reject("HS-70000", "a head of 70 kB", get(b"X-A: " + b"b" * 70000 + b"\r\n"), "RFC 6585 §5", 431)
    reject("HS-name-70000", "a name of 70 kB", get(b"b" * 70000 + b": a\r\n"), "RFC 6585 §5", 431)
    two = b"Authorization: Bearer a\r\n"
    reject("HS-authorization-two", "two Authorization lines", get(two + two), "RFC 9110 §11.6.2")
    for name, value in {
        "joined": b"Bearer a, Bearer b", "basic": b"Basic YTpi, Bearer b", "tab": b"Basic a,\tBearer b",
        "quoted": b'Digest a="b,c", Bearer b', "third": b"Digest a=b, c=d, Bearer e",
    }.items():  # fmt: skip
        raw = get(b"Authorization: %s\r\n" % value)
        reject(f"HS-authorization-{name}", "two credentials in one", raw, "RFC 9110 §11.6.2")
    for name, value in {
        "digest": b'Digest username="a, b c", realm="x\\", y z", qop=auth, nc = 1',
        "aws": b"AWS4-HMAC-SHA256 Credential=A/1/us/s3/aws4_request, SignedHeaders=host;date, Signature=a",
        "negotiate": b"Negotiate YII=", "hawk": b'Hawk id="a", ts="1", , mac="x"',
    }.items():  # fmt: skip
        forward(f"HS-authorization-{name}", "one set of credentials", get(b"Authorization: %s\r\n" % value),
                "RFC 9110 §11.4", has={"Authorization": value.decode()})  # fmt: skip
    reject("HS-head", "the refusal of HEAD has no content", get(b"A b\r\n", method=b"HEAD"), "RFC 9110 §9.3.2")
    waits("HS-part", "a head without its end", get(b"X-A: b\r\n")[:-2], "RFC 9112 §8")
    waits("HS-cr", "a head without its last byte", get()[:-1], "RFC 9112 §8")


def lengths():
    s = "RFC 9112 §6.3, RFC 9110 §8.6"
    for name, value in {
        "plus": b"+5", "minus": b"-5", "minus-zero": b"-0", "hex": b"0x5", "octal": b"0o5",
        "float": b"5.0", "exponent": b"5e0", "comma": b"5,", "comma-first": b",5", "list": b"5,5",
        "list-space": b"5, 5", "differ": b"5, 6", "space": b"5 5", "semi": b"5;a", "quote": b'"5"',
        "paren": b"(5)", "word": b"five", "empty": b"", "tab": b"5\t5", "vt": b"\x0b5", "ff": b"5\x0c",
        "nul": b"5\0", "nbsp": b"\xa05", "nel": b"5\x85", "underscore": b"5_0", "arabic": b"\xd9\xa5",
        "fullwidth": b"\xef\xbc\x95", "2^63": b"9223372036854775808", "2^64": b"18446744073709551616",
        "2^64+5": b"18446744073709551621", "30": b"9" * 30, "300": b"5" * 300, "apostrophe": b"5'",
        "slash": b"5/5", "colon": b"5:", "percent": b"%35", "chunked": b"chunked", "unit": b"5B",
    }.items():  # fmt: skip
        raw = post(b"Content-Length: %s\r\n" % value, b"hello")
        reject(f"FR-length-{name}", f"Content-Length: {value[:30]!r}", raw, s)
    five = b"Content-Length: 5\r\n"
    for name, lines in {
        "same": five + five, "case": five + b"content-length: 5\r\n",
        "differ": five + b"Content-Length: 6\r\n", "zero-first": b"Content-Length: 0\r\n" + five,
        "empty": five + b"Content-Length:\r\n", "bad": five + b"Content-Length: x\r\n",
        "space": five + b"Content-Length : 6\r\n", "apart": five + b"X-A: 1\r\n" + five,
    }.items():  # fmt: skip
        reject(f"FR-lengths-{name}", "two lines", post(lines, b"hello" + SMUGGLED), s)
    for method in (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"QUERY"):
        name = method.decode()
        forward(f"FR-{name}-length", "content is framed whatever the method",
                post(b"Content-Length: %d\r\n" % len(SMUGGLED), SMUGGLED, method), "RFC 9110 §9.3",
                method=name, body=SMUGGLED.decode(), count={"Content-Length": 1})  # fmt: skip
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)
        forward(f"FR-{name}-chunked", "content is framed whatever the method",
                chunked(body, method), "RFC 9110 §9.3", method=name, body=SMUGGLED.decode(),
                count={"Transfer-Encoding": 1, "Content-Length": 0})  # fmt: skip
        given = name in ("POST", "PUT", "PATCH")
        forward(f"FR-{name}-none", "no content: POST, PUT and PATCH say so", get(method=method),
                "RFC 9110 §8.6", count={"Content-Length": int(given)}, body="")  # fmt: skip
        forward(f"FR-{name}-zero", "a length of 0", post(b"Content-Length: 0\r\n", b"", method), s,
                body="", has={"Content-Length": "0"})  # fmt: skip
    forward("FR-zeros", "zeros first: decimal", post(b"Content-Length: 0005\r\n", b"hello"), s,
            body="hello", has={"Content-Length": "5"})  # fmt: skip
    forward("FR-spaces", "white space around", post(b"Content-Length: \t5 \t\r\n", b"hello"), s,
            body="hello", has={"Content-Length": "5"})  # fmt: skip
    forward("FR-1.0", "1.0 with a length", post(b"Content-Length: 5\r\n", b"hello", version=b"1.0"), s,
            body="hello", conn="close")  # fmt: skip
    forward("FR-1.0-none", "1.0 without: what follows is no content",
            post(b"", b"hello", version=b"1.0"), s, body="", conn="close")  # fmt: skip
    forward("FR-pipeline", "what follows the content is the next request",
            post(b"Content-Length: 5\r\n", b"hello" + get(target=b"/2")), s, 2,
            targets=["/", "/2"])  # fmt: skip
    row("FR-rest", "what follows the content is no request", post(b"Content-Length: 5\r\n", b"hello\0"),
        s, "forward", {"upstream": 1, "conn": "close", "client": {"statuses": [[200], [400]]}})  # fmt: skip
    waits("FR-short", "the content is not complete", post(b"Content-Length: 6\r\n", b"hello"), s)
    waits("FR-huge", "2^63-16 bytes are announced",
          post(b"Content-Length: 9223372036854775792\r\n", b"hello"), s)  # fmt: skip


def codings():
    s = "RFC 9112 §6.1, §6.3, §7"
    for name, value, status in (
        ("gzip", b"gzip", 400), ("identity", b"identity", 400), ("empty", b"", 400),
        ("comma", b",", 400), ("comma-first", b",chunked", 400), ("comma-last", b"chunked,", 400),
        ("comma-space", b", chunked", 400), ("twice", b"chunked, chunked", 501),
        ("twice-case", b"chunked,Chunked", 400), ("gzip-chunked", b"gzip, chunked", 501),
        ("chunked-gzip", b"chunked, gzip", 400), ("identity-chunked", b"identity, chunked", 501),
        ("three", b"gzip, deflate, chunked", 501), ("semi", b"chunked;q=1", 400),
        ("parameter", b"chunked; a=b", 400), ("quote", b'"chunked"', 400), ("x", b"xchunked", 400),
        ("tail", b"chunkedx", 400), ("vt", b"\x0bchunked", 400), ("vt-last", b"chunked\x0b", 400),
        ("nul", b"chunked\0", 400), ("cr", b"chunked\r", 400), ("nbsp", b"\xa0chunked", 400),
        ("nel", b"chunked\x85", 400), ("words", b"chunked foo", 400), ("foo", b"foo chunked", 400),
        ("colon", b": chunked", 400), ("fold", b"\r\n chunked", 400), ("lf", b"\n chunked", 400),
        ("kelvin", b"chun\xe2\x84\xaaed", 400), ("newline", b"chunked\n", 400),
        ("tabs", b"gzip,\tchunked", 400), ("slash", b"chunked/1", 400), ("equals", b"chunked=", 400),
        ("star", b"*", 400), ("trailers", b"trailers", 400),
    ):  # fmt: skip
        coding = b"Transfer-Encoding: %s\r\n" % value
        reject(f"FR-coding-{name}", f"Transfer-Encoding: {value!r}", post(coding, FIVE + END), s, status)
        reject(f"FR-coding-{name}-length", "and a length",
               post(coding + b"Content-Length: 5\r\n", b"hello" + SMUGGLED), s)  # fmt: skip
    te, five = b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n"
    for name, lines in {
        "two": te + te, "two-identity": te + b"Transfer-Encoding: identity\r\n",
        "two-first": b"Transfer-Encoding: identity\r\n" + te, "two-case": te + te.lower(),
        "two-empty": te + b"Transfer-Encoding:\r\n", "length": te + five, "length-first": five + te,
        "length-zero": b"Content-Length: 0\r\n" + te, "length-bad": b"Content-Length: x\r\n" + te,
        "space": b"Transfer-Encoding : chunked\r\n" + five, "tab": b"Transfer-Encoding\t: chunked\r\n",
        "nul": b"Transfer-Encoding\0: chunked\r\n" + five, "leading": b" Transfer-Encoding: chunked\r\n",
        "hidden": b"X: a\nTransfer-Encoding: chunked\r\n", "cr": b"X: a\rTransfer-Encoding: chunked\r\n",
    }.items():  # fmt: skip
        reject(f"FR-codings-{name}", "coding and length", post(lines, b"0\r\n\r\n" + SMUGGLED), s)
    for name, value in {"upper": b"CHUNKED", "mixed": b"cHuNkEd", "tab": b"\tchunked",
                        "tab-last": b"chunked\t", "spaces": b"   chunked   "}.items():  # fmt: skip
        forward(f"FR-coding-{name}", f"Transfer-Encoding: {value!r} becomes canonical",
                post(b"Transfer-Encoding: %s\r\n" % value, FIVE + END), s, body="hello",
                has={"Transfer-Encoding": "chunked"})  # fmt: skip
    forward("FR-coding-name", "the name's case", post(b"tRANSFER-eNCODING: chunked\r\n", FIVE + END), s,
            body="hello")  # fmt: skip
    for name, more in {"none": b"", "length": five, "keep": b"Connection: keep-alive\r\n"}.items():
        reject(f"FR-coding-1.0-{name}", "Transfer-Encoding in 1.0",
               post(te + more, FIVE + END + SMUGGLED, version=b"1.0"), "RFC 9112 §6.1")  # fmt: skip
    reject("FR-coding-nominated", "Connection nominates it",
           post(te + b"Connection: transfer-encoding\r\n", FIVE + END), "RFC 9110 §7.6.1")  # fmt: skip
    forward("FR-content-encoding", "a content coding is the content's",
            post(b"Content-Encoding: gzip\r\nContent-Length: 5\r\n", b"hello"), "RFC 9110 §7.7",
            body="hello", has={"Content-Encoding": "gzip"})  # fmt: skip


def chunks():
    s = "RFC 9112 §7.1"
    for name, line in {
        "plus": b"+5", "minus": b"-5", "0x": b"0x5", "0X": b"0X5", "space": b" 5", "tab": b"\t5",
        "space-last": b"5 ", "tab-last": b"5\t", "empty": b"", "underscore": b"0_5", "g": b"g",
        "5g": b"5g", "dot": b"5.0", "comma": b"5,", "nul": b"5\0", "nul-first": b"\x005", "h": b"5h",
        "cr": b"5\r", "vt": b"5\x0b", "quote": b'"5"', "arabic": b"\xd9\xa5", "fullwidth": b"\xef\xbc\x95",
        "17-digits": b"00000000000000005", "17-f": b"f" * 17, "16-f": b"f" * 16, "2^63": b"8" + b"0" * 15,
        "colon": b"5:", "equals": b"5=a", "word": b"five", "minus-0": b"-0", "plus-0": b"+0",
        "00x5": b"00x5", "percent": b"%35", "nbsp": b"5\xa0", "lf": b"5\n",
        # Extensions (§7.1.1): the grammar without white space.
        "ext-empty": b"5;", "ext-two": b"5;;a", "ext-equals": b"5;=a", "ext-no-value": b"5;a=",
        "ext-space-only": b"5; ", "ext-space-end": b"5;a ", "ext-space-no-value": b"5;a= ",
        "ext-space-words": b"5;a b", "ext-space-tail": b"5;a=b c", "ext-space-size": b"5 a",
        "ext-nul": b"5;a\0", "ext-cr": b"5;a\rb", "ext-lf": b"5;a\nb", "ext-high": b"5;\xff",
        "ext-del": b"5;a\x7f", "ext-quote": b'5;a="b', "ext-quote-cr": b'5;a="\r"',
        "ext-quote-lf": b'5;a="\n"', "ext-quote-nul": b'5;a="\0"', "ext-quote-tail": b'5;a="b"c',
        "ext-escape": b'5;a="\\', "ext-bracket": b"5;a[=b", "ext-comma": b"5;a,b", "ext-equals-two": b"5;a=b=c",
        "ext-quoted-name": b'5;"a"', "ext-colon": b"5;a:b",
    }.items():  # fmt: skip
        reject(f"CH-{name}", f"chunk line {line!r}", chunked(line + b"\r\nhello\r\n" + END + SMUGGLED), s)
    for name, body in {
        "lf": b"5\nhello\r\n0\r\n\r\n", "data-lf": b"5\r\nhello\n0\r\n\r\n",
        "last-lf": b"5\r\nhello\r\n0\n\r\n", "end-lf": b"5\r\nhello\r\n0\r\n\n",
        "data-cr": b"5\r\nhello\r0\r\n\r\n", "no-crlf": b"5\r\nhello0\r\n\r\n",
        "xx": b"5\r\nhelloXX0\r\n\r\n", "long": b"5\r\nhello!\r\n0\r\n\r\n", "short": b"6\r\nhello\r\n0\r\n\r\n",
        "crlf-between": b"5\r\nhello\r\n\r\n0\r\n\r\n", "crlf-first": b"\r\n5\r\nhello\r\n0\r\n\r\n",
        "cr-cr": b"5\r\r\nhello\r\n0\r\n\r\n", "end-cr-x": b"0\r\n\rX", "end-x": b"0\r\nX\r\n\r\n",
        "end-space": b"0\r\n \r\n", "end-space-crlf": b"0\r\n \r\n\r\n", "last-space": b"0 \r\n\r\n",
        "second": b"5\r\nhello\r\nx\r\n", "second-minus": b"5\r\nhello\r\n-1\r\n", "json": b'{"a": 1}',
        "second-empty": b"5\r\nhello\r\n;a\r\n", "nul": b"\0" * 8, "http": SMUGGLED,
        "trailer-space": b"0\r\nX-A : 1\r\n\r\n", "trailer-fold": b"0\r\nX-A: 1\r\n 2\r\n\r\n",
        "trailer-colon": b"0\r\nX-A\r\n\r\n", "trailer-empty": b"0\r\n: a\r\n\r\n",
        "trailer-lf": b"0\r\nX-A: 1\n\r\n", "trailer-cr": b"0\r\nX-A: 1\r2\r\n\r\n",
        "trailer-nul": b"0\r\nX-A: \0\r\n\r\n", "trailer-name": b"0\r\nX(A): 1\r\n\r\n",
        "trailer-request": b"0\r\nGET /smuggled HTTP/1.1\r\n\r\n",
        "trailer-long": b"0\r\nX-A: " + b"b" * 9000 + b"\r\n\r\n",
        "trailer-many": b"0\r\n" + b"X-A: bbbbbbbb\r\n" * 700 + b"\r\n",
        "ext-long": b"5;a=" + b"b" * 17000 + b"\r\nhello\r\n0\r\n\r\n",
        "ext-many": b"1;aaaaaaaaaaaaaaaaaaaa\r\nx\r\n" * 900 + END,
    }.items():  # fmt: skip
        reject(f"CH-body-{name}", f"body {body[:50]!r}", chunked(body + SMUGGLED), s)
    for name, body, content in (
        ("empty", END, ""), ("one", b"1\r\na\r\n" + END, "a"), ("hex", b"a\r\n0123456789\r\n" + END, "0123456789"),
        ("HEX", b"A\r\n0123456789\r\n" + END, "0123456789"), ("zeros", b"0005\r\nhello\r\n0000\r\n\r\n", "hello"),
        ("16-digits", b"0000000000000005\r\nhello\r\n" + END, "hello"),
        ("binary", b"4\r\n\r\n\r\n\r\n" + END, "\r\n\r\n"), ("looks-last", b"5\r\n0\r\n\r\n\r\n" + END, "0\r\n\r\n"),
        ("ext", b"5;a\r\nhello\r\n0;b\r\n\r\n", "hello"), ("ext-value", b"5;a=b\r\nhello\r\n" + END, "hello"),
        ("ext-quoted", b'5;a="b;\\"c\\\\ \t"\r\nhello\r\n' + END, "hello"),
        ("ext-several", b'5;a;b=c;d="e"\r\nhello\r\n' + END, "hello"),
        ("ext-empty-quoted", b'5;a=""\r\nhello\r\n' + END, "hello"),
        ("ext-space", b'5 ;\t a\t=  b ; c  =\t"d" ;e\r\nhello\r\n' + END, "hello"),
        ("ones", b"".join(b"1\r\n%c\r\n" % c for c in b"hello") + END, "hello"),
    ):  # fmt: skip
        forward(f"CH-ok-{name}", "extensions are dropped, the content is kept", chunked(body), s,
                body=content, trailers=[])  # fmt: skip
    for name in (
        "Transfer-Encoding: chunked", "Content-Length: 5", "Host: evil.test", "Connection: close",
        "Authorization: Bearer SECRET", "Cookie: a=b", "Set-Cookie: a=b", "Content-Type: text/evil",
        "Content-Encoding: gzip", "Content-Range: bytes 0-1/2", "Expect: 100-continue", "TE: trailers",
        "Trailer: X-A", "Upgrade: h2c", "Keep-Alive: timeout=5", "Proxy-Authorization: Basic a",
        "Cache-Control: no-store", "Max-Forwards: 0", "Range: bytes=0-1", "X-Forwarded-For: 1.2.3.4",
        "X-Forwarded-Proto: https", "Forwarded: for=1.2.3.4", "Via: 1.1 x", "Origin: http://evil.test",
        "If-Match: *", "Mcp-Session-Id: a", "Proxy-Connection: close", "Location: /", "Vary: *", "Age: 1",
    ):  # fmt: skip
        key = name.split(":")[0]
        forward(f"CH-trailer-{key}", "a forbidden trailer is dropped", chunked(
            FIVE + b"0\r\n%s\r\nX-Kept: 1\r\n\r\n" % name.encode()), "RFC 9110 §6.5.1", body="hello",
            trailers=["X-Kept: 1"], hasnot=[] if key in ("Host", "Via", "X-Forwarded-For",
            "X-Forwarded-Proto", "Transfer-Encoding") else [key])  # fmt: skip
    forward("CH-trailers", "trailers stay behind the content, in canonical lines",
            chunked(FIVE + b"0\r\nX-A:1\r\nX-B: \t2 \r\nX-A: 3\r\n\r\n"), "RFC 9110 §6.5", body="hello",
            trailers=["X-A: 1", "X-B: 2", "X-A: 3"], hasnot=["X-A", "X-B"])  # fmt: skip
    forward("CH-trailer-nominated", "a nominated trailer is dropped",
            chunked(FIVE + b"0\r\nX-A: 1\r\n\r\n", fields=b"Connection: X-A\r\n"), "RFC 9110 §7.6.1",
            body="hello", trailers=[])  # fmt: skip
    forward("CH-pipeline", "what follows is the next request", chunked(FIVE + END + get(target=b"/2")), s, 2,
            targets=["/", "/2"])  # fmt: skip
    waits("CH-part", "no last chunk", chunked(FIVE), "RFC 9112 §8")
    waits("CH-part-size", "a part of a size", chunked(b"5"), "RFC 9112 §8")
    waits("CH-part-end", "no end of the trailer section", chunked(FIVE + b"0\r\nX-A: 1\r\n"), "RFC 9112 §8")
    waits("CH-part-big", "2^59 bytes are announced", chunked(b"800000000000000\r\nhello"), s)
    body = FIVE + END
    reject("CH-bad-token", "a bad chunk comes before a missing token", chunked(b"x\r\n" + SMUGGLED), s)
    local("CH-good-token", "a good one does not", chunked(body), "RFC 6750 §3", 401, needs="token")


def connection():
    s = "RFC 9110 §7.6.1"
    for name in (
        b"Host", b"Content-Length", b"Transfer-Encoding", b"Authorization", b"Cookie", b"Origin",
        b"X-Forwarded-For", b"X-Forwarded-Proto", b"X-Forwarded-Host", b"X-Real-IP", b"Forwarded",
        b"Via", b"Expect", b"Content-Type", b"Accept", b"Cache-Control", b"Mcp-Session-Id",
        b"MCP-Protocol-Version", b"Date", b"Max-Forwards", b"User-Agent", b"X-Forwarded-Client-Cert",
    ):  # fmt: skip
        reject(f"HB-nominated-{name.decode()}", "Connection nominates an end-to-end field",
               get(b"Connection: close, %s\r\n" % name), s)  # fmt: skip
    for name, value in {"quote": b'"close"', "words": b"close x", "semi": b"close;a", "at": b"a@b",
                        "high": b"\xff", "paren": b"(a)", "33": b",".join([b"x"] * 33)}.items():  # fmt: skip
        reject(f"HB-option-{name}", f"Connection: {value[:20]!r}", get(b"Connection: %s\r\n" % value), s)
    forward("HB-many", "several lines, cases and empty elements",
            get(b"Connection: X-a ,,\tx-B\r\nCONNECTION:\r\nconnection: ,X-C,\r\nX-A: 1\r\nX-b: 2\r\nx-c: 3\r\n"
                b"X-A: 4\r\nX-D: 5\r\n"), s, hasnot=["X-A", "X-B", "X-C", "Connection"],
            has={"X-D": "5"}, conn="keep")  # fmt: skip
    for line in ("Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: trailers", "TE: gzip;q=1",
                 "Trailer: X-A", "Upgrade: websocket", "HTTP2-Settings: AAMAAABk",
                 "Proxy-Authorization: Basic SECRET", "Proxy-Authenticate: Basic"):  # fmt: skip
        name = line.split(":")[0]
        forward(f"HB-{line.split(';')[0].replace(': ', '-')}", "a field of one hop, nominated or not",
                get(f"{line}\r\n".encode()), s, hasnot=[name], conn="keep")  # fmt: skip
        forward(f"HB-{line.split(';')[0].replace(': ', '-')}-nominated", "and nominated",
                get(f"Connection: {name}\r\n{line}\r\n".encode()), s, hasnot=[name])  # fmt: skip
    for value in (b"h2c", b"websocket", b"TLS/1.0", b"HTTP/3, h2c"):
        forward(f"HB-upgrade-{value.decode()}", "an upgrade that the route does not allow",
                get(b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: A\r\nUpgrade: %s\r\n" % value),
                "RFC 9110 §7.8, RFC 9113 §3.1", hasnot=["Upgrade", "HTTP2-Settings"])  # fmt: skip
    for name, version, option, conn in (
        ("1.1", b"1.1", b"", "keep"), ("1.1-close", b"1.1", b"close", "close"),
        ("1.1-CLOSE", b"1.1", b"CLOSE", "close"), ("1.1-keep", b"1.1", b"keep-alive", "keep"),
        ("1.1-both", b"1.1", b"keep-alive, close", "close"), ("1.0", b"1.0", b"", "close"),
        ("1.0-keep", b"1.0", b"keep-alive", "keep"), ("1.0-Keep", b"1.0", b"Keep-Alive", "keep"),
        ("1.0-close", b"1.0", b"close", "close"), ("1.0-both", b"1.0", b"keep-alive, close", "close"),
    ):  # fmt: skip
        line = b"Connection: %s\r\n" % option if option else b""
        forward(f"CN-{name}", "who keeps the connection", get(line, version=version), "RFC 9112 §9.3",
                conn=conn, hasnot=["Connection"])  # fmt: skip
    forward("CN-1.0-stream", "no chunks to 1.0", get(b"Connection: keep-alive\r\n", b"/stream", b"1.0"),
            "RFC 9112 §6.1", conn="close", client={"hasnot": ["Transfer-Encoding"]})  # fmt: skip
    forward("CN-stream", "chunks to 1.1", get(target=b"/stream"), "RFC 9112 §7", conn="keep",
            client={"has": {"Transfer-Encoding": "chunked"}})  # fmt: skip
    forward("CN-head-stream", "none to HEAD", get(target=b"/stream2", method=b"HEAD"), "RFC 9112 §6.3",
            conn="keep")  # fmt: skip
    forward("CN-after-close", "nothing behind close is read",
            get(b"Connection: close\r\n") + get(target=b"/2"), "RFC 9112 §9.6", conn="close")  # fmt: skip
    forward("CN-crlf-between", "an empty line between requests", get() + b"\r\n" + get(target=b"/2"),
            "RFC 9112 §2.2", 2, targets=["/", "/2"])  # fmt: skip
    row("CN-garbage", "garbage behind a request", get() + b"\x01\x02", "RFC 9112 §2.2", "forward",
        {"upstream": 1, "conn": "close", "client": {"statuses": [[200], [400]]}})  # fmt: skip
    row("CN-bad-second", "a bad second request, and a third", get() + get(b"A b\r\n") + SMUGGLED,
        "RFC 9112 §9.3.2", "forward",
        {"upstream": 1, "conn": "close", "client": {"statuses": [[200], [400]]}})  # fmt: skip
    row("CN-long-second", "a second request with too long a line",
        get() + get(target=b"/" + b"a" * 20000), "RFC 9112 §3", "forward",
        {"upstream": 1, "conn": "close", "client": {"statuses": [[200], [414]]}})  # fmt: skip
    forward("CN-ten", "ten at once", b"".join(get(target=b"/%d" % i) for i in range(10)),
            "RFC 9112 §9.3.2", 10, targets=[f"/{i}" for i in range(10)])  # fmt: skip
    forward("CN-turns", "one after the other", get(target=b"/1"), "RFC 9112 §9.3", 2,
            more={"then": [get(target=b"/2")]}, targets=["/1", "/2"], conn="keep")  # fmt: skip


def semantics():
    s = "RFC 9110 §10.1.1"
    expect = b"Expect: 100-continue\r\n"
    five = b"Content-Length: 5\r\n"
    forward("EX-body", "the body comes with it", post(expect + five, b"hello"), s, body="hello")
    forward("EX-wait", "the body comes behind 100", post(expect + five), s, body="hello", conn="keep",
            more={"then": [b"hello"]})  # fmt: skip
    forward("EX-chunked", "in chunks", chunked(b"", fields=expect), s, body="hello",
            more={"then": [FIVE + END]})  # fmt: skip
    forward("EX-none", "without a body there is no 100", get(expect), s, client={"no_1xx": True})
    forward("EX-zero", "nor with an empty one", post(expect + b"Content-Length: 0\r\n"), s,
            client={"no_1xx": True})  # fmt: skip
    forward("EX-1.0", "nor to 1.0", post(expect + five, b"hello", version=b"1.0"), s, body="hello",
            client={"no_1xx": True})  # fmt: skip
    forward("EX-1.0-other", "1.0 has no expectations",
            post(b"Expect: x\r\n" + five, b"hello", version=b"1.0"), s, body="hello")  # fmt: skip
    for name, value in {"other": b"200-ok", "list": b"100-continue, x", "twice": b"100-continue, 100-continue",
                        "empty": b"", "parameter": b"100-continue;a=b", "word": b"100"}.items():  # fmt: skip
        reject(f"EX-{name}", f"Expect: {value!r}", post(b"Expect: %s\r\n" % value + five, b"hello"), s, 417)
    reject("EX-lines", "two lines", post(expect + expect + five, b"hello"), s, 417)
    local("EX-token", "no 100 before the token is checked", post(expect + five), s, 401,
          needs="token")  # fmt: skip
    m = "RFC 9110 §7.6.2"
    for value in (b"0", b"00", b"0 "):
        local(f"MF-{value.decode()!r}", "OPTIONS of the last hop",
              get(b"Max-Forwards: %s\r\n" % value, method=b"OPTIONS"), m, 200)  # fmt: skip
    for value, left in ((b"1", "0"), (b"10", "9"), (b"007", "6")):
        forward(f"MF-{value.decode()}", "counted down",
                get(b"Max-Forwards: %s\r\n" % value, method=b"OPTIONS"), m,
                has={"Max-Forwards": left})  # fmt: skip
    for name, value in {"minus": b"-1", "word": b"a", "empty": b"", "list": b"1, 0", "float": b"1.0",
                        "huge": b"9" * 30}.items():  # fmt: skip
        reject(f"MF-{name}", "no number", get(b"Max-Forwards: %s\r\n" % value, method=b"OPTIONS"), m)
    reject("MF-two", "two of them",
           get(b"Max-Forwards: 5\r\nMax-Forwards: 0\r\n", method=b"OPTIONS"), m)  # fmt: skip
    forward("MF-get", "other methods do not count", get(b"Max-Forwards: 0\r\n"), m,
            has={"Max-Forwards": "0"})  # fmt: skip
    v = "RFC 9110 §7.6.3"
    forward("VIA-none", "Via is added", get(), v, count={"Via": 1})
    forward("VIA-others", "others stay before ours", get(b"Via: 1.0 fred, 1.1 p.example.net (x)\r\n"), v,
            count={"Via": 2})  # fmt: skip
    forward("VIA-like", "a name that is only like ours", get(b"Via: 1.1 gatehouse\r\n"), v, count={"Via": 2})
    reject("VIA-loop", "our own name comes back", get(b"Via: 1.1 PSEUDONYM\r\n"), v)
    reject("VIA-loop-list", "in a list, in another case",
           get(b"Via: 1.0 fred,\tHTTP/1.1  GATEHOUSE-PSEUDONYM (a, b)\r\n"), v)  # fmt: skip
    reject("VIA-loop-line", "in a later line", get(b"Via: 1.0 a\r\nVia: 1.1 PSEUDONYM\r\n"), v)
    forward("XF-untrusted", "what an untrusted peer says of the client",
            get(b"X-Forwarded-For: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n"
                b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-User: root\r\n"
                b"X-Forwarded-Port: 443\r\n"), "RFC 7239 §8.1",
            hasnot=["X-Real-IP", "Forwarded", "X-Forwarded-User", "X-Forwarded-Port"],
            count={"X-Forwarded-For": 1, "X-Forwarded-Host": 1})  # fmt: skip


sys.path.insert(0, str(HERE))


def main():
    import responses

    for write in (request_lines, targets, hosts, fields, lengths, codings, chunks, connection, semantics):
        write()
    responses.write(row)
    text = "".join(json.dumps(made, ensure_ascii=True) + "\n" for made in ROWS)
    if len({made["id"] for made in ROWS}) != len(ROWS):
        seen = [made["id"] for made in ROWS]
        raise SystemExit(f"ids twice: {sorted({i for i in seen if seen.count(i) > 1})}")
    if sys.argv[1:] == ["--check"]:
        sys.exit((HERE / "http1_cases.jsonl").read_text() != text)
    (HERE / "http1_cases.jsonl").write_text(text)
    print(f"{len(ROWS)} rows")


if __name__ == "__main__":
    main()
