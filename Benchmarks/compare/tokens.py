"""Keys and tokens of the comparison: one RS256 key, made anew for each run, and N tokens signed with it."""

import base64
import json
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER = "http://as.test"
AUDIENCE = "http://gw.test/mcp"


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Keys:
    """An RS256 key pair with the public half as PEM and as a JWK set."""

    def __init__(self):
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self.private.public_key()
        numbers = public.public_numbers()
        self.pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()
        self.jwks = json.dumps({"keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "bench-1",
            "n": _number(numbers.n), "e": _number(numbers.e),
        }]})

    def token(self, subject: str) -> str:
        """A valid access token for one subject, one day long."""
        now = int(time.time())
        head = _b64(json.dumps({"alg": "RS256", "typ": "at+jwt", "kid": "bench-1"}).encode())
        body = _b64(json.dumps({
            "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 86400,
            "scope": "read:all", "client_id": "bench",
        }).encode())
        signed = f"{head}.{body}".encode()
        return f"{head}.{body}.{_b64(self.private.sign(signed, padding.PKCS1v15(), hashes.SHA256()))}"
