import GatehouseJOSE
import GatehouseJSON
import Testing

@testable import McpAuthenticationLogic

/// The bodies by which real clients register, one a file (G61).
enum RegistrationFixtures {
    static let names = [
        "chatgpt", "claude-ai", "claude-code", "codex", "cursor", "fastmcp", "gemini-cli",
        "inspector-1", "inspector-2", "mcp-python-1", "mcp-python-2", "mcp-typescript", "vscode",
        "windsurf",
    ]

    static func body(_ name: String) throws -> [UInt8] {
        let here = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/")
        return try #require(
            FileContents.read("\(here)/Fixtures/registrations/\(name).json", limit: 65_536))
    }
}

@Suite("mcpAuthentication: clients")
struct ClientTests {
    private let policy = RedirectURIs(schemes: ClientsConfiguration().redirectSchemes)

    @Test(
        arguments: [
            ("https://claude.ai/cb", true), ("https://a.test/cb?x=1", true),
            ("http://localhost:1234/cb", true), ("http://127.0.0.1/", true),
            ("http://[::1]:9/", true), ("cursor://x/cb", true), ("CURSOR://x/cb", true),
            ("http://evil.test/", false), ("http://127.0.0.1.evil.test/", false),
            ("http://x.localhost/", false), ("com.example.app:/cb", false),
            ("javascript:alert(1)", false), ("JaVaScRiPt:x", false), ("data:text/html,x", false),
            ("vbscript:x", false), ("file:///etc/passwd", false), ("blob:https://a/1", false),
            ("https://a/#f", false), ("https://a/cb#", false), ("https://u@a/", false),
            ("https://u:p@a/", false), ("cursor://u@x/cb", false), ("https://*.a/", false),
            ("https://a/*", false), ("https://a/./cb", false), ("https://a/x/../cb", false),
            ("https://a/%2e%2e/cb", false), ("https://a/.%2E/cb", false),
            ("https://a/..", false), ("/relative", false), ("//a/cb", false), ("", false),
            ("cursor:", false), ("https://", false), ("https://a/ b", false),
            ("https://a/\\b", false), ("https://a/\u{E4}", false), ("https://a\r\nx: y", false),
            ("https://a/cb?code=1", false), ("https://a/cb?iss=x", false),
            ("https://a/cb?state=", false), ("https://a/<script>", false),
            ("https://" + String(repeating: "a", count: 2048), false),
        ] as [(String, Bool)])
    func `a redirect URI is one that a browser may be sent to (G63)`(uri: String, expected: Bool) {
        #expect(policy.isAcceptable(uri) == expected)
    }

    @Test(
        arguments: [
            ("https://a/cb", "https://a/cb", true), ("https://a/cb", "https://a/cb/", false),
            ("https://a/cb", "https://A/cb", false), ("https://a:444/cb", "https://a/cb", false),
            ("https://a/cb?x", "https://a/cb", false),
            ("http://localhost:1/cb", "http://localhost:2/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", true),
            ("http://[::1]:1/cb", "http://[::1]:2/cb", true),
            ("http://localhost:1/cb", "http://127.0.0.1:1/cb", false),
            ("http://localhost:1/cb", "http://localhost:1/cb2", false),
            ("http://localhost:1/cb?x=1", "http://localhost:1/cb", false),
            ("https://localhost:1/cb", "https://localhost:2/cb", false),
            ("cursor://a/cb", "cursor://a/cb2", false),
        ] as [(String, String, Bool)])
    func `a redirect URI is exact but for a loopback port (G64, RFC 8252 §7.3)`(
        uri: String, registered: String, expected: Bool
    ) {
        #expect(RedirectURIs.matches(uri, registered: registered) == expected)
    }

    @Test func `a list of redirect URIs is the only one`() {
        let only = RedirectURIs(schemes: [], only: ["https://a/cb", "http://127.0.0.1/cb"])
        #expect(only.isAcceptable("https://a/cb"))
        #expect(only.isAcceptable("http://127.0.0.1:77/cb"))
        #expect(!only.isAcceptable("https://b/cb"))
    }

    @Test(arguments: RegistrationFixtures.names)
    func `what real clients send is registered (G57 to G61)`(name: String) throws {
        let members = try Registration.read(RegistrationFixtures.body(name), policy: policy).get()
        let read = try ClientRegistration.read(members, policy: policy).get()
        let response = read.response(clientID: "sealed", now: 7)
        let body = try JSONValue(parsing: response.body)
        #expect(response.status == 201 && response.field("cache-control") == "no-store")
        #expect(body["client_id"] == "sealed" && body["client_id_issued_at"] == 7)
        #expect(body["redirect_uris"] == members["redirect_uris"])
        #expect(body["token_endpoint_auth_method"] == "none")
        #expect(body["client_secret"] == nil && body["response_types"] == ["code"])
        #expect(body["client_name"] == members["client_name"])
        for (member, value) in body.objectValue ?? [:] {
            #expect(!value.isNull && value != "", "\(member)")
        }
        let sealed = ClientRecord(sealed: read.record.sealedValue, clientID: "x")
        #expect(sealed?.redirectURIs == read.record.redirectURIs)
        let upstream = read.upstreamMetadata(members, callback: "https://gw/mcp/callback")
        #expect(upstream["redirect_uris"] == ["https://gw/mcp/callback"])
        #expect(upstream["scope"] != "" && upstream["logo_uri"] == nil)
    }

    @Test(arguments: [
        (#"{}"#, "invalid_redirect_uri"), (#"{"redirect_uris":[]}"#, "invalid_redirect_uri"),
        (#"{"redirect_uris":["https://a/cb",1]}"#, "invalid_redirect_uri"),
        (#"{"redirect_uris":["https://a/cb","data:x"]}"#, "invalid_redirect_uri"),
        (
            #"{"redirect_uris":["https://a/cb"],"grant_types":["client_credentials"]}"#,
            "invalid_client_metadata"
        ),
        (
            #"{"redirect_uris":["https://a/cb"],"response_types":["token"]}"#,
            "invalid_client_metadata"
        ),
    ])
    func `a registration that cannot be is refused (G62)`(body: String, code: String) throws {
        let members = try #require(try JSONValue(parsing: body).objectValue)
        guard case .failure(let failure) = ClientRegistration.read(members, policy: policy) else {
            Issue.record("accepted")
            return
        }
        #expect(failure.code == code && failure.status == 400)
    }

    @Test func `redirect URIs are bounded, for they travel in the identifier`() throws {
        let long = "https://a/" + String(repeating: "b", count: 1500)
        for uris in [Array(repeating: long, count: 3), Array(repeating: "https://a/cb", count: 33)]
        {
            let members: JSONObject = ["redirect_uris": .array(uris.map { .string($0) })]
            guard case .failure = ClientRegistration.read(members, policy: policy) else {
                Issue.record("accepted")
                continue
            }
        }
    }

    @Test func `a provider's client is sealed into ours, its secret is used though none was asked`()
        throws
    {
        let members: JSONObject = ["redirect_uris": ["https://a/cb"]]
        let read = try ClientRegistration.read(members, policy: policy).get()
        let complete = read.registered(
            ["client_id": "up", "client_secret": "s", "token_endpoint_auth_method": "none"])
        #expect(
            complete?.record.upstream
                == UpstreamClient(
                    id: "up", secret: "s", authentication: "client_secret_basic"))
        #expect(read.registered([:]) == nil)
    }

    @Test func `a name cannot break out of its line (§6.17)`() {
        #expect(ClientRegistration.name("a\u{202E}b\nc\u{0}") == "abc")
        #expect(ClientRegistration.name(" \u{200B}") == nil)
        #expect(ClientRegistration.name(1) == nil)
        #expect(
            ClientRegistration.name(.string(String(repeating: "x", count: 999)))?.utf8.count == 128)
    }

    // MARK: Documents

    @Test(
        arguments: [
            ("https://app.test/client.json", true), ("https://app.test:8443/a/b", true),
            ("http://127.0.0.1:9/client", true), ("http://app.test/client", false),
            ("https://app.test", false), ("https://app.test/", false),
            ("https://app.test/c#f", false), ("https://u@app.test/c", false),
            ("https://app.test/a/../c", false), ("https://app.test/%2e%2e/c", false),
            ("https://app.test/c?x", false), ("https://APP.test/c", false),
            ("https://app.test:443/c", false), ("client", false), ("", false),
        ] as [(String, Bool)])
    func `the URL of a metadata document has one spelling (G69)`(text: String, expected: Bool) {
        #expect((ClientDocument.url(of: text) != nil) == expected)
    }

    @Test func `a document is asked for in public, elsewhere by leave of the operator (G70)`()
        throws
    {
        // Origins that the configuration names for another use are no stranger's to have asked:
        // not by https, and not by http, which only `fetch.allow` opens.
        for text in ["https://app.test/c", "http://127.0.0.1:9/c"] {
            let plan = ClientDocument.plan(try #require(HTTPURL(text)))
            #expect(plan.reaches == [.publicOnly] && plan.wider == nil)
            #expect(plan.maximumBytes == 5 * 1024 && plan.timeout <= 5000)
        }
    }

    private static let clientID = "https://app.test/c"

    private func document(
        _ body: String, status: Int = 200, type: String = "application/json"
    ) -> Result<ClientRecord, DocumentRefusal> {
        ClientDocument.read(
            FetchedAnswer(
                status: status, fields: [("Content-Type", type)], body: Array(body.utf8)),
            clientID: Self.clientID, policy: policy)
    }

    private static let good =
        #"{"client_id":"https://app.test/c","client_name":"App","#
        + #""redirect_uris":["https://app.test/cb"],"#
        + #""token_endpoint_auth_methods_supported":["none"]}"#

    @Test func `a good document is a client`() throws {
        let record = try document(Self.good, type: "application/json; charset=utf-8").get()
        #expect(
            record
                == ClientRecord(
                    clientID: Self.clientID, kind: .document, name: "App",
                    redirectURIs: ["https://app.test/cb"]))
    }

    @Test(arguments: [
        #"{"client_id":"https://app.test/d","redirect_uris":["https://app.test/cb"]}"#,
        #"{"client_id":"https://app.test/c/","redirect_uris":["https://app.test/cb"]}"#,
        #"{"redirect_uris":["https://app.test/cb"]}"#, #"{"client_id":"https://app.test/c"}"#,
        #"{"client_id":"https://app.test/c","redirect_uris":[]}"#,
        #"{"client_id":"https://app.test/c","redirect_uris":["javascript:x"]}"#,
        #"{"client_id":"https://app.test/c","redirect_uris":["https://a/cb",2]}"#,
        #"{"client_id":"https://app.test/c","redirect_uris":["https://a/cb"],"client_secret":"s"}"#,
        #"{"client_id":"https://app.test/c","redirect_uris":["https://a/cb"],"#
            + #""token_endpoint_auth_method":"client_secret_basic"}"#,
        "[]", "", "<html>",
    ])
    func `a document that says something else is refused (G69)`(body: String) {
        guard case .failure = document(body) else {
            Issue.record("accepted: \(body)")
            return
        }
    }

    @Test func `status, type and size of a document are checked (G69)`() {
        let padded =
            Self.good.dropLast() + ",\"x\":\"" + String(repeating: "a", count: 6000) + "\"}"
        for result in [
            document(Self.good, status: 302), document(Self.good, status: 404),
            document(Self.good, type: "text/html"), document(String(padded)),
            ClientDocument.read(
                FetchedAnswer(status: 0, failure: "timeout"), clientID: Self.clientID,
                policy: policy),
        ] {
            guard case .failure = result else {
                Issue.record("accepted")
                continue
            }
        }
    }

    @Test(
        arguments: [
            ("", 300_000), ("max-age=60", 60_000), ("max-age=86400", 600_000), ("no-store", 0),
            ("no-cache, max-age=60", 0),
        ] as [(String, Int64)])
    func `a document is kept by its caching, ten minutes at most (G70)`(text: String, age: Int64) {
        let fields = text.isEmpty ? [] : [(name: "cache-control", value: text)]
        #expect(ClientDocument.age(of: FetchedAnswer(status: 200, fields: fields)) == age)
    }

    // MARK: Directory

    private func directory(
        _ delivery: Delivery, clientID: String? = nil, _ described: JSONValue = [:],
        _ clients: ClientsConfiguration = ClientsConfiguration()
    ) -> ClientDirectory {
        var configuration = Configuration(issuer: "https://as.test", audiences: [])
        configuration.clientID = clientID
        configuration.clients = clients
        return ClientDirectory(
            delivery: delivery, configuration: configuration,
            description: ProviderAnswers.Description(described))
    }

    @Test func `what registration does follows from mode, provider and configuration`() {
        let emulate: JSONValue = ["registration": "emulate"]
        let native: JSONValue = ["registration": "native"]
        var closed = ClientsConfiguration()
        closed.registration = false
        #expect(directory(.direct).registration == .none)
        #expect(directory(.mediated).registration == .passed)
        #expect(directory(.mediated, native).registration == .native)
        #expect(directory(.mediated, emulate).registration == .none)
        #expect(directory(.mediated, clientID: "c").registration == .configured("c"))
        #expect(directory(.relay).registration == .proxied)
        #expect(directory(.relay, native).registration == .proxied)
        #expect(directory(.relay, emulate).registration == .none)
        #expect(directory(.relay, clientID: "c").registration == .emulated)
        #expect(directory(.broker, clientID: "c", emulate).registration == .emulated)
        #expect(directory(.relay, clientID: "c", [:], closed).registration == .none)
    }

    @Test func `documents are taken where there is a client for them (G46)`() {
        var closed = ClientsConfiguration()
        closed.metadataDocuments = false
        #expect(!directory(.mediated).takesDocuments)
        #expect(directory(.mediated, clientID: "c").takesDocuments)
        #expect(
            !directory(.mediated, clientID: "c", ["client_metadata_documents": "native"])
                .takesDocuments)
        #expect(directory(.relay).takesDocuments)
        #expect(!directory(.relay, ["registration": "none"]).takesDocuments)
        #expect(directory(.broker, clientID: "c").takesDocuments)
        #expect(!directory(.broker, clientID: "c", [:], closed).takesDocuments)
        #expect(!directory(.relay, ["client_metadata_documents": "none"]).takesDocuments)
    }

    @Test func `an identifier is looked up by what it is`() {
        let sealed: (String) -> JSONValue? = { $0 == "sealed" ? ["r": ["https://a/cb"]] : nil }
        let relay = directory(.relay, clientID: "c")
        guard case .known(let registered) = relay.find("sealed", open: sealed),
            case .known(let configured) = relay.find("c", open: sealed)
        else {
            Issue.record("not known")
            return
        }
        #expect(registered.kind == .registered && registered.redirectURIs == ["https://a/cb"])
        #expect(configured.kind == .configured)
        #expect(relay.find("other", open: sealed) == .unknown)
        guard case .document = relay.find("https://app.test/c", open: sealed) else {
            Issue.record("no document")
            return
        }
        #expect(directory(.mediated).find("other", open: sealed) == .foreign)
        #expect(directory(.mediated).find("https://app.test/c", open: sealed) == .foreign)
    }

    @Test func `registrations of one address are limited, those of others are not (G65, G120)`() {
        let limiter = RateLimiter(perMinute: 2)
        for _ in 0..<2 { #expect(limiter.refusal(of: "192.0.2.1", now: 0) == nil) }
        #expect(limiter.refusal(of: "192.0.2.1", now: 1000) == 59)
        #expect(limiter.refusal(of: "192.0.2.2", now: 1000) == nil)
        #expect(limiter.refusal(of: "192.0.2.1", now: 60_000) == nil)
        // A host has a whole /64.
        for last in ["1", "2"] {
            #expect(limiter.refusal(of: "2001:db8:1:2:3:4:5:\(last)", now: 0) == nil)
        }
        #expect(limiter.refusal(of: "2001:db8:1:2::9:9:9:9", now: 0) != nil)
        // Also where its zeros are left out: then what stands behind them is the host's own.
        for last in ["a:1:1:1", "b::1"] {
            #expect(limiter.refusal(of: "2001:db9::\(last)", now: 0) == nil)
        }
        #expect(limiter.refusal(of: "2001:db9::c:0:0:1", now: 0) != nil)
        #expect(limiter.refusal(of: "::1", now: 0) == nil)
        for number in 0..<RateLimiter.bound + 10 {
            _ = limiter.refusal(of: "a\(number)", now: 70_000)
        }
        #expect(limiter.refusal(of: "new", now: 70_000) == nil)
    }
}
