"""Writes seeds for the fuzz targets, taken from the test vectors: seeds.py FOLDER.

One folder for each target, one file for each input, named by its content. What is new here is
brought into the committed corpus by `scripts/fuzz --keep`, which keeps only what adds coverage.
"""
import base64
import hashlib
import json
import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = ROOT / "Tests" / "Vectors"


def rows(name):
    with open(VECTORS / name) as file:
        return [json.loads(line) for line in file]


def requests_and_responses():
    for row in rows("http1_cases.jsonl"):
        yield row["dir"], base64.b64decode(row["raw"])
    for row in rows("llhttp_cases.jsonl"):
        yield row["type"].split("-")[0], base64.b64decode(row["raw"])
    for row in rows("http11probe_cases.jsonl"):
        if row["raw"]:
            yield "request", base64.b64decode(row["raw"])


def elf():
    """The smallest library that the reader takes: two segments, names, symbols, a descriptor."""
    names = b"\0libc.so.6\0$ORIGIN/../lib\0gatehouse_plugin_entry_v1\0other\0"
    entry = names.index(b"gatehouse")
    text = b"\0.dynsym\0.dynstr\0.gatehouse\0.shstrtab\0.gopclntab\0"
    symbols = bytes(24) + struct.pack("<IBBHQQ", entry, 0x12, 0, 1, 0x100, 8)
    symbols += struct.pack("<IBBHQQ", names.index(b"other"), 0x12, 0, 1, 0x110, 8)
    descriptor = b"GATEHSE\0" + struct.pack("<IIII", 40, 1, 0, 0) + bytes(16)
    at = 64 + 2 * 56
    place = {}
    body = b""
    for key, part in [("str", names), ("sym", symbols), ("text", text), ("gate", descriptor)]:
        place[key] = (at + len(body), len(part))
        body += part
    dynamic = [(1, 1), (29, 11), (5, place["str"][0]), (10, len(names)), (0, 0)]
    place["dyn"] = (at + len(body), 16 * len(dynamic))
    body += b"".join(struct.pack("<QQ", *pair) for pair in dynamic)
    table = at + len(body)

    def section(name, kind, key, link=0):
        offset, size = place[key]
        where = text.index(name + b"\0")
        return struct.pack("<IIQQQQIIQQ", where, kind, 0, offset, offset, size, link, 0, 1, 0)

    sections = bytes(64) + section(b".dynsym", 11, "sym", 2) + section(b".dynstr", 3, "str")
    sections += section(b".gatehouse", 1, "gate") + section(b".shstrtab", 3, "text")
    total = table + len(sections)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, total, total, 4096)
    offset, size = place["dyn"]
    segment = struct.pack("<IIQQQQQQ", 2, 6, offset, offset, offset, size, size, 8)
    head = b"\x7fELF\2\1\1" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, table, 0, 64, 56, 2, 64, 5, 4)
    return head + load + segment + body + sections


def frame(tag, index, data=b""):
    return struct.pack("<III", tag, index, len(data)) + data


def http_seeds():
    for kind, raw in requests_and_responses():
        if kind == "request":
            if len(raw) <= 2048:
                yield "request-head", raw
                yield "requests", raw
            head, _, body = raw.partition(b"\r\n\r\n")
            if b"chunked" in head.lower() and body:
                yield "chunked", body
            words = head.split(b"\r\n")[0].split(b" ")
            if len(words) == 3:
                yield "target", words[1]
            for line in head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.lower() == b"host":
                    yield "authority", value.strip()
                if name.lower().startswith(b"x-forwarded-for"):
                    yield "forwarded", value.strip()
        elif len(raw) <= 2048:
            for choice in (b"\0", b"\1", b"\4"):
                yield "responses", choice + raw


def text_seeds():
    for text in [
        "192.0.2.7, 10.0.0.1", "[::1]:80,fd00::1\n10.1.2.3", "10.0.0.0/8\n::ffff:10.0.0.1/104",
        "::1\n1.2.3.4:80\n unknown", "fd00::/8\n10.0.0.0/33\n2001:db8::/32",
    ]:
        yield "forwarded", text
    for text in ["[::1]:80", "a.test:8080", "[1::2:1.2.3.4]", "a.test.:", "[::ffff:1.2.3.4]:65535"]:
        yield "authority", text
    for text in [
        "https://a.test:8443/x?y#z", "http://[::1]/ /next?q", "https://a.test /a/../b",
        "https://*.example.org https://a.example.org", "http://localhost:* http://localhost:80",
        "a=b&c=%20+d&e", "HTTPS://A.test:443", "https://127.0.0.1/ //other.test/",
    ]:
        yield "url", text
    for text in [
        "Bearer abc.def-_~+/==", "access_token=abc&x=1", 'a=b; access_token="xyz"', "bearer  x",
        "mcp:tools https://gw.test/a", "access_token=a&access_token=b", "Token x",
    ]:
        yield "credential", text
    for text in [
        "/a/%2e%2E/b", "/a/..;x/b", "/%c3%A9", "//a", "/a\\b", "/%e0%80%af", "http://a.test/x?y",
        "*", "/a;b=c/d?e=/../f", "/%41", "http://u@a/", "https://[::1]:1",
    ]:
        yield "target", text


def rule_seeds():
    for path in sorted((ROOT / "Tests" / "GatehouseConfigTests" / "Golden").glob("*/*.yaml")):
        if path.stat().st_size <= 4096:
            yield "configuration", path.read_bytes()
    yield "configuration", (ROOT / "examples/mcp-authentication/config.yaml").read_bytes()
    for path in sorted((VECTORS / "jsontestsuite").glob("*/*.json")):
        if path.stat().st_size <= 300:
            yield "json", path.read_bytes()
    for schema, value in [
        ({"type": "object", "required": ["a"], "properties": {"a": {"minLength": 2}}}, {"a": "b"}),
        ({"$defs": {"x": {"enum": [1, "b"]}}, "items": {"$ref": "#/$defs/x"}}, [1, 2]),
        ({"oneOf": [{"type": "integer"}, {"maximum": 5}], "not": {"const": 7}}, 3),
        ({"patternProperties": {"^a+$": {"format": "gatehouse-secret"}}}, {"aa": "x"}),
        ({"prefixItems": [{"type": "null"}], "uniqueItems": True, "maxItems": 2}, [None, 1, 1]),
        ({"if": {"multipleOf": 2}, "then": {"minimum": 4}, "else": False}, 6),
        ({"propertyNames": {"pattern": "x"}, "minProperties": 1, "dependentRequired": {}}, {"x": 1}),
    ]:
        yield "schema", json.dumps(schema) + "\n" + json.dumps(value)
    for text in [
        "a|b*?c{2,3}\naacc", r"(?:[^a-z\d]|\w+)\b" + "\nA b", r"^/v\d+/.*$" + "\n/v1/x", "(?i:x)\nX",
        r"\x{1F600}|\u00e9?" + "\né", "[[:alpha:]]+\nabc", "(a+)+$\naaaaaaaaaaaaaaaa!", r"\p{L}" + "\n",
    ]:
        yield "regex", text


def token_seeds():
    for row in rows("jwt_cases.jsonl"):
        token = row.get("token") or ""
        if not token or len(token) > 2048:
            continue
        yield "jwt", token
        parts = token.split(".")
        try:
            plain = [base64.urlsafe_b64decode(part.encode() + b"===") for part in parts]
        except ValueError:
            continue
        yield "jwt", b"\n".join(plain)
    for row in rows("jwks_cases.jsonl"):
        body = base64.b64decode(row["response"].get("body_b64") or "")
        if 0 < len(body) <= 4096:
            yield "jwks", body
    for name, keys in json.loads((VECTORS / "jwt_jwks.json").read_text()).items():
        for key in keys["keys"]:
            yield "jwks", json.dumps({"keys": [key]})


def library_seeds():
    yield "elf", elf()
    manifest = {
        "id": "org.example.x", "version": "1.0", "kind": "policy", "name": "x", "license": "MIT",
        "orderClass": "cors", "requires": ["a/0"], "description": "y",
    }
    yield "manifest", json.dumps(manifest)
    manifest.update(kind="provider", orderClass="normal", hooks=["rewrite_metadata/0"])
    yield "manifest", json.dumps(manifest)
    nonce = b"0123456789abcdef"
    header = (ROOT / "Sources/CGatehouseHost/include").glob("*.h")
    tags = {}
    for file in header:
        for line in file.read_text().splitlines():
            words = line.replace(",", " ").replace("=", " ").split()
            for at, word in enumerate(words):
                if word.startswith("GATEHOUSE_FRAME_") and at + 1 < len(words):
                    try:
                        tags[word[16:]] = int(words[at + 1].rstrip("uU"), 0)
                    except ValueError:
                        pass
    report = frame(tags["HELLO"], 0, nonce)
    yield "probe-report", report
    report += frame(tags["STAGE"], 2) + frame(tags["LIBRARY"], 1, struct.pack("<I", 0))
    report += frame(tags["MANIFEST"], 0, b"{}") + frame(tags["SCHEMA"], 0, b"{}")
    report += frame(tags["TABLES"], 0, struct.pack("<I", 3))
    report += frame(tags["SIGNALS"], 0, bytes(8)) + frame(tags["THREADS"], 1)
    yield "probe-report", report + frame(tags["END"], 0, nonce)
    yield "probe-report", report + frame(tags["FAILURE"], 1, b"why")


def main():
    folder = pathlib.Path(sys.argv[1])
    for source in (http_seeds, text_seeds, rule_seeds, token_seeds, library_seeds):
        for target, data in source():
            data = data.encode() if isinstance(data, str) else data
            (folder / target).mkdir(parents=True, exist_ok=True)
            (folder / target / hashlib.sha1(data).hexdigest()).write_bytes(data)


if __name__ == "__main__":
    main()
