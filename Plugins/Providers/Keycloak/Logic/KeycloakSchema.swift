extension KeycloakConfiguration {
    /// The JSON Schema of `provider.keycloak`.
    static let schema = #"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "type": "object",
          "additionalProperties": false,
          "description": "The adapter for Keycloak 24 and later.",
          "properties": {
            "forwardScope": {
              "type": "boolean",
              "default": false,
              "description": "Pass the scope of a client's registration on. Keycloak refuses \#
        scopes that the realm does not list for registration, and before 26.8 gives a client that \#
        asked for scopes none of the realm's default ones, so that its tokens lack the audience."
            },
            "issInResponses": {
              "type": "boolean",
              "default": true,
              "description": "Whether Keycloak adds iss to authorization responses. It does, but \#
        for clients that have the attribute exclude.issuer.from.auth.response. Mediated delivery \#
        needs false, set for every client of the realm that is used here."
            },
            "version": {
              "type": "string", "pattern": "^[0-9]{1,4}([.][0-9]{1,4}){0,2}$",
              "description": "The server's version, such as 26.6. Direct delivery needs it."
            },
            "features": {
              "type": "array", "uniqueItems": true,
              "items": {"enum": ["cimd", "resource-indicators"]},
              "description": "What the server was started with by --features."
            },
            "endpoints": {
              "type": "object", "additionalProperties": false,
              "description": "URLs that replace those of the realm's document.",
              "properties": {
                "authorization": {"type": "string", "format": "uri"},
                "token": {"type": "string", "format": "uri"},
                "registration": {"type": "string", "format": "uri"},
                "jwks": {"type": "string", "format": "uri"},
                "introspection": {"type": "string", "format": "uri"},
                "revocation": {"type": "string", "format": "uri"},
                "userinfo": {"type": "string", "format": "uri"}
              }
            },
            "initialAccessToken": {
              "type": "string", "format": "gatehouse-secret",
              "description": "An initial access token of the realm: registrations are sent with \#
        it, and the policies for anonymous ones do not apply."
            },
            "tokenIssuer": {
              "oneOf": [
                {"type": "string", "format": "uri"},
                {
                  "type": "array", "minItems": 1, "maxItems": 4, "uniqueItems": true,
                  "items": {"type": "string", "format": "uri"}
                }
              ],
              "description": "What iss is, beside issuer, where the gateway reaches the realm by \#
        another host than browsers do."
            },
            "audienceFallback": {
              "type": "object", "additionalProperties": false, "minProperties": 1,
              "description": "What binds a token that names none of the audiences in aud. \#
        Without it such a token is refused.",
              "properties": {
                "azp": {
                  "oneOf": [
                    {"const": true},
                    {
                      "type": "array", "minItems": 1, "maxItems": 64, "uniqueItems": true,
                      "items": {"type": "string", "minLength": 1}
                    }
                  ],
                  "description": "Tokens of these clients are taken; true: those of clientId. \#
        They are then bound to a client, not to this gateway."
                },
                "resourceAccess": {
                  "type": "string", "minLength": 1,
                  "description": "Tokens that carry roles of this client (resource_access) are \#
        taken."
                }
              }
            },
            "resource": {
              "enum": ["pass", "drop", "scope"],
              "default": "pass",
              "description": "What becomes of resource (RFC 8707), which Keycloak ignores unless \#
        the feature resource-indicators is on: passed on, left out, or replaced by the client \#
        scope of resourceScopes."
            },
            "resourceScopes": {
              "type": "object", "minProperties": 1,
              "additionalProperties": {"type": "string", "minLength": 1, "pattern": "^[^ ]+$"},
              "description": "From a resource to the optional client scope that holds its \#
        audience mapper."
            },
            "groupsClaim": {
              "type": "string", "minLength": 1, "default": "groups",
              "description": "The claim that the realm's group membership mapper writes."
            }
          }
        }
        """#
}
