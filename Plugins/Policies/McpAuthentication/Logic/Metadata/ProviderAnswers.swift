import GatehouseJSON

/// What a provider adapter's hooks answer, checked (docs/provider-hooks.md, revision 0).
///
/// Everything here is a value: the hook's output comes in, and what the policy may do with it
/// comes out, whatever the adapter wrote.
enum ProviderAnswers {
    /// How clients register.
    enum RegistrationKind: String, Sendable {
        /// At the provider itself.
        case native
        /// Through the gateway.
        case proxy
        /// The configured client is handed out.
        case emulate
        /// Not at all.
        case none
    }

    /// Whether a part of the client is needed.
    enum Need: String, Sendable {
        case required
        case optional
        case none
    }

    /// Who takes Client ID Metadata Documents.
    enum DocumentKind: String, Sendable {
        case native
        case emulate
        case none
    }

    /// Whether a provider sends `iss` with its authorization responses.
    enum Emission: String, Sendable {
        case never
        case maybe
        case always
    }

    /// `describe/0`.
    struct Description: Sendable, Equatable {
        var delivery = Delivery.mediated
        /// The modes that the adapter can serve.
        var deliveries: [Delivery] = [.direct, .mediated, .relay, .broker]
        var registration = RegistrationKind.proxy
        var documents = DocumentKind.emulate
        var client = Need.optional
        var clientSecret = Need.optional
        /// Whether the provider sends `iss` with its authorization responses (RFC 9207), which
        /// clients compare with the gateway's issuer.
        var emitsIssuer = Emission.never
        /// A delivery that this version does not have.
        var unknownDelivery: String?

        /// The defaults, changed by what `output` says.
        init(_ output: JSONValue? = nil) {
            if let text = output?["delivery"]?.stringValue {
                if let known = Delivery(rawValue: text) {
                    delivery = known
                } else {
                    unknownDelivery = text
                }
            }
            if let listed = output?["deliveries"]?.arrayValue {
                deliveries = listed.compactMap { $0.stringValue.flatMap(Delivery.init) }
            }
            registration =
                output?["registration"]?.stringValue.flatMap(RegistrationKind.init) ?? .proxy
            documents =
                output?["client_metadata_documents"]?.stringValue.flatMap(DocumentKind.init)
                ?? .emulate
            client = output?["client"]?.stringValue.flatMap(Need.init) ?? .optional
            clientSecret = output?["client_secret"]?.stringValue.flatMap(Need.init) ?? .optional
            // A word that is not known may mean anything.
            emitsIssuer =
                output?["emits_iss"]?.stringValue.map { Emission(rawValue: $0) ?? .maybe }
                ?? .never
        }
    }

    /// `issuers/0`: what the `issuer` of a fetched document may be; the configured one where the
    /// adapter says nothing.
    static func documentIssuers(_ output: JSONValue?, issuer: String) -> [String] {
        let listed = (output?["document"]?.arrayValue ?? []).compactMap(\.stringValue)
        return listed.isEmpty ? [issuer] : listed
    }

    /// `discover/0`: the plan, or `nil` where the answer cannot be used.
    ///
    /// - Parameter issuers: what a document's `issuer` may be.
    static func discovery(
        _ output: JSONValue, issuer: String, issuers: [String]? = nil
    ) -> DiscoveryPlan? {
        let document = output["document"]?.objectValue
        guard let listed = output["requests"]?.arrayValue, listed.count <= 8,
            !listed.isEmpty || document != nil
        else { return nil }
        let requests = listed.compactMap { plan($0, issuer: HTTPURL(issuer)) }
        guard requests.count == listed.count else { return nil }
        return DiscoveryPlan(
            requests: requests, merges: output["merge"] == "merge", issuers: issuers ?? [issuer],
            document: document)
    }

    /// A request plan, encoded; `nil` where it is malformed or wants a secret that the caller does
    /// not have.
    static func plan(
        _ value: JSONValue, issuer: HTTPURL?, secrets: PlanSecrets = .none
    ) -> FetchPlan? {
        RequestPlan(value)?.executed(with: secrets, issuer: issuer)
    }

    /// `register_request/0`: what to send, or the error that the client gets.
    static func registration(
        _ output: JSONValue, issuer: HTTPURL?, secrets: PlanSecrets = .none
    ) -> Result<FetchPlan, OAuthFailure> {
        if let error = output["error"] {
            return .failure(
                OAuthFailure(
                    error["error"]?.stringValue ?? "invalid_client_metadata",
                    error["error_description"]?.stringValue ?? "the registration is refused"))
        }
        guard let request = output["request"],
            let plan = plan(request, issuer: issuer, secrets: secrets)
        else {
            return .failure(
                OAuthFailure("server_error", "the provider's adapter gave no plan", status: 502))
        }
        return .success(plan)
    }

    /// The input of `register_response/0`.
    static func registrationInput(_ answer: FetchedAnswer, _ metadata: JSONObject) -> JSONValue {
        let parsed = try? JSONValue(parsing: answer.body)
        let isObject = parsed?.objectValue != nil
        return [
            "status": .number(JSONNumber(Int64(answer.status))),
            "body": isObject ? parsed ?? .null : .null,
            "text": .string(
                isObject ? "" : String(decoding: answer.body.prefix(4096), as: UTF8.self)),
            "metadata": .object(metadata),
        ]
    }

    /// `register_response/0` as an answer that ``Registration/response(_:request:)`` checks, and
    /// what the operator is told.
    static func registrationAnswer(
        _ output: JSONValue, instead answer: FetchedAnswer
    ) -> (answer: FetchedAnswer, hint: String?) {
        guard let status = output["status"]?.intValue, (200...599).contains(status),
            let body = output["body"], body.objectValue != nil
        else { return (answer, nil) }
        let repaired = FetchedAnswer(
            status: Int(status), fields: [("content-type", "application/json")],
            body: body.serializedBytes(.compact))
        return (repaired, output["hint"]?.stringValue)
    }

    /// The input of `rewrite_metadata/0`.
    static func rewriteInput(
        _ document: JSONValue, issuer: String, gateway: String, registration: String?,
        delivery: Delivery
    ) -> JSONValue {
        var endpoints: JSONObject = [
            "issuer": .string(gateway), "authorization_endpoint": .string(gateway + "/authorize"),
            "token_endpoint": .string(gateway + "/token"),
        ]
        if let registration { endpoints["registration_endpoint"] = .string(registration) }
        return [
            "document": document, "issuer": .string(issuer), "gateway": .object(endpoints),
            "delivery": .string(delivery.rawValue),
        ]
    }
}
