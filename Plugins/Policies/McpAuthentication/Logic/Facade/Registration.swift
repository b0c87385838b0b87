import GatehouseJSON

/// Dynamic client registration through the gateway (RFC 7591).
enum Registration {
    /// At most so many bytes of a request.
    static let maximumBytes: UInt64 = 64 * 1024

    /// Reads a request: one JSON object whose redirect URIs a browser may be sent to (G62, G63).
    static func read(
        _ body: [UInt8], policy: RedirectURIs = RedirectURIs()
    ) -> Result<JSONObject, OAuthFailure> {
        let limits = JSONLimits(maxBytes: Int(maximumBytes), maxDepth: 16, maxValues: 2000)
        guard let members = (try? JSONValue(parsing: body, limits: limits))?.objectValue else {
            return .failure(OAuthFailure("invalid_client_metadata", "the body is no JSON object"))
        }
        guard let listed = members["redirect_uris"] else { return .success(members) }
        let uris = listed.arrayValue?.compactMap(\.stringValue) ?? []
        guard uris.count == listed.arrayValue?.count, uris.allSatisfy(policy.isAcceptable) else {
            return .failure(
                OAuthFailure("invalid_redirect_uri", "a redirect URI is not acceptable"))
        }
        return .success(members)
    }

    /// The answer for the client that is configured: no request is made (agentgateway's mock).
    static func configured(_ clientID: String, _ request: JSONObject) -> LocalResponse {
        var members: JSONObject = [
            "client_id": .string(clientID), "client_id_issued_at": 0,
            "redirect_uris": request["redirect_uris"] ?? .array([]),
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"], "token_endpoint_auth_method": "none",
        ]
        for name in ["client_name", "application_type"] {
            if let value = request[name], value.stringValue != nil { members[name] = value }
        }
        return .json(201, .object(members), reason: "registration of the configured client")
    }

    /// The request to the provider's endpoint.
    static func plan(_ request: JSONObject, to endpoint: String, reaches: [Reach]) -> FetchPlan {
        var plan = FetchPlan(url: endpoint)
        plan.method = "POST"
        plan.fields.append(("content-type", "application/json"))
        plan.body = JSONValue.object(request).serializedBytes(.compact)
        plan.reaches = reaches
        plan.maximumBytes = 256 * 1024
        return plan
    }

    /// The provider's answer as RFC 7591 §3.2 wants it (G57 to G62): 201 with everything that was
    /// registered, numbers as integers, no nulls, and nothing that manages the client elsewhere.
    static func response(_ answer: FetchedAnswer, request: JSONObject) -> LocalResponse {
        if let failure = answer.failure {
            return .oauthError(
                502, "temporarily_unavailable", "the provider cannot be reached",
                reason: "registration: \(failure)")
        }
        let members = (try? JSONValue(parsing: answer.body))?.objectValue
        guard (200...201).contains(answer.status), let members,
            members["client_id"]?.stringValue?.isEmpty == false
        else { return refusal(answer, members) }
        var result = TokenProxy.pruned(members)
        result["registration_access_token"] = JSONValue?.none
        result["registration_client_uri"] = JSONValue?.none
        if result["redirect_uris"]?.arrayValue == nil {
            result["redirect_uris"] = request["redirect_uris"] ?? .array([])
        }
        if result["token_endpoint_auth_method"]?.stringValue == nil {
            result["token_endpoint_auth_method"] =
                result["client_secret"] == nil ? "none" : "client_secret_basic"
        }
        for name in ["client_id_issued_at", "client_secret_expires_at"] {
            if let number = result[name] { result[name] = whole(number) }
        }
        if result["client_secret"] != nil, result["client_secret_expires_at"] == nil {
            result["client_secret_expires_at"] = 0
        }
        return .json(201, .object(result), reason: "registration")
    }

    /// 400 with the provider's code where it has one (RFC 7591 §3.2.2), 502 where it failed.
    private static func refusal(_ answer: FetchedAnswer, _ members: JSONObject?) -> LocalResponse {
        let code = members?["error"]?.stringValue
        guard (400...499).contains(answer.status) else {
            return .oauthError(
                502, "server_error", "the provider did not register the client",
                reason: "registration: status \(answer.status)")
        }
        let known = ["invalid_redirect_uri", "invalid_client_metadata"]
        return .oauthError(
            400, code.map { known.contains($0) ? $0 : known[1] } ?? known[1],
            "the provider refused to register the client",
            reason: "registration: status \(answer.status), \(code ?? "no error code")")
    }

    /// A number or a text of digits as an integer; anything else is 0.
    private static func whole(_ value: JSONValue) -> JSONValue {
        if value.intValue != nil { return value }
        if let text = value.stringValue, let number = Int64(text) {
            return .number(JSONNumber(number))
        }
        guard let number = value.doubleValue, number >= 0, number < 1e15 else { return 0 }
        return .number(JSONNumber(Int64(number)))
    }
}
