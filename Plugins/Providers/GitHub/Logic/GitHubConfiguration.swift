import GatehouseJSON

/// The value of `provider.github`.
struct GitHubConfiguration: Sendable, Hashable {
    /// What GitHub is asked for; the gateway's own scopes never reach it.
    var scopes: [String]
    /// Logins that are let in, in lower case; nil: the list is not asked.
    var allowedUsers: [String]?
    /// Organizations whose members are let in, in lower case; nil: the list is not asked.
    var allowedOrganizations: [String]?
    /// Whether the user's organizations are read as groups.
    var readsOrganizations: Bool
    /// Whether GitHub is asked if a token is of the gateway's application.
    var checksApplication: Bool
    /// Whether the page of GitHub offers to make an account.
    var allowsSignup: Bool
    /// Host, with its port, of GitHub Enterprise; nil: the issuer's.
    var host: String?
    /// Endpoints in place of those that follow from the host.
    var endpoints: JSONObject

    init(_ value: JSONValue = [:]) {
        func texts(_ member: String) -> [String]? {
            value[member]?.arrayValue?.compactMap(\.stringValue)
        }
        scopes = texts("scopes") ?? ["read:user"]
        allowedUsers = texts("allowedUsers")?.map { $0.lowercased() }
        allowedOrganizations = texts("allowedOrganizations")?.map { $0.lowercased() }
        readsOrganizations =
            allowedOrganizations != nil || value["organizations"]?.boolValue == true
        checksApplication = value["checkApplication"]?.boolValue ?? false
        allowsSignup = value["allowSignup"]?.boolValue ?? true
        host = value["host"]?.stringValue
        endpoints = value["endpoints"]?.objectValue ?? JSONObject()
    }

    static let schema = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "type": "object",
          "additionalProperties": false,
          "description": "The adapter for GitHub and GitHub Enterprise.",
          "properties": {
            "scopes": {
              "type": "array", "maxItems": 64,
              "items": {"type": "string", "pattern": "^[!#-\\\\[\\\\]-~]+$", "maxLength": 256},
              "default": ["read:user"],
              "description": "What GitHub is asked for. The scopes that MCP clients ask for are \
        the gateway's own and never reach GitHub. An empty list for a GitHub App, whose \
        permissions stand in its registration."
            },
            "allowedUsers": {
              "type": "array", "minItems": 1, "maxItems": 1024,
              "items": {"type": "string", "minLength": 1, "maxLength": 256},
              "description": "Logins that are let in. With allowedOrganizations too, one of the \
        two is enough."
            },
            "allowedOrganizations": {
              "type": "array", "minItems": 1, "maxItems": 256,
              "items": {"type": "string", "minLength": 1, "maxLength": 256},
              "description": "Organizations whose members are let in. Needs the scope read:org."
            },
            "organizations": {
              "type": "boolean", "default": false,
              "description": "Read the user's organizations as groups; on where \
        allowedOrganizations is set. Needs the scope read:org."
            },
            "checkApplication": {
              "type": "boolean", "default": false,
              "description": "Ask GitHub with each sign-in and refresh whether the token was \
        issued to this application."
            },
            "allowSignup": {
              "type": "boolean", "default": true,
              "description": "Let GitHub's page offer to make an account."
            },
            "host": {
              "type": "string", "pattern": "^[A-Za-z0-9.-]+(:[0-9]{1,5})?$", "maxLength": 260,
              "description": "The host of GitHub Enterprise. Default: the issuer's."
            },
            "endpoints": {
              "type": "object", "additionalProperties": false,
              "description": "Endpoints in place of those that follow from the host: proxies, \
        tests.",
              "properties": {
                "authorization": {"type": "string", "format": "uri", "description": "Where \
        browsers are sent."},
                "token": {"type": "string", "format": "uri", "description": "Where codes are \
        redeemed."},
                "api": {"type": "string", "format": "uri", "description": "The root of the REST \
        API, without a slash at its end."}
              }
            }
          }
        }
        """
}
