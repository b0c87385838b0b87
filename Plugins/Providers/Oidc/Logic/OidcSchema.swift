extension OidcProfile {
    /// The JSON Schema of `provider.oidc`.
    static let schema = #"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "type": "object",
          "additionalProperties": false,
          "description": "What a provider does and lacks. A preset is a profile of a well-known \#
        provider; the keys written beside it are put over it, member by member.",
          "$defs": {
            "mode": {"enum": ["direct", "mediated", "relay", "broker"]},
            "url": {"type": "string", "format": "uri"},
            "text": {"type": "string", "minLength": 1},
            "names": {
              "type": "array", "maxItems": 64, "uniqueItems": true,
              "items": {"$ref": "#/$defs/text"}
            },
            "texts": {"type": "object", "additionalProperties": {"$ref": "#/$defs/text"}},
            "path": {
              "description": "The name of a claim, or the way to it through objects.",
              "oneOf": [
                {"$ref": "#/$defs/text"},
                {
                  "type": "array", "minItems": 1, "maxItems": 8,
                  "items": {"$ref": "#/$defs/text"}
                }
              ]
            },
            "paths": {"type": "array", "maxItems": 8, "items": {"$ref": "#/$defs/path"}},
            "oneOrMore": {
              "oneOf": [
                {"$ref": "#/$defs/text"},
                {
                  "type": "array", "minItems": 1, "maxItems": 8, "uniqueItems": true,
                  "items": {"$ref": "#/$defs/text"}
                }
              ]
            }
          },
          "properties": {
            "preset": {
              "enum": [
                "auth0", "authelia", "authentik", "canaille", "cognito", "dex", "glewlwyd", \#
        "hydra", "lemonldap", "logto", "okta", "zitadel"
              ],
              "description": "A profile to begin with."
            },
            "delivery": {
              "$ref": "#/$defs/mode",
              "description": "The mode where the policy names none. Default: mediated where \#
        emitsIss is never, else relay."
            },
            "deliveries": {
              "type": "array", "minItems": 1, "uniqueItems": true,
              "items": {"$ref": "#/$defs/mode"},
              "description": "The modes that this provider can be served in. Default: all."
            },
            "emitsIss": {
              "enum": ["always", "never", "maybe"], "default": "maybe",
              "description": "Whether authorization responses carry iss (RFC 9207), advertised or \#
        not."
            },
            "clientMetadataDocuments": {
              "enum": ["native", "emulate", "none"], "default": "emulate",
              "description": "Who resolves a client id that is a URL."
            },
            \#(discovery),
            \#(requests),
            \#(tokens)
          }
        }
        """#
}
