import GatehouseJSON

/// The way from `/authorize` to the provider.
enum AuthorizeRedirect {
    /// 302 to the provider's endpoint with these parameters (RFC 6749 §4.1.1).
    static func redirect(
        to endpoint: HTTPURL, _ pairs: FormPairs, status: Int = 302
    ) -> LocalResponse {
        var query = endpoint.query ?? ""
        if !query.isEmpty { query += "&" }
        query += pairs.encoded
        return ClientRedirect.response(
            to: endpoint.origin + endpoint.path + "?" + query, status: status,
            reason: "authorize")
    }
}

/// What the browser takes to the provider: the client's parameters as the adapter changed them
/// (`authorize_request/0`), with what the caller sets whatever the adapter wrote.
struct UpstreamAuthorization: Sendable, Equatable {
    /// The client at the provider.
    var clientID: String
    /// `nil` leaves the client's own (mediated).
    var callback: String?
    var state: String?
    /// Broker: the gateway's own challenge.
    var challenge: String?
    /// The resource that the request is for.
    var resource: String?
    var scopes: [String] = []

    /// The input of `authorize_request/0`.
    func hookInput(
        _ request: AuthorizationRequest, delivery: Delivery, document: JSONValue
    ) -> JSONValue {
        var input: JSONObject = [
            "params": .object(request.parameters), "delivery": .string(delivery.rawValue),
            "document": document, "client_id": .string(clientID),
            "scopes": .array(scopes.map { .string($0) }),
        ]
        input["resource"] = resource.map { .string($0) }
        return .object(input)
    }

    /// The pairs of the adapter's `params`, or of the request where it has none to say.
    func pairs(_ request: AuthorizationRequest, params: JSONObject?) -> FormPairs {
        var pairs = request.pairs
        if let params {
            pairs = FormPairs(
                params.compactMap { name, value in value.stringValue.map { (name, $0) } })
        }
        pairs.set("response_type", "code", inPlace: true)
        pairs.set("client_id", clientID, inPlace: true)
        if let callback { pairs.set("redirect_uri", callback, inPlace: true) }
        if let state { pairs.set("state", state, inPlace: true) }
        if let challenge {
            pairs.set("code_challenge", challenge, inPlace: true)
            pairs.set("code_challenge_method", "S256", inPlace: true)
        }
        return pairs
    }
}

/// An error of an OAuth endpoint.
struct OAuthFailure: Error, Sendable, Equatable {
    let status: Int
    let code: String
    let text: String

    init(_ code: String, _ text: String, status: Int = 400) {
        self.code = code
        self.text = text
        self.status = status
    }

    static func request(_ text: String) -> OAuthFailure { OAuthFailure("invalid_request", text) }

    /// As JSON (RFC 6749 §5.2).
    var response: LocalResponse {
        .oauthError(status, code, text, reason: "\(code): \(text)")
    }
}
