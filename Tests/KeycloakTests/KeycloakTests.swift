import GatehouseJSON
import GatehousePluginKit
import Testing

@testable import KeycloakLogic

@Suite("Keycloak adapter")
struct KeycloakTests {
    private func call(
        _ hook: String, _ input: JSONValue, _ configuration: JSONValue = [:]
    ) throws -> JSONValue {
        try KeycloakHooks.answer(hook, input, KeycloakConfiguration(configuration))
    }

    @Test func `hooks it does not know are left to the default`() {
        #expect(throws: KeycloakError.unknownHook) { try call("token_response/0", [:]) }
        #expect(throws: KeycloakError.unknownHook) { try call("discover/1", [:]) }
        #expect(throws: KeycloakError.missing("issuer")) { try call("discover/0", [:]) }
    }

    @Test func `every hook of the manifest is answered`() {
        for hook in KeycloakProvider.manifest.hooks {
            #expect(throws: Never.self, "\(hook)") {
                try call(
                    hook,
                    [
                        "issuer": "http://kc/realms/a", "gateway": [:], "params": [:],
                        "document": ["token_endpoint": "http://kc/t"], "client": [:],
                        "audiences": ["a"],
                        "metadata": [:], "status": 201, "body": [:], "claims": [:],
                    ])
            }
        }
    }

    @Test(arguments: ["http://localhost:7080/realms/mcp", "http://localhost:7080/realms/mcp/"])
    func `all forms of discovery are tried and merged`(issuer: String) throws {
        let plan = try call("discover/0", ["issuer": .string(issuer)])
        #expect(plan["merge"] == "merge")
        let urls = plan["requests"]?.arrayValue?.compactMap { $0["url"]?.stringValue }
        #expect(
            urls == [
                "http://localhost:7080/realms/mcp/.well-known/openid-configuration",
                "http://localhost:7080/realms/mcp/.well-known/oauth-authorization-server",
                "http://localhost:7080/.well-known/oauth-authorization-server/realms/mcp",
            ])
    }

    @Test func `metadata speaks of the gateway, G42 G44 G46`() throws {
        let document: JSONValue = [
            "issuer": "http://kc/realms/mcp", "jwks_uri": "http://kc/certs",
            "authorization_endpoint": "http://kc/auth", "token_endpoint": "http://kc/token",
            "registration_endpoint": "http://kc/clients-registrations/openid-connect",
            "code_challenge_methods_supported": ["plain", "S256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "tls_client_auth"],
            "mtls_endpoint_aliases": ["token_endpoint": "http://kc/token"],
            "authorization_response_iss_parameter_supported": true,
        ]
        let gateway: JSONValue = [
            "issuer": "http://gw/mcp", "authorization_endpoint": "http://gw/mcp/authorize",
            "token_endpoint": "http://gw/mcp/token", "registration_endpoint": "http://gw/r",
        ]
        let output = try call(
            "rewrite_metadata/0",
            ["document": document, "gateway": gateway, "delivery": "mediated"])
        let out = try #require(output["document"])
        #expect(out["issuer"] == "http://gw/mcp")
        #expect(out["registration_endpoint"] == "http://gw/r")
        #expect(out["jwks_uri"] == "http://kc/certs")
        #expect(out["code_challenge_methods_supported"] == ["S256"])
        #expect(out["token_endpoint_auth_methods_supported"] == ["none", "private_key_jwt"])
        #expect(out["mtls_endpoint_aliases"] == nil)
        #expect(out["authorization_response_iss_parameter_supported"] == nil)
    }

    private let metadata: JSONValue = [
        "client_name": "Inspector", "redirect_uris": ["http://localhost:6274/cb"],
        "token_endpoint_auth_method": "none", "scope": "openid read:all", "resource": "http://gw",
        "grant_types": ["authorization_code", "refresh_token"],
    ]

    @Test func `a registration carries only what Keycloak takes`() throws {
        let input: JSONValue = [
            "metadata": metadata, "issuer": "http://kc/realms/mcp/", "document": [:],
        ]
        let plan = try call("register_request/0", input)["request"]
        #expect(
            plan?["url"] == "http://kc/realms/mcp/clients-registrations/openid-connect")
        let body = try #require(plan?["json"]?.objectValue)
        #expect(
            body.keys == [
                "client_name", "redirect_uris", "token_endpoint_auth_method", "grant_types",
            ])
        let kept = try call("register_request/0", input, ["forwardScope": true])
        #expect(kept["request"]?["json"]?["scope"] == "openid read:all")
        let none = try call("register_request/0", ["metadata": [:], "issuer": "http://kc"])
        #expect(none["error"]?["error"] == "invalid_redirect_uri")
    }

    @Test func `the answer to a registration is put right`() throws {
        let body: JSONValue = [
            "client_id": "a", "client_secret": "s",
            "token_endpoint_auth_method": "client_secret_basic",
            "registration_access_token": "t", "registration_client_uri": "http://kc/r/a",
        ]
        let input: JSONValue = ["status": 201, "body": body, "metadata": metadata]
        let out = try call("register_response/0", input)
        #expect(out["status"] == 201)
        #expect(out["body"]?["token_endpoint_auth_method"] == "none")
        for gone in ["client_secret", "registration_access_token", "registration_client_uri"] {
            #expect(out["body"]?[gone] == nil)
        }
        #expect(out["body"]?["redirect_uris"] == ["http://localhost:6274/cb"])
        let asked: JSONValue = ["token_endpoint_auth_method": "client_secret_post"]
        let posted = try call(
            "register_response/0", ["status": 201, "body": body, "metadata": asked])
        #expect(posted["body"]?["token_endpoint_auth_method"] == "client_secret_post")
        #expect(posted["body"]?["client_secret"] == "s")
        #expect(posted["body"]?["client_secret_expires_at"] == 0)
    }

    @Test(
        arguments: [
            (403, "Policy 'Trusted Hosts' rejected request", 403, "access_denied"),
            (
                403, "Policy 'Allowed Client Scopes' rejected request", 400,
                "invalid_client_metadata"
            ),
            (400, "Unrecognized field \"resource\"", 400, "invalid_client_metadata"),
            (404, "", 400, "invalid_client_metadata"), (500, "boom", 502, "server_error"),
        ] as [(Int64, String, Int64, String)])
    func `a refusal tells the client its kind and the operator what to do`(
        status: Int64, text: String, answered: Int64, error: String
    ) throws {
        let out = try call(
            "register_response/0",
            [
                "status": .number(JSONNumber(status)), "body": nil, "text": .string(text),
                "metadata": metadata,
            ])
        #expect(out["status"]?.intValue == answered)
        #expect(out["body"]?["error"]?.stringValue == error)
        #expect(out["hint"]?.stringValue?.isEmpty == false)
    }

    @Test func `claims of an access token are named as the field names them`() throws {
        let claims: JSONValue = [
            "typ": "Bearer", "sub": "u", "azp": "c", "scope": "mcp:tools openid",
            "realm_access": ["roles": ["admin"]],
            "resource_access": ["account": ["roles": ["view-profile"]]],
        ]
        let out = try call("normalize_claims/0", ["claims": claims])
        #expect(out["subject"] == "u")
        #expect(out["client_id"] == "c")
        #expect(out["scopes"] == ["mcp:tools", "openid"])
        #expect(out["roles"] == ["admin", "account:view-profile"])
    }

    @Test(arguments: ["ID", "Refresh", "Logout", "Offline"])
    func `other tokens of the realm are no access tokens`(kind: String) throws {
        let out = try call("normalize_claims/0", ["claims": ["typ": .string(kind)]])
        #expect(out["reject"] != nil)
        let hashed = try call("normalize_claims/0", ["claims": ["at_hash": "x"]])
        #expect(hashed["reject"] != nil)
    }

    @Test func `the schema is JSON`() throws {
        let schema = try JSONValue(parsing: KeycloakConfiguration.schema)
        #expect(schema["additionalProperties"] == false)
    }
}
