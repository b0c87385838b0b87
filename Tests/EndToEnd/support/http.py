"""One HTTP request at a time, with every byte of the fields in the test's hands."""

import http.client
import json
import urllib.parse
from dataclasses import dataclass


@dataclass
class Answer:
    status: int
    fields: list
    body: bytes

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def one(self, name):
        """The value of a field that must be there exactly once."""
        values = self.all(name)
        assert len(values) == 1, f"{name}: {values} in {self.fields}"
        return values[0]

    def json(self):
        assert self.one("content-type").split(";")[0].endswith("json"), self.fields
        return json.loads(self.body)


def call(method, url, fields=(), body=None, timeout=20):
    """`fields` is a mapping or a list of pairs; a name may come twice. Host is set unless given."""
    parts = urllib.parse.urlsplit(url)
    pairs = list(fields.items() if hasattr(fields, "items") else fields)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        names = {name.lower() for name, _ in pairs}
        connection.putrequest(
            method, target or "/", skip_host="host" in names, skip_accept_encoding=True
        )
        for name, value in pairs:
            connection.putheader(name, value)
        if body is not None and "content-length" not in names:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())
    finally:
        connection.close()


def challenge(answer):
    """The parameters of a Bearer challenge (RFC 9110 §11.6.1), by name."""
    value = answer.one("www-authenticate")
    scheme, _, rest = value.partition(" ")
    assert scheme == "Bearer", value
    parameters = {}
    while rest:
        name, _, rest = rest.partition("=")
        assert rest.startswith('"'), value
        text, _, rest = rest[1:].partition('"')
        assert name.strip() not in parameters, value
        parameters[name.strip()] = text
        rest = rest.lstrip(", ")
    return parameters
