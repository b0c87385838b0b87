"""An authorization server that exists only as its key set, and a gateway that trusts it."""

import json
import time

from support.tokens import Issuer

from faults.origin import Origin
from faults.scene import scene

AUDIENCE = "http://gw.test/mcp"
METADATA = "/.well-known/oauth-protected-resource/x"


class KeyServer(Origin):
    """Serves a key set at /jwks.json; `answer` replaces the whole response."""

    def __init__(self, issuer=None):
        self.issuer = issuer or Issuer("http://as.test", AUDIENCE)
        self.answer = None
        self.document = self.issuer.key_set()
        super().__init__(self._serve_keys)

    def _serve_keys(self, peer):
        while peer.head() is not None:
            if callable(self.answer):
                return self.answer(peer)
            peer.send(self.answer or http(json.dumps(self.document).encode()))

    @property
    def fetches(self):
        return len(self.heads)

    def policy(self, **more):
        return {
            "issuer": self.issuer.issuer,
            "audiences": [self.issuer.audience],
            "jwks": {"url": f"http://127.0.0.1:{self.port}/jwks.json"},
            "resourceMetadata": {"resource": AUDIENCE},
            **more,
        }


def http(body, status=200, kind="application/json", more=b""):
    head = f"HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + more + b"\r\n" + body


def secured(folder, keys, **more):
    return scene(folder, policies={"mcpAuthentication": keys.policy()}, **more)


def status(here, token):
    fields = [f"Authorization: Bearer {token}"] if token else []
    return here.ask(fields=fields).status


def wait_for_keys(here, keys, token=None):
    """Without asking for them: that would use up what is allowed for a while."""
    keys.wait_for(lambda k: k.fetches > 0)
    time.sleep(0.3)
    deadline = time.monotonic() + 10
    while status(here, token or keys.issuer.token()) != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def demand(here, keys, kid="nobody"):
    """A token with an unknown key makes the gateway ask for newer keys."""
    stranger = Issuer(keys.issuer.issuer, AUDIENCE, kid)
    return here.ask(fields=[f"Authorization: Bearer {stranger.token()}"])
