import GatehouseJSON

/// How metadata and OAuth endpoints are answered: methods, CORS, caching.
enum DocumentResponse {
    /// Shown to a browser of any origin: these documents are public (RFC 9728 §3, G30, G102).
    private static let anyOrigin = (name: "access-control-allow-origin", value: "*")
    /// What a browser may send; `*` covers the rest, but never `Authorization` (Fetch §CORS).
    private static let allowedHeaders =
        "authorization, content-type, accept, mcp-protocol-version, mcp-session-id, *"
    /// Seconds for which a metadata document may be cached (G35).
    static let maximumAge = 300

    /// The methods of an endpoint, as `Allow` lists them.
    struct Methods: Sendable, Equatable {
        let names: [String]
        /// Whether scripts of any origin may use it.
        var isOpen = true
        var text: String { names.joined(separator: ", ") }

        static let document = Methods(names: ["GET", "HEAD", "OPTIONS"])
        static let submission = Methods(names: ["POST", "OPTIONS"])
        /// Pages are a browser's own: no other origin may read them (G105).
        static let page = Methods(names: ["GET", "HEAD", "POST", "OPTIONS"], isOpen: false)
        static let answer = Methods(names: ["GET", "HEAD", "OPTIONS"], isOpen: false)

        /// The methods of what a path is for.
        static func of(_ kind: WellKnownKind) -> Methods {
            switch kind {
            case .protectedResource, .authorizationServer, .keySet: document
            case .registration, .token, .revocation: submission
            case .authorize: page
            case .callback: answer
            }
        }
    }

    /// The answer to OPTIONS, with or without a preflight's fields.
    static func options(_ methods: Methods) -> LocalResponse {
        guard methods.isOpen else {
            return LocalResponse(
                status: 204, fields: [("allow", methods.text), ("cache-control", "no-store")],
                body: [], reason: "options")
        }
        return LocalResponse(
            status: 204,
            fields: [
                ("allow", methods.text), anyOrigin,
                ("access-control-allow-methods", methods.text),
                ("access-control-allow-headers", allowedHeaders),
                ("access-control-max-age", "3600"), ("cache-control", "no-store"),
            ], body: [], reason: "preflight")
    }

    /// 405 with `Allow` (RFC 9110 §15.5.6).
    static func methodNotAllowed(_ methods: Methods) -> LocalResponse {
        var response = LocalResponse.problem(
            405, "this path answers \(methods.text)", reason: "method not allowed")
        response.fields.append(("allow", methods.text))
        return methods.isOpen ? open(response) : response
    }

    /// 200 with a document that this policy built.
    static func document(_ value: JSONValue, reason: String) -> LocalResponse {
        document(
            bytes: value.serializedBytes(.compact), cacheControl: "public, max-age=\(maximumAge)",
            reason: reason)
    }

    /// 200 with the bytes of a document.
    static func document(
        bytes: [UInt8], cacheControl: String, reason: String
    ) -> LocalResponse {
        LocalResponse(
            status: 200,
            fields: [
                ("content-type", "application/json"), ("cache-control", cacheControl), anyOrigin,
            ], body: bytes, reason: reason)
    }

    /// `response` made readable to a browser of any origin.
    static func open(_ response: LocalResponse) -> LocalResponse {
        var response = response
        if response.field(anyOrigin.name) == nil { response.fields.append(anyOrigin) }
        return response
    }

    /// 404 JSON for a path under a claim that is no resource (G31).
    static func notFound() -> LocalResponse {
        open(.problem(404, "no metadata is served here", reason: "no such metadata"))
    }
}
