/// The JSON Schema (2020-12) of the policy's configuration.
///
/// The host validates against it first, so the reader of ``Configuration`` meets values of these
/// shapes only; what a schema cannot say (an issuer that is no URL) is checked there.
enum ConfigurationSchema {
    static let text = #"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "mcpAuthentication",
          "description": "Requires an OAuth access token (JWT) as the MCP authorization \#
        specification says, and serves the metadata documents that clients discover it by.",
          "type": "object",
          "additionalProperties": false,
          "required": ["issuer", "audiences", "resourceMetadata"],
          "properties": {
            "mode": {
              "description": "strict: a valid token is required. optional: none is accepted, a \#
        bad one refused. permissive: nothing is refused.",
              "enum": ["strict", "optional", "permissive"],
              "default": "strict"
            },
            "issuer": {
              "description": "The authorization server's issuer identifier; the iss claim must \#
        equal it exactly.",
              "type": "string", "minLength": 1, "maxLength": 2048
            },
            "audiences": {
              "description": "The aud claim must name one of these. An empty list switches the \#
        check off.",
              "type": "array", "maxItems": 64,
              "items": {"type": "string", "minLength": 1, "maxLength": 2048}
            },
            "jwks": {
              "description": "Where the signing keys are: a URL, a file that is watched, or the \#
        key set itself. Without it the keys are found by the issuer's discovery document.",
              "oneOf": [
                {
                  "type": "object", "additionalProperties": false, "required": ["url"],
                  "properties": {"url": {"type": "string", "minLength": 1, "maxLength": 2048}}
                },
                {
                  "type": "object", "additionalProperties": false, "required": ["file"],
                  "properties": {"file": {"type": "string", "minLength": 1, "maxLength": 4096, \#
        "format": "gatehouse-file"}}
                },
                {
                  "type": "object", "additionalProperties": false, "required": ["inline"],
                  "properties": {"inline": {"type": ["string", "object"]}}
                },
                {
                  "type": "object", "additionalProperties": false, "required": ["keys"],
                  "properties": {"keys": {"type": "array", "items": {"type": "object"}}}
                },
                {"type": "string", "minLength": 2}
              ]
            },
            "provider": {
              "description": "A provider adapter by name, with its configuration: {keycloak: \#
        {}}. Without it the authorization server speaks for itself.",
              "type": "object", "format": "gatehouse-provider",
              "minProperties": 1, "maxProperties": 1, "additionalProperties": {"type": "object"}
            },
            "delivery": {
              "description": "direct: the issuer's own metadata. mediated: the gateway's \#
        metadata, registration, authorize redirect and token endpoint. relay: the provider \#
        redirects to the gateway as well. broker: the gateway issues tokens of its own. Default: \#
        the adapter's, or direct.",
              "enum": ["direct", "mediated", "relay", "broker"]
            },
        \#(clients),
            "resourceMetadata": {
              "description": "Members of the protected-resource metadata (RFC 9728), served as \#
        written; top-level names may be camelCase.",
              "type": "object"
            },
            "clientId": {
              "description": "A client that was registered at the provider by hand; \#
        registration answers with it.",
              "type": "string", "minLength": 1, "maxLength": 1024
            },
            "clientSecret": {
              "description": "Its secret, added by the token endpoint of mediated delivery for \#
        this client only.",
              "type": "string", "format": "gatehouse-secret"
            },
            "authorizationLocation": {
              "description": "Where the token is read. Default: the Authorization field with \#
        the prefix Bearer.",
              "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": \#
        false,
              "properties": {
                "header": {
                  "type": "object", "additionalProperties": false, "required": ["name"],
                  "properties": {
                    "name": {"type": "string", "minLength": 1, "maxLength": 256},
                    "prefix": {"type": "string", "maxLength": 256}
                  }
                },
                "queryParameter": {
                  "type": "object", "additionalProperties": false, "required": ["name"],
                  "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 256}}
                },
                "cookie": {
                  "type": "object", "additionalProperties": false, "required": ["name"],
                  "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 256}}
                },
                "expression": {"type": "string"}
              }
            },
            "jwtValidationOptions": {
              "type": "object", "additionalProperties": false,
              "properties": {
                "requiredClaims": {
                  "description": "Which of exp, nbf, aud, iss, sub must be present; other names \#
        have no effect.",
                  "type": "array", "items": {"type": "string"}, "default": ["exp"]
                }
              }
            },
            "leeway": {
              "description": "The clock difference that exp and nbf allow, at most 5m.",
              "type": "string", "default": "60s"
            },
        \#(broker),
            \#(tokens)
          }
        }
        """#
}
