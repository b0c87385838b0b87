import GatehouseJSON
import GatehousePluginKit

/// The policy's configuration, read and checked.
struct CorsConfiguration: Sendable, Equatable {
    /// Which origins may read responses.
    enum Origins: Sendable, Equatable {
        /// Any: the literal `*` is sent.
        case any
        /// Serialised origins and patterns.
        case listed([String], [OriginPattern])
    }

    /// Names that a preflight may allow.
    enum Names: Sendable, Equatable {
        /// What was asked for.
        case any
        /// These, and what begins with one of the prefixes.
        case listed([String], prefixes: [String])
    }

    var origins = Origins.listed([], [])
    var methods = Names.listed([], prefixes: [])
    var headers = Names.listed([], prefixes: [])
    var exposed: [String] = []
    var allowsCredentials = false
    /// Seconds; nil leaves it to the browser.
    var maxAge: Int64?
    /// Whether a request of an origin that is not allowed goes on to the protected route.
    var forwardsDisallowed = false

    /// What `preset: mcp` adds: what MCP clients in a browser send and read (G103 to G105).
    enum MCP {
        static let methods = ["GET", "POST", "DELETE"]
        static let headers = [
            "authorization", "content-type", "accept", "mcp-protocol-version", "mcp-session-id",
            "last-event-id", "mcp-method", "mcp-name", "mcp-param-*", "dpop",
        ]
        static let exposed = [
            "www-authenticate", "mcp-session-id", "mcp-protocol-version", "last-event-id",
            "dpop-nonce",
        ]
    }

    /// Whether a page could send a token: without `authorization` in the list, browsers refuse.
    var allowsAuthorization: Bool {
        guard case .listed(let names, let prefixes) = headers else { return true }
        return names.contains("authorization")
            || prefixes.contains { "authorization".hasPrefix($0) }
    }

    /// Reads what the schema let pass.
    ///
    /// - Returns: the configuration, nil where an error is among the remarks.
    static func read(_ value: JSONValue) -> (CorsConfiguration?, [Diagnostic]) {
        var reader = CorsConfigurationReader(value: value)
        let configuration = reader.read()
        let isRefused = reader.remarks.contains { $0.isError }
        return (isRefused ? nil : configuration, reader.remarks)
    }

    /// The JSON Schema of the configuration.
    static let schema = #"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "cors",
          "description": "Lets pages of other origins read responses (the CORS protocol of the \#
        Fetch standard) and keeps foreign origins from a protected route.",
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "preset": {
              "description": "mcp adds the methods, request headers and exposed headers of MCP \#
        clients.",
              "enum": ["mcp"]
            },
            "allowOrigins": {
              "description": "Origins (https://app.example), patterns (https://*.example.org, \#
        http://localhost:*), null, or * for any.",
              "type": "array", "maxItems": 256,
              "items": {"type": "string", "minLength": 1, "maxLength": 512}
            },
            "allowMethods": {
              "description": "Methods that a preflight allows; * allows what is asked for.",
              "type": "array", "maxItems": 64,
              "items": {"type": "string", "minLength": 1, "maxLength": 64}
            },
            "allowHeaders": {
              "description": "Request headers that a preflight allows; a trailing * is a prefix \#
        (mcp-param-*), * alone allows what is asked for.",
              "type": "array", "maxItems": 256,
              "items": {"type": "string", "minLength": 1, "maxLength": 128}
            },
            "exposeHeaders": {
              "description": "Response headers that a page may read.",
              "type": "array", "maxItems": 256,
              "items": {"type": "string", "minLength": 1, "maxLength": 128}
            },
            "allowCredentials": {
              "description": "Whether cookies may be sent; not together with the origin *.",
              "type": "boolean", "default": false
            },
            "maxAge": {
              "description": "How long a browser keeps a preflight: 600, 600s, 10m, 1h30m.",
              "type": ["string", "integer"], "minimum": 0, "maximum": 31536000, "maxLength": 32
            },
            "disallowedOrigin": {
              "description": "What a request of another origin meets on a protected route: \#
        refuse answers 403 before authentication, forward lets it pass without CORS headers.",
              "enum": ["refuse", "forward"], "default": "refuse"
            }
          }
        }
        """#
}
