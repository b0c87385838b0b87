"""Values of the scripted providers, and what is computed of them."""

import base64
import hashlib
from dataclasses import dataclass, field


@dataclass
class Client:
    """A client as the provider knows it; no secret: a public one."""

    id: str
    redirect_uris: list
    secret: str | None = None
    scope: str = ""
    method: str = "none"
    is_dynamic: bool = False
    extra: dict = field(default_factory=dict)


@dataclass
class Grant:
    """What a code or a refresh token stands for."""

    client: str
    user: str
    scopes: list
    resource: str | None = None
    redirect_uri: str | None = None
    challenge: str | None = None
    nonce: str | None = None
    expires: float = 0
    family: str = ""


class OAuthFailure(Exception):
    def __init__(self, error, description="", status=400, **more):
        super().__init__(error)
        self.error, self.description, self.status, self.more = error, description, status, more

    @property
    def body(self):
        text = {"error_description": self.description} if self.description else {}
        return {"error": self.error, **text, **self.more}


def pkce(verifier):
    """S256 (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def loopback(uri):
    """`uri` without its port where it is http to this machine (RFC 8252 §7.3)."""
    for host in ("http://127.0.0.1", "http://localhost", "http://[::1]"):
        if uri.startswith(host + ":"):
            _, slash, path = uri[len(host) + 1 :].partition("/")
            return host + slash + path
    return uri
