"""Access tokens of an issuer that exists only as a key file: right ones, and wrong in one way."""

import base64
import hashlib
import hmac
import json
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class Issuer:
    def __init__(self, issuer, audience, kid="key-1"):
        self.issuer, self.audience, self.kid = issuer, audience, kid
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def key_set(self):
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**key, "kid": self.kid, "use": "sig", "alg": "RS256"}]}

    def claims(self, **changes):
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": "somebody",
            "iat": now,
            "exp": now + 600,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, key=None, headers=None, **changes):
        headers = {"kid": self.kid, "typ": "at+jwt", **(headers or {})}
        return jwt.encode(self.claims(**changes), key or self.key, "RS256", headers)

    def faults(self):
        """Tokens that must be refused, by what is wrong with them."""
        now = int(time.time())
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        good = self.token()
        head, body, signature = good.split(".")
        changed = encoded(json.dumps(self.claims(sub="admin")))
        return {
            "tampered": f"{head}.{changed}.{signature}",
            "signature cut": good[:-4],
            "foreign key": self.token(key=stranger),
            "unknown key": self.token(headers={"kid": "other"}),
            "expired": self.token(exp=now - 120),
            "not yet valid": self.token(nbf=now + 300),
            "without exp": self.token(exp=None),
            "wrong issuer": self.token(iss=self.issuer + "/"),
            "without issuer": self.token(iss=None),
            "wrong audience": self.token(aud="http://elsewhere.test/mcp"),
            "without audience": self.token(aud=None),
            "empty audience": self.token(aud=[]),
            "alg none": f"{encoded(json.dumps({'alg': 'none', 'kid': self.kid}))}.{body}.",
            "HS256 with the public key": self._confused(body),
            "unknown critical field": self.token(headers={"crit": ["x"], "x": 1}),
            "an ID token": self.token(headers={"typ": "JWT"}, nonce="n", at_hash="x"),
            "bound to a key": self.token(cnf={"jkt": "x"}),
            "no token at all": "abc",
        }

    def _confused(self, body):
        head = encoded(json.dumps({"alg": "HS256", "kid": self.kid}))
        public = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        mac = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()
        return f"{head}.{body}.{encoded(mac)}"


def claims_of(token):
    """The claims of a JWT that nobody verifies here."""
    return jwt.decode(token, options={"verify_signature": False})


def encoded(data):
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
