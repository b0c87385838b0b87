"""Keys and tokens of the comparison: a key of each algorithm, made anew for each run."""

import base64
import json
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ISSUER = "http://as.test"
AUDIENCE = "http://gw.test/mcp"


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Keys:
    """A key pair for RS256, ES256 and EdDSA; the public halves as a JWK set, RS256 also as PEM."""

    def __init__(self):
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.ed = ed25519.Ed25519PrivateKey.generate()
        public = self.rsa.public_key()
        numbers, point = public.public_numbers(), self.ec.public_key().public_numbers()
        self.pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        self.jwks = json.dumps({"keys": [
            {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "bench-RS256",
             "n": _number(numbers.n), "e": _number(numbers.e)},
            {"kty": "EC", "use": "sig", "alg": "ES256", "kid": "bench-ES256", "crv": "P-256",
             "x": _b64(point.x.to_bytes(32, "big")), "y": _b64(point.y.to_bytes(32, "big"))},
            {"kty": "OKP", "use": "sig", "alg": "EdDSA", "kid": "bench-EdDSA", "crv": "Ed25519",
             "x": _b64(self.ed.public_key().public_bytes(*raw))},
        ]})

    def _sign(self, algorithm: str, signed: bytes) -> bytes:
        if algorithm == "RS256":
            return self.rsa.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        if algorithm == "ES256":
            r, s = decode_dss_signature(self.ec.sign(signed, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return self.ed.sign(signed)

    def token(self, subject: str, algorithm: str = "RS256") -> str:
        """A valid access token for one subject, one day long."""
        now = int(time.time())
        head = _b64(json.dumps(
            {"alg": algorithm, "typ": "at+jwt", "kid": f"bench-{algorithm}"}).encode())
        body = _b64(json.dumps({
            "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 86400,
            "scope": "read:all", "client_id": "bench",
        }).encode())
        signed = f"{head}.{body}".encode()
        return f"{head}.{body}.{_b64(self._sign(algorithm, signed))}"
