/// Profiles of well-known providers; the keys of the configuration are put over them.
///
/// Only what was read in the provider's source or documentation, captured, or measured with the
/// real server stands here; whether `iss` is sent is `maybe` where nobody has looked.
enum OidcPresets {
    static let texts: [String: String] = hosted.merging(selfHosted) { first, _ in first }

    private static let hosted = [
        // The issuer ends with a slash; iss is a tenant setting, and on where it was looked at.
        "auth0": """
        {"emitsIss": "always",
         "discovery": {"urls": ["{base}/.well-known/openid-configuration"]},
         "authorize": {"resource": "audience"},
         "verify": {"kind": "jwt", "algorithms": ["RS256", "PS256"], "types": ["JWT", "at+jwt"]},
         "claims": {"scopes": ["scope"], "roles": ["permissions"]}}
        """,
        // A custom authorization server; registration needs an administrator's token.
        "okta": """
        {"emitsIss": "maybe",
         "discovery": {"urls": ["{base}/.well-known/openid-configuration",
           "{base}/.well-known/oauth-authorization-server"], "merge": "merge"},
         "registration": {"kind": "emulate"},
         "authorize": {"resource": "drop"},
         "verify": {"kind": "jwt", "algorithms": ["RS256"], "types": [null, "JWT", "at+jwt"]},
         "claims": {"clientId": ["cid"], "scopes": ["scp"]}}
        """,
        // No typ, and no aud unless the resource was bound.
        "cognito": """
        {"emitsIss": "never",
         "discovery": {"urls": ["{base}/.well-known/openid-configuration"]},
         "registration": {"kind": "emulate"},
         "token": {"same": false, "drop": ["resource"]},
         "verify": {"kind": "jwt", "algorithms": ["RS256"], "types": [null, "JWT"],
           "rejectIf": [{"claim": "token_use", "isNot": ["access"]}]},
         "audience": [{"claim": "aud"}, {"claim": "client_id", "anyOf": "{config.clientId}"}],
         "claims": {"clientId": ["client_id"], "scopes": ["scope"], "groups": ["cognito:groups"]}}
        """,
        // The scope that asks for a project's audience stands in authorize.resourceMap.
        "zitadel": """
        {"emitsIss": "never",
         "discovery": {"urls": ["{base}/.well-known/openid-configuration"]},
         "registration": {"kind": "emulate"},
         "authorize": {"resource": "scope"},
         "verify": {"kind": ["jwt", "introspection"]},
         "claims": {"scopes": ["scope"], "roles": ["urn:zitadel:iam:org:project:roles"]}}
        """,
        "logto": """
        {"emitsIss": "always",
         "discovery": {"urls": ["{base}/.well-known/openid-configuration"]},
         "registration": {"kind": "emulate"},
         "authorize": {"resource": "pass"}, "token": {"repeatResource": true},
         "verify": {"kind": "jwt", "algorithms": ["ES384", "RS256"], "types": ["at+jwt"]},
         "claims": {"scopes": ["scope"]}}
        """,
    ]

    private static let selfHosted = [
        // The issuer ends with a slash; HS256 where the provider has no signing key is not taken.
        "authentik": """
        {"emitsIss": "maybe",
         "discovery": {"urls": ["{base}/.well-known/openid-configuration"]},
         "registration": {"kind": "emulate"},
         "authorize": {"resource": "drop"},
         "verify": {"kind": "jwt", "algorithms": ["RS256", "ES256"], "types": ["JWT"]},
         "audience": [{"claim": "aud", "anyOf": "{config.clientId}"}],
         "claims": {"clientId": ["azp", "aud"], "scopes": ["scope"]}}
        """,
        "authelia": """
        {"emitsIss": "always",
         "discovery": {"urls": ["{base}/.well-known/oauth-authorization-server",
           "{base}/.well-known/openid-configuration"], "merge": "merge"},
         "registration": {"kind": "emulate"},
         "verify": {"kind": ["jwt", "introspection"], "types": ["at+jwt"]}}
        """,
        // An access token has the shape of an ID token, at_hash and nonce included.
        "dex": """
        {"emitsIss": "never",
         "discovery": {"urls": ["{base}/.well-known/openid-configuration"]},
         "registration": {"kind": "emulate"},
         "authorize": {"resource": "drop",
           "scope": {"add": ["openid", "profile", "email"]}},
         "verify": {"kind": "jwt", "algorithms": ["RS256"], "types": [null, "JWT"],
           "rejectIf": ["c_hash"]},
         "audience": [{"claim": "aud", "anyOf": "{config.clientId}"}],
         "claims": {"clientId": ["azp", "aud"], "scopes": []}}
        """,
        // Introspection is on the administrator's port: introspection.url has to be written.
        "hydra": """
        {"emitsIss": "never",
         "discovery": {"urls": ["{base}/.well-known/oauth-authorization-server",
           "{base}/.well-known/openid-configuration"], "merge": "merge"},
         "authorize": {"resource": "audience"},
         "verify": {"kind": ["jwt", "introspection"], "types": [null, "JWT", "at+jwt"]},
         "introspection": {"clientAuth": "none"},
         "claims": {"scopes": ["scp", "scope"]}}
        """,
        // Registered as public a client fails; without the member it is public, and works.
        "glewlwyd": """
        {"emitsIss": "never",
         "discovery": {"urls": ["{base}/.well-known/openid-configuration"]},
         "registration": {"kind": "proxy", "drop": ["token_endpoint_auth_method"]},
         "verify": {"kind": "jwt", "algorithms": ["RS256"], "types": ["at+jwt"]},
         "claims": {"scopes": ["scope"]}}
        """,
        // The issuer ends with a slash; a login page stands at the place of RFC 8414.
        "lemonldap": """
        {"emitsIss": "never",
         "discovery": {"urls": ["{base}/.well-known/openid-configuration"]},
         "registration": {"kind": "emulate"},
         "authorize": {"resource": "drop", "scope": {"add": ["openid"]}},
         "verify": {"kind": ["jwt", "introspection"], "algorithms": ["RS256"], "types": ["JWT"]},
         "audience": [{"claim": "aud"}, {"claim": "aud", "anyOf": "{config.clientId}"},
           {"claim": "client_id", "anyOf": "{config.clientId}"}],
         "claims": {"scopes": ["scope"]}}
        """,
        // An access token names its client as audience, and no scope.
        "canaille": """
        {"emitsIss": "always",
         "discovery": {"urls": ["{base}/.well-known/oauth-authorization-server",
           "{base}/.well-known/openid-configuration"], "merge": "merge"},
         "registration": {"kind": "emulate"},
         "authorize": {"resource": "drop"},
         "verify": {"kind": "jwt", "algorithms": ["RS256"], "types": ["JWT"]},
         "audience": [{"claim": "aud", "anyOf": "{config.clientId}"}],
         "claims": {"clientId": ["client_id", "azp", "aud"], "scopes": []}}
        """,
    ]
}
