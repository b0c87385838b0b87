import GatehouseJSON

/// The value of `provider.entra`.
struct EntraConfiguration: Sendable, Hashable {
    /// What a claim names the user by.
    enum Subject: String, Sendable { case sub, oid }

    /// What stands before a scope's own name; `{clientId}` stands for the client.
    var scopePrefix: String
    /// The tenants whose users are let in, in lower case; nil: the issuer's own.
    var tenants: [String]?
    /// What is asked for where the client asks for no scope of the API.
    var defaultScopes: [String]
    /// The Origin of token requests, for redirect URIs of the platform "single-page application".
    var origin: String?
    /// Whether `prompt=consent` is passed on.
    var forwardsConsentPrompt: Bool
    /// Which claim is the subject.
    var subject: Subject
    /// Endpoints in place of those that follow from the issuer.
    var endpoints: JSONObject

    static let defaultScopePrefix = "api://\(placeholder)/"
    static let placeholder = "{clientId}"

    init(_ value: JSONValue = [:]) {
        func texts(_ member: String) -> [String]? {
            value[member]?.arrayValue?.compactMap(\.stringValue)
        }
        scopePrefix = value["scopePrefix"]?.stringValue ?? Self.defaultScopePrefix
        tenants = texts("tenants")?.map { $0.lowercased() }
        defaultScopes = texts("defaultScopes") ?? []
        origin = value["origin"]?.stringValue
        forwardsConsentPrompt = value["forwardConsentPrompt"]?.boolValue ?? false
        subject = value["subject"]?.stringValue.flatMap(Subject.init(rawValue:)) ?? .sub
        endpoints = value["endpoints"]?.objectValue ?? JSONObject()
    }

    /// The URL of an endpoint that the configuration names.
    func endpoint(_ name: String) -> String? { endpoints[name]?.stringValue }

    static let schema = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "type": "object",
          "additionalProperties": false,
          "description": "The adapter for Microsoft Entra ID.",
          "properties": {
            "scopePrefix": {
              "type": "string", "pattern": "^[!-~]+/$", "maxLength": 1024,
              "default": "api://{clientId}/",
              "description": "What Entra wants before a scope's name: the Application ID URI of \
        the API and a slash. Clients see names without it. {clientId} stands for the policy's \
        clientId."
            },
            "tenants": {
              "type": "array", "minItems": 1, "maxItems": 256,
              "items": {"type": "string", "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-\
        [0-9A-Fa-f]{12}$"},
              "description": "Ids of the tenants whose users are let in. Needed where the issuer \
        is of common or organizations."
            },
            "defaultScopes": {
              "type": "array", "maxItems": 64,
              "items": {"type": "string", "pattern": "^[!#-\\\\[\\\\]-~]+$", "maxLength": 256},
              "default": [],
              "description": "Scopes that are asked for where a client asks for none of the API. \
        Without it: .default, whatever was consented to."
            },
            "origin": {
              "type": "string", "format": "uri", "maxLength": 1024,
              "description": "The Origin field of token requests. Needed where the redirect URIs \
        are registered for the platform Single-page application; no secret is sent then."
            },
            "forwardConsentPrompt": {
              "type": "boolean", "default": false,
              "description": "Pass prompt=consent on. Several clients send it with \
        offline_access; Entra then asks again, and refuses users who may not consent themselves."
            },
            "subject": {
              "enum": ["sub", "oid"], "default": "sub",
              "description": "The claim that names the user: sub differs by application, oid is \
        the same in all applications of a tenant."
            },
            "endpoints": {
              "type": "object", "additionalProperties": false,
              "description": "Endpoints in place of those that follow from the issuer and its \
        metadata: sovereign clouds behind a proxy, tests.",
              "properties": {
                "metadata": {"type": "string", "format": "uri", "description": "The OpenID \
        Connect metadata."},
                "authorization": {"type": "string", "format": "uri", "description": "Where \
        browsers are sent."},
                "token": {"type": "string", "format": "uri", "description": "Where codes are \
        redeemed."},
                "jwks": {"type": "string", "format": "uri", "description": "The key set."}
              }
            }
          }
        }
        """
}
