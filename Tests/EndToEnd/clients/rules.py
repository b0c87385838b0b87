"""The rules by which the TypeScript SDK 2 and VS Code judge what a server sends; strict.py applies
them. Each refusal names the rule; nothing is forgiven that one of the two refuses.

The schemas follow zod's way: a required member must be there, a member that is there must be of its
type, and null is of no type.
"""

import base64
import hashlib
import re
import urllib.parse


class Refused(Exception):
    """What a strict client would not accept."""


def text(value):
    return isinstance(value, str)


def texts(value):
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def flag(value):
    return isinstance(value, bool)


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def url(value):
    """An absolute http or https URL: zod's safe URL, and VS Code's."""
    if not isinstance(value, str) or not value:
        return False
    parts = urllib.parse.urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


RESOURCE = {
    "resource": (url, True),
    "authorization_servers": (lambda v: isinstance(v, list) and all(map(url, v)), False),
    "jwks_uri": (url, False),
    "scopes_supported": (texts, False),
    "bearer_methods_supported": (texts, False),
    "resource_name": (text, False),
    "resource_documentation": (text, False),
    "resource_policy_uri": (url, False),
    "resource_tos_uri": (url, False),
}

SERVER = {
    "issuer": (text, True),
    "authorization_endpoint": (url, True),
    "token_endpoint": (url, True),
    "response_types_supported": (texts, True),
    "registration_endpoint": (url, False),
    "jwks_uri": (url, False),
    "revocation_endpoint": (url, False),
    "introspection_endpoint": (text, False),
    "scopes_supported": (texts, False),
    "response_modes_supported": (texts, False),
    "grant_types_supported": (texts, False),
    "token_endpoint_auth_methods_supported": (texts, False),
    "code_challenge_methods_supported": (texts, False),
    "service_documentation": (url, False),
    "client_id_metadata_document_supported": (flag, False),
    "authorization_response_iss_parameter_supported": (flag, False),
}

OPENID = {
    **SERVER,
    "jwks_uri": (url, True),
    "subject_types_supported": (texts, True),
    "id_token_signing_alg_values_supported": (texts, True),
}

REGISTRATION = {
    "client_id": (text, True),
    "redirect_uris": (lambda v: isinstance(v, list) and bool(v) and all(map(text, v)), True),
    "client_secret": (text, False),
    "client_id_issued_at": (number, False),
    "client_secret_expires_at": (number, False),
    "token_endpoint_auth_method": (text, False),
    "grant_types": (texts, False),
    "response_types": (texts, False),
    "client_name": (text, False),
    "client_uri": (url, False),
    "logo_uri": (url, False),
    "scope": (text, False),
    "application_type": (text, False),
}

TOKENS = {
    "access_token": (text, True),
    "token_type": (text, True),
    "expires_in": (number, False),
    "scope": (text, False),
    "refresh_token": (text, False),
    "id_token": (text, False),
}


def check(schema, document, what):
    if not isinstance(document, dict):
        raise Refused(f"{what}: no object")
    for name, (holds, is_required) in schema.items():
        if name not in document:
            if is_required:
                raise Refused(f"{what}: {name} is missing")
        elif not holds(document[name]):
            raise Refused(f"{what}: {name} is {document[name]!r}")
    return document


def is_loopback(value):
    return urllib.parse.urlsplit(value).hostname in ("localhost", "127.0.0.1", "::1")


def challenge(value):
    """The parameters of the first challenge: it must be `Bearer`, so spelled, and have some."""
    if not value or not value.startswith("Bearer "):
        raise Refused(f"challenge: the first is not Bearer with parameters: {value!r}")
    found = dict(re.findall(r'([a-zA-Z_]+)="([^"]*)"', value))
    target = found.get("resource_metadata")
    if target is None or not url(target):
        raise Refused(f"challenge: resource_metadata is no absolute URL: {value!r}")
    return found


def resource(document, server):
    """VS Code: the URL that the user typed, as URL writes it, and nothing shorter."""
    check(RESOURCE, document, "resource metadata")
    if not document.get("authorization_servers"):
        raise Refused("resource metadata: no authorization server")
    if href(document["resource"]) != href(server):
        raise Refused(f"resource metadata: resource {document['resource']!r} is not {server!r}")


def href(value):
    """As `new URL(value).href` writes it: a host without a path gets one."""
    parts = urllib.parse.urlsplit(value)
    return urllib.parse.urlunsplit(parts._replace(path=parts.path or "/", fragment=""))


def server(document, issuer, is_openid):
    """RFC 8414 §3.3 by comparing text, S256, and no endpoint with a query (Python clients)."""
    check(OPENID if is_openid else SERVER, document, "server metadata")
    if document["issuer"] != issuer:
        raise Refused(f"server metadata: issuer {document['issuer']!r} is not {issuer!r}")
    if "code" not in document["response_types_supported"]:
        raise Refused("server metadata: response type code is not supported")
    if "S256" not in document.get("code_challenge_methods_supported", []):
        raise Refused("server metadata: S256 is not supported")
    if "?" in document["authorization_endpoint"]:
        raise Refused("server metadata: authorization_endpoint has a query")
    for name in ("authorization_endpoint", "token_endpoint", "registration_endpoint"):
        target = document.get(name)
        if target and not target.startswith("https:") and not is_loopback(target):
            raise Refused(f"server metadata: {name} is not https")
    empty = [name for name, value in document.items() if value is None or value in ("", [])]
    if empty:
        raise Refused(f"server metadata: null or empty: {empty}")


def registration(status, answer, sent):
    """RFC 7591 §3.2.1, with what zod and Claude refuse beyond it."""
    if status != 201:
        raise Refused(f"registration: status {status}: {answer}")
    check(REGISTRATION, answer, "registration")
    nulls = [name for name, value in answer.items() if value is None]
    if nulls:
        raise Refused(f"registration: null: {nulls}")
    for name in ("client_id_issued_at", "client_secret_expires_at"):
        if name in answer and not isinstance(answer[name], int):
            raise Refused(f"registration: {name} is no integer")
    if "client_secret" in answer and "client_secret_expires_at" not in answer:
        raise Refused("registration: a secret without client_secret_expires_at")
    method = answer.get("token_endpoint_auth_method", "client_secret_basic")
    if method.startswith("client_secret") and "client_secret" not in answer:
        raise Refused(f"registration: {method} without a secret")
    if method == "none" and "client_secret" in answer:
        raise Refused("registration: a secret for a public client")
    if answer["redirect_uris"] != sent["redirect_uris"]:
        raise Refused(f"registration: redirect_uris became {answer['redirect_uris']}")
    return method


def authorization_response(pairs, state, metadata):
    """RFC 6749 §4.1.2 and RFC 9207 §2.4: exactly one code, our state, an `iss` that may be true."""
    names = [name for name, _ in pairs]
    for name in ("code", "state", "iss", "error"):
        if names.count(name) > 1:
            raise Refused(f"authorization response: {name} came {names.count(name)} times")
    found = dict(pairs)
    if found.get("state") != state:
        raise Refused("authorization response: foreign state")
    advertised = metadata.get("authorization_response_iss_parameter_supported", False)
    if "iss" in found and found["iss"] != metadata["issuer"]:
        issuer = metadata["issuer"]
        raise Refused(f"authorization response: iss {found['iss']!r} is not {issuer!r}")
    if advertised and "iss" not in found:
        raise Refused("authorization response: iss is advertised and missing")
    if "error" in found:
        raise Refused(f"authorization response: {found}")
    if "code" not in found:
        raise Refused(f"authorization response: no code: {names}")
    return found["code"]


def tokens(status, kind, answer):
    if status != 200:
        raise Refused(f"token response: status {status}: {answer}")
    if kind.split(";")[0].strip() != "application/json":
        raise Refused(f"token response: {kind}")
    if isinstance(answer, dict) and "error" in answer:
        raise Refused(f"token response: {answer}")
    check(TOKENS, answer, "token response")
    if answer["token_type"].lower() != "bearer":
        raise Refused(f"token response: token_type {answer['token_type']}")


def method(registered, metadata):
    """How the client authenticates: its registered method, where the server knows it."""
    known = metadata.get("token_endpoint_auth_methods_supported")
    if known is not None and registered not in known:
        raise Refused(f"token endpoint: {registered} is not among {known}")
    return registered


def s256(verifier):
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
