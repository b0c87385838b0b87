"""A gateway with routes in each mode before an upstream that tells what arrived: what the negative
tests attack."""

import contextlib
import secrets

from matrix import rows
from providers.github import GitHub
from providers.oidc import Oidc
from support.gateway import gateway, route
from support.processes import free_port
from support.upstream import Upstream

SECRET = "configured-secret-" + secrets.token_urlsafe(24)
SHARED = {"registration": {"kind": "emulate"}}
# The tests register more often than the default of 30 a minute.
CLIENTS = {"registrationsPerMinute": 10000}
KEYS = {"secrets": [secrets.token_urlsafe(48)]}


class Site:
    """Routes by name; `resource(name)` is the URL of one, `fakes[name]` its provider.

    shared    relay, one client at the provider for all: the gateway asks for consent itself
    second    the same provider and mode, another route
    broker    GitHub behind tokens of the gateway's own
    broker2   the same provider, another route
    opaque    direct, tokens by introspection
    """

    def __init__(self, folder, **top):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        with contextlib.ExitStack() as stack:
            self.upstream = Upstream()
            stack.callback(self.upstream.stop)
            self.fakes = {}
            routes = [
                route(f"/{name}/mcp", self.upstream.port, "exact", mcpAuthentication=policy)
                for name, policy in self.policies(stack)
            ]
            running = gateway(
                folder, routes, port=self.port, arguments=("--log-level", "debug"), top=top
            )
            self.gateway = stack.enter_context(running)
            self.stack = stack.pop_all()

    def policies(self, stack):
        relay = stack.enter_context(Oidc(emits_iss=True, registers=False))
        names = ("shared", "second")
        relay.add_client(rows.CLIENT, [self.callback(name) for name in names], SECRET)
        for name in names:
            self.fakes[name] = relay
            policy = rows.oidc("relay", SHARED)(relay, self.resource(name))
            client = {"clientId": rows.CLIENT, "clientSecret": SECRET}
            yield name, {**policy, **client, "keys": KEYS, "clients": CLIENTS}
        names = ("broker", "broker2")
        github = GitHub(redirect_uris=tuple(self.callback(name) for name in names))
        stack.enter_context(github)
        for name in names:
            self.fakes[name] = github
            policy = rows.github_policy("broker")(github, self.resource(name))
            yield name, {**policy, "keys": KEYS, "clients": CLIENTS}
        opaque = stack.enter_context(Oidc(tokens="opaque"))
        self.fakes["opaque"] = opaque
        client, secret = opaque.introspection_client
        profile = {
            "registration": {"kind": "native"},
            "verify": {"kind": "introspection"},
            "introspection": {"clientId": client, "clientSecret": secret},
        }
        yield "opaque", rows.oidc("direct", profile)(opaque, self.resource("opaque"))

    def resource(self, name):
        return f"{self.url}/{name}/mcp"

    def callback(self, name):
        return self.resource(name) + "/callback"

    def output(self):
        return "".join(self.gateway.lines) + self.gateway.error_text

    def stop(self):
        self.stack.close()


def at_provider(site, name, page):
    """Whether a page of a browser leads on to the provider of a route."""
    return (page.location or "").startswith(site.fakes[name].url)


def no_redirect(page_or_answer):
    """An error page, and nothing to follow."""
    status = page_or_answer.status
    assert 400 <= status < 500, page_or_answer
    found = getattr(page_or_answer, "fields", None) or page_or_answer.headers.items()
    assert [value for key, value in found if key.lower() == "location"] == []
