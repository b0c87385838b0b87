import GatehouseJSON
import Testing

@testable import McpAuthenticationLogic

@Suite("mcpAuthentication: metadata documents")
struct DocumentTests {
    private func configuration(_ metadata: String, _ more: String = "") throws -> Configuration {
        let text =
            #"{"issuer": "https://as.test", "audiences": ["a"], "resourceMetadata": \#(metadata)"#
            + "\(more)}"
        return try #require(
            ConfigurationReader.read(try JSONValue(parsing: text)).configuration)
    }

    @Test func `computed members come first and configured ones replace them (G23, G26, G27)`()
        throws
    {
        let configuration = try configuration(
            #"{"scopesSupported": ["a"], "authorizationServers": ["https://x"], "zNull": null,"#
                + #" "empty": []}"#)
        let document = ProtectedResourceDocument.build(
            configuration, resource: "https://gw/mcp", issuer: "https://as.test")
        #expect(
            document.serialized(.compact)
                == #"{"resource":"https://gw/mcp","authorization_servers":["https://x"],"#
                + #""mcp_protocol_version":"2025-06-18","resource_type":"mcp-server","#
                + #""bearer_methods_supported":["header"],"scopes_supported":["a"]}"#)
    }

    @Test func `URLs come from the configured resource, else from the exchange (G24, G29, G37)`() {
        let derived = ExternalURLs(resource: nil)
        #expect(
            derived.metadataURL(exchangeBase: "http://h:3000", path: "/a/b")
                == "http://h:3000/.well-known/oauth-protected-resource/a/b")
        #expect(derived.resource(exchangeBase: "http://h/", path: "/mcp/") == "http://h/mcp/")
        #expect(
            derived.metadataURL(exchangeBase: "http://h", path: "/")
                == "http://h/.well-known/oauth-protected-resource/")
        let fixed = ExternalURLs(resource: "https://gateway.example.com/base/path?debug=true")
        #expect(
            fixed.metadataURL(exchangeBase: "http://backend.internal", path: "/mcp")
                == "https://gateway.example.com/.well-known/oauth-protected-resource/mcp")
        #expect(
            fixed.resource(exchangeBase: "http://evil.test", path: "/mcp")
                == "https://gateway.example.com/base/path?debug=true")
    }

    @Test func `a path cannot break out of the challenge (OM-044)`() {
        #expect(ExternalURLs.safePath("/a%0d%0ab") == "/a%0d%0ab")
        #expect(ExternalURLs.safePath("/a\"b\\c d\r\n") == "/a%22b%5Cc%20d%0D%0A")
    }

    @Test func `a protected route claims its paths in both slash forms (G23, G24, G25)`() throws {
        let route = RouteDescription(
            try JSONValue(
                parsing: #"""
                    {"matches": [{"path": {"exact": "/stdio/mcp"}},
                      {"path": {"exact": "/.well-known/oauth-protected-resource/stdio/mcp"}}],
                     "siblings": 1}
                    """#))
        #expect(route.matches == [.init(path: "/stdio/mcp", isPrefix: false)])
        let paths = WellKnownPaths(route: route, delivery: .direct).claims.map(\.path)
        #expect(
            paths == [
                "/.well-known/oauth-protected-resource/stdio/mcp",
                "/.well-known/oauth-protected-resource/stdio/mcp/",
                "/.well-known/oauth-authorization-server/stdio/mcp",
                "/.well-known/oauth-authorization-server/stdio/mcp/",
            ])
    }

    @Test func `the facade stands where clients look for it (G38, G39)`() throws {
        let route = RouteDescription(
            try JSONValue(parsing: #"{"matches": [{"path": {"exact": "/k/mcp"}}], "siblings": 1}"#))
        let claims = WellKnownPaths(route: route, delivery: .mediated).claims
        let documents = claims.filter {
            if case .authorizationServer = $0.kind { true } else { false }
        }.map(\.path)
        #expect(
            Set(documents) == [
                "/.well-known/oauth-authorization-server/k/mcp",
                "/.well-known/oauth-authorization-server/k/mcp/",
                "/.well-known/openid-configuration/k/mcp",
                "/.well-known/openid-configuration/k/mcp/",
                "/k/mcp/.well-known/openid-configuration",
                "/k/mcp/.well-known/oauth-authorization-server",
            ])
        #expect(
            claims.contains {
                $0.path == "/.well-known/oauth-authorization-server/k/mcp/client-registration"
                    && $0.kind == .registration
            })
        #expect(claims.contains { $0.path == "/k/mcp/token" && $0.kind == .token })
    }

    @Test func `a route without matches and a prefix claim everything below`() {
        let claims = WellKnownPaths(route: RouteDescription([:]), delivery: .direct).claims
        #expect(
            claims.map(\.path) == [
                "/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server",
            ])
        #expect(claims.filter { !$0.isPrefix }.isEmpty)
    }

    private func answer(
        _ body: String, status: Int = 200, type: String = "application/json", cache: String = ""
    ) -> FetchedAnswer {
        FetchedAnswer(
            status: status, fields: [("Content-Type", type), ("Cache-Control", cache)],
            body: Array(body.utf8))
    }

    @Test(arguments: [
        #"{"issuer":"https://evil.test"}"#, "[]", "{}", "", #"{"issuer":"https://as.test/"}"#,
        #"{"issuer":"https://as.test","issuer":"https://as.test"}"#, "<html>",
    ])
    func `a document of another issuer or another shape is refused (G54)`(body: String) {
        #expect(throws: DocumentRefusal.self) {
            try IssuerDocument(self.answer(body), expecting: "https://as.test")
        }
    }

    @Test func `status, type and coding of a document are checked`() {
        let good = #"{"issuer":"https://as.test"}"#
        for bad in [
            answer(good, status: 302), answer(good, status: 500), answer(good, type: "text/html"),
            answer(good, type: ""), FetchedAnswer(status: 0, failure: "timeout"),
        ] {
            #expect(throws: DocumentRefusal.self) {
                try IssuerDocument(bad, expecting: "https://as.test")
            }
        }
        var coded = answer(good)
        coded.fields.append(("content-encoding", "gzip"))
        #expect(throws: DocumentRefusal.self) {
            try IssuerDocument(coded, expecting: "https://as.test")
        }
    }

    @Test func `a good document keeps its bytes and its caching`() throws {
        let text = #"{ "issuer" : "https://as.test" }"#
        let document = try IssuerDocument(
            answer(text, type: "Application/JSON; charset=utf-8", cache: "private, max-age=90"),
            expecting: "https://as.test")
        #expect(document.bytes == Array(text.utf8))
        #expect(document.isPrivate)
        #expect(document.freshness == 90)
    }

    @Test(
        arguments: [
            ("max-age=60", 60, false), ("no-store", nil, true),
            ("max-age=60, no-cache", nil, false),
            ("max-age=x", nil, false), ("max-age=-1", nil, false),
            ("PRIVATE, Max-Age=\"7\"", 7, true),
        ] as [(String, Int64?, Bool)])
    func `Cache-Control is read`(text: String, freshness: Int64?, isNotShared: Bool) {
        let directives = CacheDirectives(text)
        #expect(directives.freshness == freshness)
        #expect(directives.isNotShared == isNotShared)
    }

    @Test func `the mediated document is complete without the provider (G53)`() {
        let document = FacadeDocument(
            issuer: "http://h/k/mcp", registrationURL: nil, provider: nil, keysURL: nil, scopes: []
        ).value
        #expect(document["issuer"] == "http://h/k/mcp")
        #expect(document["authorization_endpoint"] == "http://h/k/mcp/authorize")
        #expect(document["token_endpoint"] == "http://h/k/mcp/token")
        #expect(document["response_types_supported"] == ["code"])
        #expect(document["code_challenge_methods_supported"] == ["S256"])
        #expect(document["registration_endpoint"] == nil)
        #expect(document["scopes_supported"] == nil)
    }

    @Test func `the mediated document takes over nothing that is not listed (G49, G52, G55)`()
        throws
    {
        let provider = try JSONValue(
            parsing: #"""
                {"issuer": "http://kc/realms/mcp", "jwks_uri": "http://kc/certs",
                 "authorization_endpoint": "http://kc/auth", "token_endpoint": "http://kc/token",
                 "code_challenge_methods_supported": ["plain", "S256"],
                 "authorization_response_iss_parameter_supported": true,
                 "mtls_endpoint_aliases": {"token_endpoint": "http://kc/token"},
                 "pushed_authorization_request_endpoint": "http://kc/par",
                 "userinfo_endpoint": "http://kc/userinfo", "op_policy_uri": "",
                 "op_tos_uri": "javascript:alert(1)", "acr_values_supported": null,
                 "scopes_supported": ["openid", "offline_access"],
                 "id_token_signing_alg_values_supported": ["RS256", "none"]}
                """#)
        let document = FacadeDocument(
            issuer: "http://h/k", registrationURL: "http://h/r", provider: provider, keysURL: nil,
            scopes: ["read"]
        ).value
        #expect(
            Set(document.objectValue?.keys ?? []) == [
                "issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint",
                "jwks_uri", "response_types_supported", "response_modes_supported",
                "grant_types_supported", "token_endpoint_auth_methods_supported",
                "code_challenge_methods_supported", "scopes_supported", "subject_types_supported",
                "id_token_signing_alg_values_supported",
            ])
        #expect(document["id_token_signing_alg_values_supported"] == ["RS256"])
        #expect(document["scopes_supported"] == ["read"])
        #expect(document["token_endpoint_auth_methods_supported"]?.arrayValue?.first == "none")
    }
}
