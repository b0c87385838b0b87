import GatehouseJSON

/// What an issuer says about one of its tokens. A value; it travels from [control] to the loops.
enum RemoteAnswer: Sendable, Equatable {
    /// The token is good, and this is what it stands for.
    case claims(JSONObject)
    /// It is not: 401; why, for the log.
    case rejected(String)
    /// Nothing can be said now: 503, never 401, or clients would throw the token away
    /// (identity-providers §4.13); and for how many seconds.
    case unavailable(String, retryAfter: Int = 5)

    /// As octets.
    var payload: [UInt8] {
        let value: JSONValue =
            switch self {
            case .claims(let members): ["claims": .object(members)]
            case .rejected(let reason): ["reject": .string(reason)]
            case .unavailable(let reason, let seconds):
                [
                    "unavailable": .string(reason),
                    "retry_after": .number(JSONNumber(Int64(seconds))),
                ]
            }
        return value.serializedBytes(.compact)
    }

    /// Reads a payload back; it is also the form of `map_probe/0`.
    init(payload: [UInt8]) {
        let limits = JSONLimits(maxBytes: 1 << 20, maxDepth: 32, maxValues: 20_000)
        self.init((try? JSONValue(parsing: payload, limits: limits)) ?? .null)
    }

    /// The output of `map_probe/0`; one that says nothing is taken for unavailable.
    init(_ value: JSONValue) {
        if let reason = value["reject"]?.stringValue {
            self = .rejected(reason)
        } else if let reason = value["unavailable"]?.stringValue {
            let seconds = value["retry_after"]?.intValue ?? 5
            self = .unavailable(reason, retryAfter: Int(min(max(seconds, 1), 120)))
        } else if let members = value["claims"]?.objectValue {
            self = .claims(members)
        } else {
            self = .unavailable("the answer about the token cannot be read")
        }
    }

    /// Why a fetched answer says nothing about a token: none came, or the server is busy or broken;
    /// `nil` where it may say something.
    init?(silence answer: FetchedAnswer) {
        if let failure = answer.failure {
            self = .unavailable(failure)
        } else if answer.status == 429 || answer.status >= 500 {
            let stated = answer.field("retry-after").flatMap { Int($0) } ?? 5
            self = .unavailable(
                "status \(answer.status)", retryAfter: min(max(stated, 1), 120))
        } else {
            return nil
        }
    }
}

/// Token introspection (RFC 7662), as values.
enum Introspection {
    /// The octets of an answer at most.
    static let maximumBytes = 64 * 1024

    /// The request about a token: a POST with the gateway's credentials (§2.1).
    ///
    /// - Parameters:
    ///   - plan: the adapter's, or one of the configured or discovered endpoint.
    ///   - byKey: whether a plan that says nothing of it authenticates by the gateway's key.
    static func request(_ plan: RequestPlan, byKey: Bool = false) -> RequestPlan {
        var plan = plan
        plan.method = "POST"
        plan.json = nil
        var form = plan.form ?? FormPairs([])
        form.set("token", "{token}")
        form.set("token_type_hint", "access_token")
        plan.form = form
        if plan.authentication == nil {
            plan.authentication =
                byKey
                ? .privateKeyJWT(clientID: nil)
                : .basic(clientID: nil, secret: RequestPlan.clientSecret)
        }
        if !plan.fields.contains(where: { $0.name == "accept" }) {
            plan.fields.append(("accept", "application/json"))
        }
        return plan
    }

    /// What an answer says (§2.2). Only 200 with `active: false` says that a token is not good: an
    /// endpoint that refuses the gateway says nothing about the token.
    static func answer(_ answer: FetchedAnswer) -> RemoteAnswer {
        if let silence = RemoteAnswer(silence: answer) { return silence }
        guard answer.status == 200 else {
            return .unavailable("the introspection endpoint answers \(answer.status)")
        }
        let type = (answer.field("content-type") ?? "").prefix { $0 != ";" }
            .filter { $0 != " " && $0 != "\t" }.lowercased()
        guard type != "application/token-introspection+jwt", type != "application/jwt" else {
            return .unavailable(
                "the introspection endpoint answers with a signed JWT (RFC 9701), which is not"
                    + " supported: have it answer application/json")
        }
        let limits = JSONLimits(maxBytes: maximumBytes, maxDepth: 16, maxValues: 4096)
        guard type == "application/json",
            var members = (try? JSONValue(parsing: answer.body, limits: limits))?.objectValue,
            let isActive = members["active"]?.boolValue
        else { return .unavailable("the introspection endpoint's answer is none (RFC 7662 §2.2)") }
        guard isActive else { return .rejected("the token is not active") }
        switch members["token_type"]?.stringValue?.lowercased() {
        case "refresh_token", "refresh": return .rejected("the token is a refresh token")
        case "dpop", "pop": return .rejected("the token is bound to a proof of possession")
        default: break
        }
        members["active"] = JSONValue?.none
        return .claims(members)
    }
}

/// A provider's own endpoints about a token (`map_probe/0`), as values.
enum Probe {
    /// The octets of an answer at most.
    static let maximumBytes = 128 * 1024

    /// The hook's input.
    static func input(_ answers: [FetchedAnswer], clientID: String?) -> JSONValue {
        [
            "responses": .array(answers.map(response)),
            "client_id": clientID.map { .string($0) } ?? .null,
        ]
    }

    private static func response(_ answer: FetchedAnswer) -> JSONValue {
        var fields = JSONObject()
        for field in answer.fields where fields[field.name.lowercased()] == nil {
            fields[field.name.lowercased()] = .string(field.value)
        }
        let limits = JSONLimits(maxBytes: maximumBytes, maxDepth: 32, maxValues: 20_000)
        return [
            "status": .number(JSONNumber(Int64(answer.status))), "fields": .object(fields),
            "body": (try? JSONValue(parsing: answer.body, limits: limits)) ?? .null,
        ]
    }

    /// What the answers say without an adapter's word: the first one's members are the claims.
    static func answer(_ answers: [FetchedAnswer]) -> RemoteAnswer {
        guard let first = answers.first else { return .unavailable("nothing was asked") }
        guard first.status != 401 else { return .rejected("the provider does not know the token") }
        guard first.status == 200, let members = response(first)["body"]?.objectValue else {
            return .unavailable("the provider answers \(first.status)")
        }
        return .claims(members)
    }
}
