import GatehouseJSON

/// The gateway's own client at the provider, in broker delivery, and how its requests are made.
///
/// Nothing of it is ever logged.
struct UpstreamParty: Sendable {
    /// Asks a hook of the adapter; `nil` where the default applies.
    typealias Hook = @Sendable (_ name: String, _ input: JSONValue) -> HookAnswer

    /// What a hook said.
    enum HookAnswer: Sendable, Equatable {
        case output(JSONValue)
        /// There is no adapter, or it does not know the hook.
        case unsupported
        /// For the log.
        case failed(String)

        /// The output, or nothing.
        var value: JSONValue? { if case .output(let value) = self { value } else { nil } }
    }

    /// The provider's issuer, as configured.
    var issuer: String
    var clientID: String
    var hasSecret: Bool
    var hasKey: Bool
    /// The provider's metadata.
    var document: JSONValue
    /// The gateway's redirect URI at the provider.
    var callback: String
    var hook: Hook
    /// The secrets of plans, for a plan about that token.
    var secrets: @Sendable (_ token: String?) -> PlanSecrets

    private var issuerURL: HTTPURL? { HTTPURL(issuer) }

    /// What a token request redeems.
    enum Grant: Sendable, Equatable {
        case code(String, verifier: String)
        case refresh(String)

        var name: String {
            switch self {
            case .code: "authorization_code"
            case .refresh: "refresh_token"
            }
        }
    }

    /// The request to the provider's token endpoint (`token_request/0`, RFC 6749 §4.1.3 and §6).
    func tokenRequest(
        _ grant: Grant, resource: String, scopes: [String]
    ) -> Result<FetchPlan, UpstreamRefusal> {
        var request = UpstreamTokenRequest(
            grantType: grant.name,
            params: FormPairs([(name: "grant_type", value: grant.name), ("client_id", clientID)]),
            added: FormPairs([(name: "grant_type", value: grant.name)]),
            client: UpstreamTokenRequest.Client(
                id: clientID, isConfigured: true, hasSecret: hasSecret, hasKey: hasKey),
            upstream: nil, authorization: nil, resource: resource, scopes: scopes)
        switch grant {
        case .code(let code, let verifier):
            request.params.set("redirect_uri", callback)
            request.added.set("redirect_uri", callback)
            request.added.set("code", code)
            request.added.set("code_verifier", verifier)
        case .refresh(let token): request.added.set("refresh_token", token)
        }
        let answer = hook(
            "token_request/0", request.hookInput(delivery: .broker, document: document))
        if case .failed(let why) = answer {
            return .failure(UpstreamRefusal("token_request/0: \(why)"))
        }
        if let error = answer.value?["error"]?["error"]?.stringValue {
            return .failure(UpstreamRefusal("token_request/0: \(error)"))
        }
        guard let endpoint = endpoint("token_endpoint") ?? answer.value.map({ _ in "" }) else {
            return .failure(UpstreamRefusal("the provider's document has no token_endpoint"))
        }
        guard let plan = request.plan(answer.value, endpoint: endpoint) else {
            return .failure(UpstreamRefusal("token_request/0 gave no request with a form"))
        }
        return execute(plan, token: nil)
    }

    /// The request that ends a token at the provider (`revoke_request/0`, RFC 7009 §2.1); `nil`
    /// where it has none.
    func revocation(of token: String, kind: String) -> FetchPlan? {
        let input: JSONValue = [
            "document": document, "kind": .string(kind), "client_id": .string(clientID),
        ]
        switch hook("revoke_request/0", input) {
        case .failed: return nil
        case .output(let output):
            guard let plan = output["request"].flatMap({ RequestPlan($0) }) else { return nil }
            return try? execute(plan, token: token).get()
        case .unsupported:
            guard let url = endpoint("revocation_endpoint") else { return nil }
            var plan = RequestPlan(url: url)
            plan.method = "POST"
            plan.form = FormPairs([(name: "token", value: token), ("token_type_hint", kind)])
            return try? execute(authenticated(plan), token: token).get()
        }
    }

    /// One request of a probe about `token`.
    func probe(_ plan: JSONValue, token: String) -> Result<FetchPlan, UpstreamRefusal> {
        guard let plan = RequestPlan(plan) else {
            return .failure(UpstreamRefusal("verification/0 gave a request that is none"))
        }
        return execute(plan, token: token)
    }

    /// Where the provider's keys are.
    ///
    /// - Parameter configured: the URL of the configuration.
    func keysRequest(_ configured: String?) -> FetchPlan? {
        guard let url = configured ?? endpoint("jwks_uri") else { return nil }
        var plan = FetchPlan(url: url)
        plan.reaches =
            configured == nil ? FetchedURLRule.reaches(of: url, issuer: issuerURL) : [.configured]
        return plan
    }

    /// An endpoint of the provider's document: https, or of the issuer's own origin.
    private func endpoint(_ name: String) -> String? {
        guard let text = document[name]?.stringValue, let url = HTTPURL(text),
            url.scheme == "https" || url.origin == issuerURL?.origin
        else { return nil }
        return text
    }

    /// The gateway's client: by its secret, its key or its name.
    private func authenticated(_ plan: RequestPlan) -> RequestPlan {
        var plan = plan
        plan.form?.set("client_id", clientID)
        if hasSecret {
            plan.authentication = .post(clientID: clientID, secret: RequestPlan.clientSecret)
        } else if hasKey {
            plan.authentication = .privateKeyJWT(clientID: clientID)
        }
        return plan
    }

    private func execute(
        _ plan: RequestPlan, token: String?
    ) -> Result<FetchPlan, UpstreamRefusal> {
        guard var fetch = plan.executed(with: secrets(token), issuer: issuerURL) else {
            return .failure(
                UpstreamRefusal("a request to the provider wants a secret that is not there"))
        }
        fetch.maximumBytes = 256 * 1024
        return .success(fetch)
    }
}

/// Why the provider cannot be asked; for the log, without secrets.
struct UpstreamRefusal: Error, Sendable, Equatable {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
