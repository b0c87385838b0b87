"""A strict client: the whole flow with the rules of the TypeScript SDK 2 and of VS Code (rules.py),
without a person; see report.py. Standard library only.

    --client-id-url URL   a Client ID Metadata Document instead of a registration
    --scope TEXT          what is asked for where the challenge and the metadata name nothing
    --slash               the same server with a slash at its end, which is another resource
    --refresh             the refresh token is used once before the second request
"""

import argparse
import base64
import json
import secrets
import sys
import urllib.parse

import report as reporting
import rules
from browser import Browser
from rules import Refused
from streamable import PROTOCOL, Http, Session


class Authorization:
    """Discovery, registration, authorization and tokens for one server."""

    def __init__(self, wanted, http, report):
        self.wanted, self.http, self.report = wanted, http, report
        self.metadata = self.client = self.tokens = None
        self.granted = set()

    def document(self, url):
        headers = {"Accept": "application/json", "MCP-Protocol-Version": PROTOCOL}
        return self.http("GET", url, headers)

    def obtain(self, answer):
        """After a 401 or 403: a token with what the challenge asks for."""
        asked = rules.challenge(answer.headers.get("WWW-Authenticate"))
        if self.metadata is None:
            self.discover(asked)
        scopes = set(asked["scope"].split()) if "scope" in asked else self.default_scopes()
        self.authorize(sorted(scopes | self.granted))

    def default_scopes(self):
        return set(self.resource.get("scopes_supported", (self.wanted.scope or "").split()))

    def discover(self, asked):
        answer = self.document(asked["resource_metadata"])
        if answer.status != 200:
            raise Refused(f"resource metadata: status {answer.status}")
        self.resource = answer.json()
        rules.resource(self.resource, self.wanted.url)
        self.report["resource"] = self.resource
        issuer = self.resource["authorization_servers"][0]
        for url, is_openid in well_known(issuer):
            answer = self.document(url)
            if answer.status == 200:
                rules.server(answer.json(), issuer, is_openid)
                self.metadata = answer.json()
                self.report["metadata"] = self.metadata
                return
            if answer.status >= 500 and answer.status != 502:
                raise Refused(f"server metadata: status {answer.status} at {url}")
        raise Refused("server metadata: nowhere")

    def register(self):
        wanted = self.wanted
        if wanted.client_id:
            method = "client_secret_post" if wanted.client_secret else "none"
            return {
                "client_id": wanted.client_id,
                "client_secret": wanted.client_secret,
                "method": method,
            }
        if wanted.client_id_url:
            # What Claude, Codex and opencode ask for before they use a document (G71).
            supported = self.metadata.get("client_id_metadata_document_supported")
            methods = self.metadata.get("token_endpoint_auth_methods_supported", [])
            if supported is not True or "none" not in methods:
                raise Refused("server metadata: client ID metadata documents are not supported")
            return {"client_id": wanted.client_id_url, "method": "none"}
        if "registration_endpoint" not in self.metadata:
            raise Refused("Incompatible auth server: does not support dynamic client registration")
        sent = {
            "client_name": "strict",
            "redirect_uris": [wanted.redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
        }
        answer = self.http(
            "POST",
            self.metadata["registration_endpoint"],
            {"Content-Type": "application/json", "Accept": "application/json"},
            json.dumps(sent).encode(),
        )
        made = answer.json()
        method = rules.registration(answer.status, made, sent)
        return {**made, "method": rules.method(method, self.metadata)}

    def authorize(self, scopes):
        self.client = self.client or self.register()
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        parameters = {
            "response_type": "code",
            "client_id": self.client["client_id"],
            "code_challenge": rules.s256(verifier),
            "code_challenge_method": "S256",
            "redirect_uri": self.wanted.redirect_uri,
            "state": state,
            "resource": rules.href(self.resource["resource"]),
        }
        if scopes:
            parameters["scope"] = " ".join(scopes)
        endpoint = self.metadata["authorization_endpoint"]
        url = f"{endpoint}?{urllib.parse.urlencode(parameters)}"
        self.report.setdefault("authorizations", []).append(url)
        back = Browser().authorize(url, self.wanted.redirect_uri)
        self.report.setdefault("redirects", []).append(without_code(back))
        pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query, keep_blank_values=True)
        code = rules.authorization_response(pairs, state, self.metadata)
        self.redeem(
            {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": self.wanted.redirect_uri,
                "resource": parameters["resource"],
            }
        )
        self.granted = set(self.tokens.get("scope", " ".join(scopes)).split())

    def refresh(self):
        if "refresh_token" not in self.tokens:
            raise Refused("token response: no refresh_token")
        former = self.tokens
        self.redeem(
            {
                "grant_type": "refresh_token",
                "refresh_token": former["refresh_token"],
                "resource": rules.href(self.resource["resource"]),
            }
        )
        self.tokens = {"refresh_token": former["refresh_token"], **self.tokens}
        self.report["refreshed"] = self.tokens["access_token"] != former["access_token"]

    def redeem(self, form):
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        client, secret = self.client["client_id"], self.client.get("client_secret")
        if self.client["method"] == "client_secret_basic":
            quoted = f"{urllib.parse.quote(client)}:{urllib.parse.quote(secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(quoted.encode()).decode()
        else:
            form["client_id"] = client
            if self.client["method"] == "client_secret_post":
                form["client_secret"] = secret
        body = urllib.parse.urlencode(form).encode()
        answer = self.http("POST", self.metadata["token_endpoint"], headers, body)
        rules.tokens(answer.status, answer.kind, answer.json())
        if "no-store" not in answer.headers.get("Cache-Control", ""):
            raise Refused("token response: may be stored")
        self.tokens = answer.json()


def without_code(url):
    """The redirect's address and parameters, the code's value left out."""
    parts = urllib.parse.urlsplit(url)
    pairs = urllib.parse.parse_qsl(parts.query)
    return [parts._replace(query="").geturl(), [[n, v if n != "code" else ""] for n, v in pairs]]


def well_known(issuer):
    """The specification's order; the second word: whether OpenID's schema applies."""
    parts = urllib.parse.urlsplit(issuer)
    base, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    if not path:
        return [
            (base + "/.well-known/oauth-authorization-server", False),
            (base + "/.well-known/openid-configuration", True),
        ]
    return [
        (base + "/.well-known/oauth-authorization-server" + path, False),
        (base + "/.well-known/openid-configuration" + path, True),
        (base + path + "/.well-known/openid-configuration", True),
    ]


def arguments():
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--client-id-url")
    parser.add_argument("--scope")
    parser.add_argument("--slash", action="store_true")
    parser.add_argument("--refresh", action="store_true")
    own, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    wanted = reporting.arguments()
    for name, value in vars(own).items():
        setattr(wanted, name, value)
    if wanted.slash:
        wanted.url += "/"
    return wanted


async def main(report):
    wanted = arguments()
    http = Http(report)
    authorization = Authorization(wanted, http, report)
    session = Session(wanted.url, http, authorization)
    about = {"name": "strict", "version": "1"}
    opened, _ = session.call(
        "initialize", protocolVersion=PROTOCOL, capabilities={}, clientInfo=about
    )
    report["protocol"] = opened["protocolVersion"]
    session.notify("notifications/initialized")
    report["tools"] = [tool["name"] for tool in session.call("tools/list")[0]["tools"]]
    if wanted.refresh:
        authorization.refresh()
    result, _ = session.call("tools/call", name=wanted.tool, arguments=wanted.arguments)
    report["call"] = result["content"][0]["text"]
    if wanted.stream_tool:
        result, notes = session.call(
            "tools/call",
            name=wanted.stream_tool,
            arguments=wanted.stream_arguments,
            _meta={"progressToken": "p"},
        )
        steps = [note for note in notes if note["method"] == "notifications/progress"]
        report["progress"] = [step["params"]["progress"] for step in steps]
        report["stream"] = result["content"][0]["text"]
    session.end()
    report["token"] = authorization.tokens["access_token"]
    report["scopes"] = sorted(authorization.granted)


reporting.run(main)
