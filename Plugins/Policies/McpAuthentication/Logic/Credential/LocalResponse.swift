import GatehouseJSON

/// A response that the policy gives by itself.
struct LocalResponse: Sendable, Equatable {
    var status: Int
    /// Field names are in lower case.
    var fields: [(name: String, value: String)]
    var body: [UInt8]
    /// Why, for the log; never a secret, never the token.
    var reason: String

    static func == (left: LocalResponse, right: LocalResponse) -> Bool {
        left.status == right.status && left.body == right.body && left.reason == right.reason
            && left.fields.map(\.name) == right.fields.map(\.name)
            && left.fields.map(\.value) == right.fields.map(\.value)
    }

    /// The first value of the field `name`, given in lower case.
    func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}

extension LocalResponse {
    /// A JSON body of the given media type; `no-store` unless said otherwise.
    static func json(
        _ status: Int, _ value: JSONValue, type: String = "application/json",
        cacheControl: String = "no-store", reason: String
    ) -> LocalResponse {
        LocalResponse(
            status: status,
            fields: [("content-type", type), ("cache-control", cacheControl)],
            body: value.serializedBytes(.compact), reason: reason)
    }

    /// The 401 of a protected route, with agentgateway's body (G01, G02, G16, G17).
    static func unauthorized(_ challenge: Challenge, reason: String) -> LocalResponse {
        var response = json(
            401,
            ["error": "unauthorized", "error_description": "JWT token required"],
            reason: reason)
        response.fields.append(("www-authenticate", challenge.text))
        return response
    }

    /// 403 for a good token that lacks a scope (G07, RFC 6750 §3.1).
    static func insufficientScope(_ challenge: Challenge) -> LocalResponse {
        var response = json(
            403,
            [
                "error": .string(BearerError.insufficientScope.rawValue),
                "error_description": .string(BearerError.insufficientScope.text),
            ], reason: "insufficient scope")
        response.fields.append(("www-authenticate", challenge.text))
        return response
    }

    /// 503 for a token that its issuer cannot be asked about now: the client keeps it and comes
    /// back (identity-providers §4.13).
    static func issuerUnavailable(retryAfter: Int, reason: String) -> LocalResponse {
        problem(
            503, "the issuer of the token cannot be asked about it", retryAfter: retryAfter,
            reason: reason)
    }

    /// 400 for more than one credential (G06), still with the challenge.
    static func ambiguous(_ challenge: Challenge) -> LocalResponse {
        var response = problem(
            400, "the request carries more than one credential", reason: "several credentials")
        response.fields.append(("www-authenticate", challenge.text))
        return response
    }

    /// `application/problem+json` (RFC 9457).
    static func problem(
        _ status: Int, _ detail: String, retryAfter: Int? = nil, reason: String
    ) -> LocalResponse {
        let value: JSONValue = [
            "type": "about:blank", "title": .string(title(of: status)),
            "status": .number(JSONNumber(Int64(status))), "detail": .string(detail),
        ]
        var response = json(status, value, type: "application/problem+json", reason: reason)
        if let retryAfter { response.fields.append(("retry-after", String(retryAfter))) }
        return response
    }

    /// 503 for a token that cannot be judged, because no key set could be loaded.
    static func keysMissing(retryAfter: Int) -> LocalResponse {
        problem(
            503, "the keys that verify tokens are not available", retryAfter: retryAfter,
            reason: "no key set")
    }

    /// An error of an OAuth endpoint: registration or token (RFC 6749 §5.2, RFC 7591 §3.2.2).
    static func oauthError(
        _ status: Int, _ code: String, _ description: String, reason: String
    ) -> LocalResponse {
        json(
            status, ["error": .string(code), "error_description": .string(description)],
            reason: reason)
    }

    private static func title(of status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 429: "Too Many Requests"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "Error"
        }
    }
}
