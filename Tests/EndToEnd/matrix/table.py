"""Every row. A new mode or provider has its rows here, or the matrix is not complete."""

from matrix.rows import (
    ENTRA_CHECKS,
    GITHUB_CHECKS,
    OWN_SECRET,
    RELAY_CHECKS,
    Row,
    browsers_come_once,
    callbacks_are_the_gateways,
    entra_policy,
    entra_with,
    github_policy,
    github_with,
    keycloak,
    of,
    oidc,
    pkce_reaches_the_provider,
    with_client,
)
from providers.keycloak import Keycloak
from providers.oidc import Oidc

MODES = ("direct", "mediated", "relay", "broker")
PROVIDERS = ("keycloak", "entra", "github", "oidc")

NO_AUDIENCE = (
    "GitHub's tokens are opaque and bound to no audience: only tokens of the gateway's own can be"
)

ROWS = (
    Row(
        "direct",
        "keycloak",
        of(Keycloak, version=(26, 8), resource_feature=True),
        keycloak("direct", version="26.8", features=["resource-indicators"]),
        "26.8",
    ),
    Row(
        "direct",
        "keycloak",
        of(Keycloak),
        keycloak("direct", version="26.5"),
        "26.5",
        refused="this version does not serve MCP clients directly: it answers client_secret_basic"
        " to public clients that register, until 26.6",
    ),
    Row(
        "direct",
        "entra",
        entra_with,
        entra_policy("direct"),
        refused="Entra cannot serve MCP clients directly: its metadata lack S256, it takes no"
        " registration, and it refuses the resource parameter that clients send",
    ),
    Row(
        "direct",
        "github",
        github_with,
        github_policy("direct"),
        refused=NO_AUDIENCE,
    ),
    Row(
        "direct",
        "oidc",
        of(Oidc, emits_iss=True),
        oidc("direct", {"registration": {"kind": "native"}}),
        is_sample=True,
    ),
    Row(
        "mediated",
        "keycloak",
        of(Keycloak, emits_iss=False),
        keycloak("mediated", issInResponses=False),
        "without iss",
        checks=(pkce_reaches_the_provider,),
    ),
    Row(
        "mediated",
        "keycloak",
        of(Keycloak),
        keycloak("mediated"),
        "with iss",
        refused="Keycloak sends iss, and a client that knows the gateway as issuer refuses it"
        " (RFC 9207 §2.4)",
    ),
    Row(
        "mediated",
        "entra",
        entra_with,
        entra_policy("mediated"),
        checks=ENTRA_CHECKS,
        is_sample=True,
    ),
    Row(
        "mediated",
        "github",
        github_with,
        github_policy("mediated"),
        refused=NO_AUDIENCE,
    ),
    Row(
        "mediated",
        "oidc",
        of(Oidc),
        oidc("mediated", {"emitsIss": "never"}),
        "without iss",
        checks=(pkce_reaches_the_provider,),
    ),
    Row(
        "mediated",
        "oidc",
        of(Oidc, emits_iss=True),
        oidc("mediated", {"emitsIss": "always"}),
        "with iss",
        refused="the provider sends iss, and a client that knows the gateway as issuer refuses it",
    ),
    Row(
        "relay",
        "keycloak",
        of(Keycloak),
        keycloak("relay"),
        checks=RELAY_CHECKS,
        is_sample=True,
    ),
    Row(
        "relay",
        "entra",
        entra_with,
        entra_policy("relay"),
        checks=(*ENTRA_CHECKS, callbacks_are_the_gateways, browsers_come_once),
    ),
    Row(
        "relay",
        "github",
        github_with,
        github_policy("relay"),
        refused=NO_AUDIENCE,
    ),
    # As Google: `iss` at the callback, and no word of it in the metadata.
    Row(
        "relay",
        "oidc",
        of(Oidc, emits_iss=True, advertises_iss=False),
        oidc("relay"),
        checks=RELAY_CHECKS,
    ),
    Row(
        "broker",
        "keycloak",
        with_client(Keycloak),
        keycloak("broker"),
        checks=(*RELAY_CHECKS, OWN_SECRET),
    ),
    Row(
        "broker",
        "entra",
        entra_with,
        entra_policy("broker"),
        checks=(*ENTRA_CHECKS, callbacks_are_the_gateways),
    ),
    Row(
        "broker",
        "github",
        github_with,
        github_policy("broker"),
        checks=GITHUB_CHECKS,
        is_sample=True,
    ),
    Row(
        "broker",
        "oidc",
        with_client(Oidc, tokens="opaque", audience="client"),
        oidc("broker", {"verify": {"identity": "userinfo"}}),
        "opaque",
        checks=(*RELAY_CHECKS, OWN_SECRET),
    ),
)


def missing(rows=ROWS):
    """Pairs of mode and provider that have no row."""
    known = {(row.mode, row.provider) for row in rows}
    return [(m, p) for m in MODES for p in PROVIDERS if (m, p) not in known]
