extension OidcProfile {
    /// Where metadata are, whose tokens are taken, how clients register.
    static let discovery = #"""
        "endpoints": {
          "type": "object", "additionalProperties": false,
          "description": "URLs that replace those of the provider's document.",
          "properties": {
            "authorization": {"$ref": "#/$defs/url"}, "token": {"$ref": "#/$defs/url"},
            "registration": {"$ref": "#/$defs/url"}, "jwks": {"$ref": "#/$defs/url"},
            "introspection": {"$ref": "#/$defs/url"}, "revocation": {"$ref": "#/$defs/url"},
            "userinfo": {"$ref": "#/$defs/url"}
          }
        },
        "discovery": {
          "type": "object", "additionalProperties": false,
          "properties": {
            "urls": {
              "type": "array", "maxItems": 8, "uniqueItems": true,
              "items": {"$ref": "#/$defs/text"},
              "description": "Where the documents are; {issuer}, {base} (without slashes at its \#
        end), {origin} and {path} are filled in. Empty: there is none, and endpoints says all."
            },
            "merge": {
              "enum": ["first", "merge"], "default": "first",
              "description": "The first good document, or all of them, the earlier ones first."
            }
          }
        },
        "issuers": {
          "type": "object", "additionalProperties": false, "minProperties": 1,
          "properties": {
            "document": {
              "$ref": "#/$defs/oneOrMore",
              "description": "What the document's issuer may be; default: the configured one."
            },
            "tokens": {
              "type": "array", "minItems": 1, "maxItems": 16,
              "description": "What iss may be; default: the configured issuer.",
              "items": {
                "oneOf": [
                  {"$ref": "#/$defs/text"},
                  {
                    "type": "object", "additionalProperties": false,
                    "required": ["issuer", "claim", "values"],
                    "properties": {
                      "issuer": {"$ref": "#/$defs/text"}, "claim": {"$ref": "#/$defs/text"},
                      "values": {
                        "type": "array", "minItems": 1, "maxItems": 64,
                        "items": {"$ref": "#/$defs/text"}
                      }
                    }
                  }
                ]
              }
            }
          }
        },
        "metadata": {
          "type": "object", "additionalProperties": false,
          "description": "What is changed in the document for clients.",
          "properties": {
            "set": {"type": "object"},
            "addTo": {"type": "object", "additionalProperties": {"type": "array"}},
            "remove": {"$ref": "#/$defs/names"}
          }
        },
        "registration": {
          "type": "object", "additionalProperties": false,
          "properties": {
            "kind": {
              "enum": ["native", "proxy", "emulate", "none"], "default": "proxy",
              "description": "native: clients register at the provider; proxy: through the \#
        gateway; emulate: the gateway registers them, all share clientId; none: not at all."
            },
            "drop": {"$ref": "#/$defs/names"},
            "authMethod": {
              "enum": ["none", "client_secret_basic", "client_secret_post"],
              "description": "The method that every client registers with."
            },
            "fixed": {"type": "object", "description": "Members that every registration has."},
            "token": {
              "type": "string", "format": "gatehouse-secret",
              "description": "What registrations are sent with in the Authorization field."
            },
            "tokenPrefix": {
              "type": "string", "default": "Bearer ",
              "description": "What stands before the token, such as 'SSWS '."
            }
          }
        }
        """#

    /// What goes to the provider.
    static let requests = #"""
        "authorize": {
          "type": "object", "additionalProperties": false,
          "properties": {
            "drop": {"$ref": "#/$defs/names"},
            "rename": {"$ref": "#/$defs/texts"},
            "set": {"$ref": "#/$defs/texts"},
            "scope": {
              "type": "object", "additionalProperties": false,
              "properties": {
                "prefix": {
                  "type": "string",
                  "description": "What the provider wants before every scope but those of OpenID \#
        Connect; clients, tokens' scopes and requiredScopes are without it."
                },
                "add": {"$ref": "#/$defs/names"},
                "strip": {"$ref": "#/$defs/names"}
              }
            },
            "resource": {
              "enum": ["pass", "drop", "audience", "scope"], "default": "pass",
              "description": "What becomes of resource (RFC 8707): passed on, left out, named \#
        audience, or replaced by the scope of resourceMap."
            },
            "resourceMap": {
              "$ref": "#/$defs/texts",
              "description": "From a resource to what the provider knows it by."
            }
          }
        },
        "token": {
          "type": "object", "additionalProperties": false,
          "properties": {
            "same": {
              "type": "boolean", "default": true,
              "description": "Treat resource, authorize.drop and authorize.rename at the token \#
        endpoint as at the authorization endpoint."
            },
            "repeatResource": {
              "type": "boolean", "default": false,
              "description": "Send the resource of the authorization where the client leaves it \#
        out."
            },
            "drop": {"$ref": "#/$defs/names"},
            "set": {"$ref": "#/$defs/texts"},
            "clientAuth": {
              "enum": ["none", "basic", "post", "privateKeyJwt"],
              "description": "How the policy's client authenticates itself. Default: post where \#
        the provider lists it, else basic."
            },
            "accept": {"type": "string", "default": "application/json"},
            "scopeOnCode": {"type": "boolean", "default": false},
            "scopeOnRefresh": {"type": "boolean", "default": false}
          }
        }
        """#

    /// What a token is, and what binds it.
    static let tokens = #"""
        "verify": {
          "type": "object", "additionalProperties": false,
          "properties": {
            "kind": {
              "description": "jwt, introspection (RFC 7662) or probe (userinfo); jwt and another \#
        one together tell by the token's shape. Default: jwt.",
              "oneOf": [
                {"enum": ["jwt", "introspection", "probe"]},
                {
                  "type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": true,
                  "items": {"enum": ["jwt", "introspection", "probe"]}
                }
              ]
            },
            "algorithms": {
              "type": "array", "minItems": 1, "uniqueItems": true,
              "items": {
                "enum": [
                  "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", \#
        "ES512", "EdDSA"
                ]
              }
            },
            "types": {
              "type": "array", "minItems": 1, "items": {"type": ["string", "null"]},
              "description": "What typ of the header may be; null: it may be missing."
            },
            "rejectIf": {
              "type": "array", "maxItems": 16,
              "description": "What an access token never has. Default: nonce, at_hash, c_hash.",
              "items": {
                "oneOf": [
                  {"$ref": "#/$defs/text"},
                  {
                    "type": "object", "additionalProperties": false, "required": ["claim"],
                    "minProperties": 2,
                    "properties": {
                      "claim": {"$ref": "#/$defs/path"},
                      "is": {"type": "array", "minItems": 1},
                      "isNot": {"type": "array", "minItems": 1}
                    }
                  }
                ]
              }
            },
            "identity": {
              "enum": ["idToken", "accessToken", "userinfo"], "default": "idToken",
              "description": "Where the user is read in broker delivery."
            }
          }
        },
        "introspection": {
          "type": "object", "additionalProperties": false,
          "properties": {
            "url": {"$ref": "#/$defs/url"},
            "clientAuth": {"enum": ["none", "basic", "post", "bearer"], "default": "basic"},
            "clientId": {"$ref": "#/$defs/text"},
            "clientSecret": {"type": "string", "format": "gatehouse-secret"}
          }
        },
        "audience": {
          "type": "array", "minItems": 1, "maxItems": 8,
          "description": "What binds a token; one that holds is enough. Default: aud names one of \#
        the policy's audiences.",
          "items": {
            "type": "object", "additionalProperties": false, "required": ["claim"],
            "properties": {
              "claim": {"$ref": "#/$defs/path"},
              "anyOf": {
                "$ref": "#/$defs/oneOrMore",
                "description": "Values; {audiences} stands for the policy's audiences, \#
        {config.clientId} and {resource} are filled in. Default: {audiences}."
              },
              "bound": {
                "type": "boolean",
                "description": "Whether this binds the token to the gateway. Default: no where \#
        only the client is compared."
              }
            }
          }
        },
        "claims": {
          "type": "object", "additionalProperties": false,
          "description": "Where the claims are looked for, in order. Empty: nowhere.",
          "properties": {
            "subject": {"$ref": "#/$defs/paths"}, "clientId": {"$ref": "#/$defs/paths"},
            "scopes": {"$ref": "#/$defs/paths"}, "groups": {"$ref": "#/$defs/paths"},
            "roles": {"$ref": "#/$defs/paths"}, "tenant": {"$ref": "#/$defs/paths"}
          }
        }
        """#
}
