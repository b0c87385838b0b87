import GatehouseJOSE
import GatehouseJSON
import Testing

@testable import McpAuthenticationLogic

/// One route in broker delivery with a provider that a test scripts; the clock is the test's.
struct BrokerBench {
    static let resource = "https://gw.test/mcp"
    static let callback = "https://gw.test/mcp/callback"
    static let verifier = "abcdefghijklmnopqrstuvwxyz0123456789-._~ABCDEFG"
    static let now: Int64 = 1_800_000_000

    let ledger = Ledger(bound: 1000)
    let keys = ProviderKeys()
    let providerKey: SigningKey
    var mint: TokenMint
    /// By hook; what is not here is unsupported.
    var hooks: [String: JSONValue] = [:]
    var document: JSONValue = [
        "token_endpoint": "https://as.test/token", "jwks_uri": "https://as.test/keys",
        "revocation_endpoint": "https://as.test/revoke",
    ]
    var hasSecret = true
    var hasKey = false
    var knownScopes = ["read", "write", "offline_access"]

    init(sealsUpstream: Bool = false) throws {
        providerKey = try SigningKey.generate(.es256, keyID: "p1")
        mint = TokenMint(
            ring: try KeyRing(secrets: [[UInt8](repeating: 5, count: 32)], isGenerated: false),
            accessLifetime: 600, refreshLifetime: 2_592_000, context: "mcp /mcp",
            resource: Self.resource, sealsUpstream: sealsUpstream)
    }

    var party: UpstreamParty {
        let hooks = hooks
        return UpstreamParty(
            issuer: "https://as.test", clientID: "gw", hasSecret: hasSecret, hasKey: hasKey,
            document: document, callback: Self.callback,
            hook: { name, _ in hooks[name].map { .output($0) } ?? .unsupported },
            secrets: { token in
                PlanSecrets(
                    token: token, clientID: "gw", clientSecret: "gw-secret",
                    assertion: { id, audience in "assertion of \(id) for \(audience)" })
            })
    }

    func redemption(_ pairs: [(name: String, value: String)]) throws -> Redemption {
        let environment = Redemption.Environment(
            party: party, mint: mint, ledger: ledger, keys: keys, knownScopes: knownScopes,
            codeContext: "/mcp", resource: Self.resource)
        let form = FormPairs(pairs)
        return Redemption(
            environment, client: try TokenClient.read(form, authorization: nil).get(),
            form: try TokenForm.read(form).get())
    }

    /// A code of the gateway as the callback makes it.
    func code(
        client: String = "c1", scopes: [String] = ["read"], resource: String? = resource,
        until: Int64 = now + 60
    ) -> String {
        let transaction = Transaction(
            client: Transaction.hash(of: client), redirectURI: "http://localhost:1/cb",
            clientState: nil, challenge: PKCE.challenge(of: Self.verifier), resource: resource,
            scopes: scopes, issuer: Self.resource, browser: [], verifier: "the gateway's own")
        let code = GatewayCode("provider-code", of: transaction)
        return mint.ring.sealer.seal(
            code.value.serializedBytes(.compact), for: SealPurpose.code, context: "/mcp",
            until: until)
    }

    func codeForm(_ code: String, client: String = "c1") -> [(name: String, value: String)] {
        [
            ("grant_type", "authorization_code"), ("code", code), ("client_id", client),
            ("redirect_uri", "http://localhost:1/cb"), ("code_verifier", Self.verifier),
        ]
    }

    func refreshForm(_ token: String, scope: String? = nil) -> [(name: String, value: String)] {
        let pairs = [
            (name: "grant_type", value: "refresh_token"), ("refresh_token", token),
            ("client_id", "c1"),
        ]
        return scope.map { pairs + [("scope", $0)] } ?? pairs
    }

    func idToken(_ changes: JSONObject = [:]) throws -> String {
        var claims: JSONObject = [
            "iss": "https://as.test", "aud": "gw", "sub": "u1", "exp": 1_800_000_300,
            "iat": 1_800_000_000, "groups": ["staff"],
        ]
        for (name, value) in changes { claims[name] = value.isNull ? JSONValue?.none : value }
        return try providerKey.token(claims: claims)
    }

    /// What the provider's token endpoint answers.
    func tokens(_ changes: JSONObject = [:]) throws -> FetchedAnswer {
        var members: JSONObject = [
            "access_token": "up-1", "token_type": "bearer", "expires_in": 300,
            "refresh_token": "up-refresh-1", "id_token": .string(try idToken()),
        ]
        for (name, value) in changes { members[name] = value.isNull ? JSONValue?.none : value }
        return .json(200, .object(members))
    }

    func keySet() throws -> FetchedAnswer {
        .json(200, ["keys": [.object(try providerKey.publicJWK())]])
    }

    /// A whole login; the body of the gateway's answer.
    func login(_ changes: JSONObject = [:], scopes: [String] = ["read"]) throws -> JSONObject {
        var redemption = try redemption(codeForm(code(scopes: scopes)))
        var step = redemption.begin(now: Self.now)
        while case .fetch(let plan) = step {
            let answer =
                plan.url == "https://as.test/keys" ? try keySet() : try tokens(changes)
            step = redemption.answered(answer, now: Self.now)
        }
        return try step.body(200)
    }
}

extension FetchedAnswer {
    static func json(_ status: Int, _ value: JSONValue) -> FetchedAnswer {
        FetchedAnswer(
            status: status, fields: [("content-type", "application/json")],
            body: value.serializedBytes(.compact))
    }
}

extension Redemption.Step {
    /// The members of a response, which must have that status.
    func body(_ status: Int) throws -> JSONObject {
        guard case .respond(let response) = self else { throw UnexpectedStep() }
        #expect(response.status == status, "\(response.reason)")
        #expect(response.field("cache-control") == "no-store")
        return try #require(try JSONValue(parsing: response.body).objectValue)
    }

    /// The error code of a response.
    func error(_ status: Int) throws -> String? { try body(status)["error"]?.stringValue }

    func plan() throws -> FetchPlan {
        guard case .fetch(let plan) = self else { throw UnexpectedStep() }
        return plan
    }

    struct UnexpectedStep: Error {}
}

extension FetchPlan {
    var form: FormPairs { FormPairs(parsing: body) ?? FormPairs([]) }
}

/// The claims of a token, unverified.
func claims(_ token: JSONValue?) throws -> JSONObject {
    try UnverifiedToken(parsing: token?.stringValue ?? "").claims.members
}
