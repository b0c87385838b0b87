import GatehouseJOSE
import GatehouseJSON
import Testing

@testable import McpAuthenticationLogic

@Suite("mcpAuthentication: what goes to the provider's token endpoint")
struct FacadePlanTests {
    private func request(
        _ client: UpstreamTokenRequest.Client, upstream: UpstreamClient? = nil
    ) -> UpstreamTokenRequest {
        UpstreamTokenRequest(
            grantType: "authorization_code",
            params: FormPairs([("grant_type", "authorization_code"), ("client_id", client.id)]),
            added: FormPairs([("code", "k"), ("code_verifier", "v")]), client: client,
            upstream: upstream, authorization: nil, resource: nil, scopes: ["a"])
    }

    private func client(
        _ isConfigured: Bool, secret: Bool = true, key: Bool = false, authenticates: Bool = false
    ) -> UpstreamTokenRequest.Client {
        UpstreamTokenRequest.Client(
            id: "c", isConfigured: isConfigured, hasSecret: secret, hasKey: key,
            authenticates: authenticates)
    }

    @Test func `the configured secret is for the configured client only (G84)`() throws {
        let basic: JSONValue = [
            "request": [
                "url": "https://as.test/t", "form": ["a": "b"], "client_auth": ["method": "basic"],
            ]
        ]
        let endpoint = "https://as.test/t"
        let secret = RequestPlan.clientSecret
        for (client, output, expected) in [
            (client(true), nil, .post(clientID: nil, secret: secret)),
            (client(true), basic, .basic(clientID: nil, secret: secret)),
            (client(true, secret: false, key: true), nil, .privateKeyJWT(clientID: nil)),
            (client(true, secret: false), nil, nil),
            (client(false), nil, RequestPlan.Authentication.none),
            (client(false), basic, RequestPlan.Authentication.none),
            (client(true, authenticates: true), basic, RequestPlan.Authentication.none),
        ] as [(UpstreamTokenRequest.Client, JSONValue?, RequestPlan.Authentication?)] {
            let plan = try #require(request(client).plan(output, endpoint: endpoint))
            #expect(plan.authentication == expected)
            #expect(plan.method == "POST" && plan.form?["code"] == "k")
            #expect(plan.form?["client_id"] == "c" && plan.form?["code_verifier"] == "v")
        }
        for bad: JSONValue in [[:], ["request": ["url": "https://as.test/t"]], ["request": 1]] {
            #expect(request(client(true)).plan(bad, endpoint: endpoint) == nil)
        }
    }

    @Test func `a client of its own authenticates as the provider registered it`() throws {
        for (method, id, header) in [
            ("client_secret_post", "up", nil),
            ("client_secret_basic", nil, ClientCredentials.basic("up", "s")),
        ] as [(String, String?, String?)] {
            let upstream = UpstreamClient(id: "up", secret: "s", authentication: method)
            let plan = try #require(
                request(client(false, authenticates: true), upstream: upstream).plan(
                    nil, endpoint: "https://as.test/t"))
            #expect(plan.form?["client_id"] == id)
            #expect(plan.form?["client_secret"] == (header == nil ? "s" : nil))
            #expect(plan.fields.first { $0.name == "authorization" }?.value == header)
        }
    }

    @Test func `an adapter sees no token, and what it leaves in place comes back`() throws {
        let answer = FetchedAnswer(
            status: 200, fields: [("Content-Type", "application/x-www-form-urlencoded")],
            body: Array("access_token=secret-at&scope=a&id_token=secret-id".utf8))
        let hidden = HiddenTokenAnswer(
            answer, grantType: "refresh_token", scopes: ["a"], delivery: .relay)
        #expect(!hidden.input.serialized(.compact).contains("secret"))
        #expect(hidden.input["body"]?["access_token"] == "{access_token}")
        let back = try #require(
            hidden.answer([
                "status": 200, "hint": "h",
                "body": ["access_token": "{access_token}", "refresh_token": "{refresh_token}"],
            ]))
        #expect(back.hint == "h")
        #expect(
            String(decoding: back.answer.body, as: UTF8.self) == #"{"access_token":"secret-at"}"#)
        #expect(hidden.answer(["status": 99, "body": [:]]) == nil)
        let page = HiddenTokenAnswer(
            FetchedAnswer(status: 500, body: Array("<html>".utf8)), grantType: "refresh_token",
            scopes: [], delivery: .relay)
        #expect(page.input["body"] == .null && page.input["text"] == "<html>")
    }

    @Test func `a client is named once, in the form or by Basic (G68, G82)`() {
        func read(_ form: String, _ field: String? = nil) -> Result<TokenClient, OAuthFailure> {
            TokenClient.read(
                FormPairs(parsing: Array(form.utf8)) ?? FormPairs([]), authorization: field)
        }
        let basic = ClientCredentials.basic("c", "s")
        #expect(
            read("client_id=c&client_secret=s")
                == .success(TokenClient(id: "c", secret: "s", usesBasic: false)))
        #expect(
            read("client_id=c", basic)
                == .success(TokenClient(id: "c", secret: "s", usesBasic: true)))
        for (form, field, status) in [
            ("", nil, 400), ("client_id=d", basic, 401), ("client_secret=s", basic, 400),
            ("client_id=c", "Bearer x", 401),
        ] as [(String, String?, Int)] {
            guard case .failure(let failure) = read(form, field) else {
                Issue.record("accepted")
                continue
            }
            #expect(failure.status == status)
        }
        let unknown = OAuthFailure.unknownClient
        #expect(unknown.tokenResponse(usesBasic: true).field("www-authenticate") != nil)
        #expect(unknown.tokenResponse(usesBasic: false).field("www-authenticate") == nil)
    }

    @Test func `the configured client's secret is compared where a client shows one`() {
        let record = ClientRecord(clientID: "c", kind: .configured, redirectURIs: [])
        let shown = TokenClient(id: "c", secret: "s", usesBasic: false)
        #expect(shown.authenticates(record, configuredSecret: "s"))
        #expect(!shown.authenticates(record, configuredSecret: "t"))
        let silent = TokenClient(id: "c", secret: nil, usesBasic: false)
        #expect(silent.authenticates(record, configuredSecret: "t"))
    }

    @Test func `a refresh token is its client's, and for its resource (G83)`() {
        let refresh = RelayRefresh(
            token: "t", client: Transaction.hash(of: "c"), resource: "https://gw.test/mcp",
            scopes: ["a"], upstream: nil)
        #expect(RelayRefresh(refresh.value) == refresh)
        let none = FormPairs([])
        #expect(RelayGrant.check(refresh, none, clientID: "c") == nil)
        #expect(RelayGrant.check(refresh, none, clientID: "d")?.code == "invalid_grant")
        #expect(
            RelayGrant.check(
                refresh, FormPairs([("resource", "https://x.test")]), clientID: "c")?.code
                == "invalid_target")
        #expect(RelayGrant.request(refresh, none, configured: nil) == nil)
    }
}

@Suite("mcpAuthentication: the configuration of clients and layouts")
struct ClientsConfigurationTests {
    private func read(_ more: String) throws -> (
        configuration: Configuration?, remarks: [ConfigurationRemark]
    ) {
        let text =
            #"{"issuer": "https://as.test", "audiences": ["a"], "resourceMetadata": {}, \#(more)}"#
        return ConfigurationReader.read(try JSONValue(parsing: text))
    }

    @Test func `clients and layout are read`() throws {
        let read = try read(
            #""layout":"origin","clients":{"registration":false,"metadataDocuments":false,"#
                + #""redirectSchemes":["My.App"],"redirectUris":["https://a/cb"],"#
                + #""registrationsPerMinute":5,"registrationLifetime":"24h","consent":"always"}"#)
        let configuration = try #require(read.configuration)
        #expect(configuration.layout == .origin)
        #expect(!configuration.clients.registration && !configuration.clients.metadataDocuments)
        #expect(configuration.clients.redirectSchemes == ["my.app"])
        #expect(configuration.clients.redirectURIs == ["https://a/cb"])
        #expect(configuration.clients.registrationsPerMinute == 5)
        #expect(configuration.clients.registrationLifetime == 86_400)
        #expect(configuration.clients.consent == .always)
        #expect(read.remarks.isEmpty)
    }

    @Test(arguments: [
        (#""layout":"moon""#, "/layout", true),
        (#""clients":{"redirectSchemes":["javascript"]}"#, "/clients/redirectSchemes/0", true),
        (#""clients":{"redirectSchemes":["https"]}"#, "/clients/redirectSchemes/0", true),
        (#""clients":{"redirectUris":["http://x.test/"]}"#, "/clients/redirectUris/0", true),
        (#""clients":{"registrationLifetime":"1s"}"#, "/clients/registrationLifetime", true),
        (#""clients":{"consent":"never"}"#, "/clients/consent", false),
    ])
    func `what cannot be is said with its place`(text: String, pointer: String, isError: Bool)
        throws
    {
        let remarks = try read(text).remarks
        #expect(remarks.contains { $0.pointer == pointer && $0.isError == isError })
    }

    private func needs(
        _ described: JSONValue, _ delivery: Delivery, clientID: String? = nil,
        secret: String? = nil
    ) -> [String] {
        var configuration = Configuration(issuer: "https://as.test", audiences: [])
        configuration.clientID = clientID
        configuration.clientSecret = secret
        return AdapterNeeds.remarks(
            configuration, delivery, ProviderAnswers.Description(described)
        ).filter(\.isError).map(\.pointer)
    }

    @Test func `what an adapter needs is an error with its place (describe 0)`() {
        #expect(needs(["deliveries": ["broker"]], .relay) == ["/delivery"])
        // The double bind: the gateway's issuer in the document, the provider's in the answer.
        #expect(needs(["emits_iss": "always"], .mediated) == ["/delivery"])
        #expect(needs(["emits_iss": "maybe"], .mediated).isEmpty)
        #expect(needs(["emits_iss": "always"], .relay).isEmpty)
        #expect(needs([:], .broker) == ["/clientId"])
        #expect(needs(["registration": "emulate"], .relay) == ["/clientId"])
        #expect(needs(["client": "required"], .mediated) == ["/clientId"])
        #expect(needs(["client": "required"], .direct).isEmpty)
        #expect(
            needs(["client_secret": "required"], .relay, clientID: "c") == ["/clientSecret"])
        #expect(
            needs(["client_secret": "required"], .relay, clientID: "c", secret: "r").isEmpty)
        let said = AdapterNeeds.remarks([
            "errors": [["pointer": "/issuer", "message": "no", "suggestion": "x"]],
            "warnings": [["message": "hm"]],
        ])
        #expect(said == [.error("/issuer", "no", "x"), .warning("", "hm")])
    }

    @Test func `an adapter's document stands for or over the provider's (discover 0)`() throws {
        let alone = try #require(
            ProviderAnswers.discovery(
                ["requests": [], "document": ["issuer": "i", "token_endpoint": "t"]],
                issuer: "https://as.test"))
        guard case .found(let document) = DiscoveryRun(alone).start() else {
            Issue.record("not found")
            return
        }
        #expect(document.value["token_endpoint"] == "t")
        let over = try #require(
            ProviderAnswers.discovery(
                [
                    "requests": [["url": "https://as.test/d"]],
                    "document": ["token_endpoint": "mine"],
                ], issuer: "https://as.test", issuers: ["https://other"]))
        var run = DiscoveryRun(over)
        let answer = FetchedAnswer(
            status: 200, fields: [("content-type", "application/json")],
            body: Array(#"{"issuer":"https://other","token_endpoint":"t","x":1}"#.utf8))
        guard case .found(let merged) = run.next(after: answer) else {
            Issue.record("not found")
            return
        }
        #expect(merged.value["token_endpoint"] == "mine" && merged.value["x"] == 1)
    }

    @Test func `both layouts are claimed, the origin where it is chosen (G38, G39, G88)`() {
        func paths(_ delivery: Delivery, siblings: Int64, _ layout: Layout? = nil) -> Set<String> {
            let route = RouteDescription([
                "matches": [["path": ["exact": "/mcp"]]],
                "siblings": .number(JSONNumber(siblings)),
            ])
            return Set(
                WellKnownPaths(route: route, delivery: delivery, layout: layout).claims.map(\.path))
        }
        let origin: Set<String> = [
            "/authorize", "/token", "/register", "/.well-known/oauth-authorization-server",
            "/.well-known/openid-configuration",
        ]
        for delivery: Delivery in [.mediated, .relay, .broker] {
            #expect(paths(delivery, siblings: 0).isSuperset(of: origin))
            #expect(paths(delivery, siblings: 1).isDisjoint(with: origin))
            #expect(paths(delivery, siblings: 0, .path).isDisjoint(with: origin))
            #expect(
                paths(delivery, siblings: 0).isSuperset(of: [
                    "/mcp/authorize", "/mcp/token", "/mcp/register",
                    "/.well-known/oauth-authorization-server/mcp/client-registration",
                ]))
            #expect(paths(delivery, siblings: 0).contains("/mcp/callback") == delivery.hasCallback)
            #expect(paths(delivery, siblings: 0).contains("/revoke") == (delivery == .broker))
            #expect(
                paths(delivery, siblings: 1).contains("/mcp/jwks.json") == (delivery == .broker))
        }
    }

    @Test func `what the broker publishes is its own (G87, identity-providers §4.9)`() {
        var mode = FacadeDocument.Mode()
        mode.announcesIssuer = true
        mode.issuesTokens = true
        mode.authentication = ["none"]
        mode.takesDocuments = true
        let document = FacadeDocument(
            issuer: "https://gw.test", registrationURL: nil,
            provider: ["jwks_uri": "https://as.test/jwks"], keysURL: nil, scopes: [], mode: mode
        ).value
        #expect(document["jwks_uri"] == "https://gw.test/jwks.json")
        #expect(document["revocation_endpoint"] == "https://gw.test/revoke")
        #expect(document["token_endpoint_auth_methods_supported"] == ["none"])
        #expect(document["authorization_response_iss_parameter_supported"] == true)
        #expect(document["client_id_metadata_document_supported"] == true)
    }
}
