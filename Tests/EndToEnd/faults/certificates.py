"""Certificates for tests: an authority, what it issues, and a chain with an absurd key."""

import datetime
import secrets

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class Authority:
    def __init__(self, name, names=()):
        self.name = named(name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._build(self.name, self.key.public_key(), names, (-1, 30), True)
        self.pem, self.key_pem = pem(self.certificate), key_pem(self.key)

    def _build(self, subject, public_key, names, days, is_authority):
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=days[0]))
            .not_valid_after(now + datetime.timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if names:
            alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, names, days=(-1, 10)):
        """A certificate and its key, PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._build(named(names[0]), key.public_key(), names, days, False)
        return pem(made) + self.pem, key_pem(key)

    def issue_below_a_huge_key(self, names, bits=100_000):
        """A chain whose middle has an RSA key of 100,000 bits, signed by this authority; the leaf's
        signature is what one by that key would look like, so that checking it is all the work."""
        modulus = secrets.randbits(bits) | 1 << bits - 1 | 1
        middle = Authority.__new__(Authority)
        middle.name, middle.key = named("a huge key"), self.key
        small = self._build(middle.name, self.key.public_key(), (), (-1, 10), True)
        huge = self._resign(replaced_key(small, rsa_key_info(modulus)))
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = middle._build(named(names[0]), key.public_key(), names, (-1, 10), False)
        forged = with_signature(leaf, RSA_SHA256, secrets.token_bytes(bits // 8 - 1))
        return armored(forged) + armored(huge) + self.pem, key_pem(key)

    def _resign(self, to_be_signed):
        signature = self.key.sign(to_be_signed, ec.ECDSA(hashes.SHA256()))
        return sequence(to_be_signed, ECDSA_SHA256, der(3, b"\x00" + signature))


# The little of DER (X.690) that this needs.


def der(tag, content):
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*parts):
    return der(0x30, b"".join(parts))


def integer(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


ECDSA_SHA256 = sequence(der(6, bytes.fromhex("2a8648ce3d040302")))
RSA_SHA256 = sequence(der(6, bytes.fromhex("2a864886f70d01010b")), der(5, b""))
RSA = sequence(der(6, bytes.fromhex("2a864886f70d010101")), der(5, b""))


def rsa_key_info(modulus):
    return sequence(RSA, der(3, b"\x00" + sequence(integer(modulus), integer(65537))))


def replaced_key(certificate, info):
    """The signed part of a certificate with another key in it."""
    old = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signed = certificate.tbs_certificate_bytes
    assert signed.count(old) == 1
    return der(0x30, content(signed).replace(old, info))


def with_signature(certificate, algorithm, signature):
    signed = certificate.tbs_certificate_bytes
    assert signed.count(ECDSA_SHA256) == 1
    signed = der(0x30, content(signed).replace(ECDSA_SHA256, algorithm))
    return sequence(signed, algorithm, der(3, b"\x00" + signature))


def content(data):
    """What is in a DER element."""
    size = data[1]
    return data[2:] if size < 128 else data[2 + (size & 0x7F) :]


def armored(data):
    return ssl_pem(data).encode()


def ssl_pem(data):
    import ssl

    return ssl.DER_cert_to_PEM_cert(data)
