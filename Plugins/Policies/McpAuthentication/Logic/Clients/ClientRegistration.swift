import GatehouseJSON

/// Registrations that end at the gateway (RFC 7591): the record is sealed into the `client_id`.
/// Relay and broker delivery.
struct ClientRegistration: Sendable, Equatable {
    /// What the client may be, of what it sent.
    let record: ClientRecord
    /// What it sent and gets back (G58, G61): members that mean something here, as they came.
    let echoed: JSONObject

    /// At most so many bytes of redirect URIs: all of them travel in the identifier.
    static let maximumURIBytes = 4096
    private static let maximumName = 128

    /// Reads a registration: unknown members are ignored, what cannot be done is substituted, and
    /// only redirect URIs and flows that are impossible are refused (G61 to G63).
    static func read(
        _ members: JSONObject, policy: RedirectURIs
    ) -> Result<ClientRegistration, OAuthFailure> {
        let listed = members["redirect_uris"]?.arrayValue ?? []
        let uris = listed.compactMap(\.stringValue)
        guard !uris.isEmpty, uris.count == listed.count, uris.count <= RedirectURIs.maximum,
            uris.reduce(0, { $0 + $1.utf8.count }) <= maximumURIBytes
        else {
            return .failure(
                OAuthFailure("invalid_redirect_uri", "redirect_uris is missing, or too long"))
        }
        guard uris.allSatisfy(policy.isAcceptable) else {
            return .failure(
                OAuthFailure("invalid_redirect_uri", "a redirect URI is not acceptable"))
        }
        for (name, needed) in [
            ("grant_types", "authorization_code"), ("response_types", "code"),
        ] {
            guard let asked = members[name], !asked.isNull else { continue }
            let list = asked.arrayValue ?? []
            guard list.isEmpty || list.contains(.string(needed)) else {
                return .failure(
                    OAuthFailure("invalid_client_metadata", "\(name) lacks \(needed)"))
            }
        }
        var echoed: JSONObject = ["redirect_uris": .array(uris.map { .string($0) })]
        let asked = (members["grant_types"]?.arrayValue ?? []).compactMap(\.stringValue)
        let grants = ["authorization_code", "refresh_token"].filter {
            asked.isEmpty || asked.contains($0)
        }
        echoed["grant_types"] = .array(grants.map { .string($0) })
        echoed["response_types"] = ["code"]
        echoed["token_endpoint_auth_method"] = "none"
        for name in ["client_name", "application_type", "scope", "client_uri", "software_id"] {
            guard let text = members[name]?.stringValue, !text.isEmpty, text.utf8.count <= 2048
            else { continue }
            echoed[name] = .string(text)
        }
        let record = ClientRecord(
            clientID: "", kind: .registered, name: name(members["client_name"]),
            redirectURIs: uris)
        return .success(ClientRegistration(record: record, echoed: echoed))
    }

    /// A client's name for the consent page: one line of at most 128 characters, without control
    /// characters or marks that turn the direction of what follows.
    static func name(_ value: JSONValue?) -> String? {
        guard let text = value?.stringValue else { return nil }
        let kept = text.unicodeScalars.filter {
            switch $0.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned,
                .privateUse:
                false
            default: true
            }
        }
        let name = String(String.UnicodeScalarView(kept.prefix(maximumName)))
        return name.contains { !$0.isWhitespace } ? name : nil
    }

    /// 201 with everything that is registered (RFC 7591 §3.2.1; G57 to G60).
    ///
    /// - Parameter now: seconds since 1970.
    func response(clientID: String, now: Int64) -> LocalResponse {
        var members: JSONObject = [
            "client_id": .string(clientID),
            "client_id_issued_at": .number(JSONNumber(now)),
        ]
        for (name, value) in echoed { members[name] = value }
        return .json(201, .object(members), reason: "registration")
    }

    // MARK: At the provider

    /// What is sent to the provider for it: the gateway's callback is the redirect URI, and
    /// nothing passes that the gateway does not do.
    func upstreamMetadata(_ members: JSONObject, callback: String) -> JSONObject {
        var result: JSONObject = [:]
        let passed = [
            "client_name", "client_uri", "scope", "software_id", "software_version", "contacts",
        ]
        for name in passed {
            if let value = members[name], !value.isNull, value != "" { result[name] = value }
        }
        result["redirect_uris"] = .array([.string(callback)])
        result["grant_types"] = echoed["grant_types"]
        result["response_types"] = ["code"]
        let method = members["token_endpoint_auth_method"]?.stringValue ?? "none"
        let isKept = ["client_secret_basic", "client_secret_post"].contains(method)
        result["token_endpoint_auth_method"] = .string(isKept ? method : "none")
        if members["application_type"] != nil {
            let isWeb = HTTPURL(callback)?.scheme == "https"
            result["application_type"] = isWeb ? "web" : "native"
        }
        return result
    }

    /// The registration with the provider's client in it, of the provider's checked answer.
    ///
    /// - Parameter members: the body of a ``Registration/response(_:request:)`` with status 201.
    func registered(_ members: JSONObject) -> ClientRegistration? {
        guard let id = members["client_id"]?.stringValue, !id.isEmpty else { return nil }
        let secret = members["client_secret"]?.stringValue
        var method = members["token_endpoint_auth_method"]?.stringValue ?? "none"
        if secret == nil { method = "none" }
        // A client that asked for none and got a secret has to use it (identity-providers §4.7).
        if secret != nil, method != "client_secret_post" { method = "client_secret_basic" }
        var record = record
        record.upstream = UpstreamClient(id: id, secret: secret, authentication: method)
        var echoed = echoed
        if let scope = members["scope"]?.stringValue, !scope.isEmpty {
            echoed["scope"] = .string(scope)
        }
        return ClientRegistration(record: record, echoed: echoed)
    }
}
