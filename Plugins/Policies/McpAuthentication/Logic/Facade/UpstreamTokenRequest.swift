import GatehouseJSON

/// A token request to the provider, before it is a plan: mediated, relay and broker.
///
/// What the adapter sees and what is secret are kept apart: codes, verifiers, tokens and secrets
/// are added after it was asked (docs/provider-hooks.md, `token_request/0`).
struct UpstreamTokenRequest: Sendable, Equatable {
    /// The client at the provider.
    struct Client: Sendable, Equatable {
        var id: String
        /// Whether it is the policy's `clientId`.
        var isConfigured: Bool
        /// Whether the policy has a `clientSecret` for it.
        var hasSecret = false
        /// Whether the policy has a `clientKey` for it.
        var hasKey = false
        /// Whether the request carries the client's own secret.
        var authenticates = false
    }

    /// `authorization_code` or `refresh_token`: no other grant is passed on (G84).
    var grantType: String
    /// Without what must not be shown: see ``hidden``.
    var params: FormPairs
    /// What is added afterwards: code, verifier, refresh token, redirect URI.
    var added: FormPairs
    var client: Client
    /// Its own secret and how it is sent, where it has one.
    var upstream: UpstreamClient?
    /// The client's own `Authorization`, passed on as it is (mediated).
    var authorization: String?
    var resource: String?
    /// What was asked for at `/authorize`, or with the refresh.
    var scopes: [String]

    /// Parameters that no adapter sees.
    static let hidden: Set<String> = [
        "code", "code_verifier", "refresh_token", "client_secret", "client_assertion",
    ]

    /// The input of `token_request/0`.
    func hookInput(delivery: Delivery, document: JSONValue) -> JSONValue {
        var shown: JSONObject = [:]
        for pair in params.pairs where shown[pair.name] == nil {
            shown[pair.name] = .string(pair.value)
        }
        var input: JSONObject = [
            "grant_type": .string(grantType), "params": .object(shown),
            "delivery": .string(delivery.rawValue), "document": document,
            "client": [
                "id": .string(client.id), "is_configured": .bool(client.isConfigured),
                "has_secret": .bool(client.hasSecret || client.hasKey),
                "authenticates": .bool(client.authenticates),
            ],
            "scopes": .array(scopes.map { .string($0) }),
        ]
        input["resource"] = resource.map { .string($0) }
        return .object(input)
    }

    /// The plan of the adapter's output, or the default where it has nothing to say; `nil` where
    /// the output is no plan with a form.
    func plan(_ output: JSONValue?, endpoint: String) -> RequestPlan? {
        var plan: RequestPlan
        if let output {
            guard let request = output["request"], let read = RequestPlan(request),
                read.form != nil
            else { return nil }
            plan = read
        } else {
            plan = RequestPlan(url: endpoint)
            plan.form = params
        }
        plan.method = "POST"
        // The configured secret is for the configured client, and only where the client does not
        // authenticate by itself (G84).
        if !client.isConfigured || client.authenticates {
            plan.authentication = RequestPlan.Authentication.none
        } else if plan.authentication == nil, client.hasSecret || client.hasKey {
            plan.authentication =
                client.hasSecret
                ? .post(clientID: nil, secret: RequestPlan.clientSecret)
                : .privateKeyJWT(clientID: nil)
        }
        for pair in added.pairs { plan.form?.set(pair.name, pair.value) }
        if plan.form?["client_id"] == nil, authorization == nil {
            plan.form?.set("client_id", client.id)
        }
        if let upstream, let secret = upstream.secret {
            if upstream.authentication == "client_secret_post" {
                plan.form?.set("client_id", upstream.id)
                plan.form?.set("client_secret", secret)
            } else {
                plan.form?.remove("client_id")
                plan.fields.append(
                    ("authorization", ClientCredentials.basic(upstream.id, secret)))
            }
        }
        if let authorization { plan.fields.append(("authorization", authorization)) }
        return plan
    }
}

/// The provider's answer to a token request, as `token_response/0` sees it: without the tokens.
struct HiddenTokenAnswer: Sendable, Equatable {
    let input: JSONValue
    /// The tokens by their member.
    private let tokens: JSONObject

    private static let names = ["access_token", "refresh_token", "id_token"]

    init(_ answer: FetchedAnswer, grantType: String, scopes: [String], delivery: Delivery) {
        var members = TokenProxy.members(of: answer)
        var tokens: JSONObject = [:]
        for name in Self.names {
            guard let token = members?[name], token.stringValue?.isEmpty == false else { continue }
            tokens[name] = token
            members?[name] = .string("{\(name)}")
        }
        self.tokens = tokens
        if let said = members?["error_description"]?.stringValue {
            members?["error_description"] = .string(ErrorText.plain(said, atMost: 4096))
        }
        let text =
            members == nil
            ? ErrorText.plain(
                String(decoding: answer.body.prefix(4096), as: UTF8.self), atMost: 4096)
            : ""
        var fields: JSONObject = [:]
        for field in answer.fields where fields[field.name.lowercased()] == nil {
            fields[field.name.lowercased()] = .string(field.value)
        }
        input = [
            "status": .number(JSONNumber(Int64(answer.status))), "fields": .object(fields),
            "body": members.map { .object($0) } ?? .null, "text": .string(text),
            "grant_type": .string(grantType), "scopes": .array(scopes.map { .string($0) }),
            "delivery": .string(delivery.rawValue),
        ]
    }

    /// The adapter's output with the tokens put back, and what the operator is told; `nil` where
    /// it is none.
    func answer(_ output: JSONValue) -> (answer: FetchedAnswer, hint: String?)? {
        guard let status = output["status"]?.intValue, (200...599).contains(status),
            var members = output["body"]?.objectValue
        else { return nil }
        for (name, value) in members {
            for token in Self.names where value == .string("{\(token)}") {
                members[name] = tokens[token]
            }
        }
        let answer = FetchedAnswer(
            status: Int(status), fields: [("content-type", "application/json")],
            body: JSONValue.object(members).serializedBytes(.compact))
        return (answer, output["hint"]?.stringValue)
    }
}
