import GatehouseJOSE
import GatehouseJSON
import GatehousePluginKit
import GatehouseTesting
import Glibc
import Testing

@testable import McpAuthenticationLogic

@Suite("mcpAuthentication: the gateway's credentials for questions about tokens")
struct QuestionCredentialTests {
    @Test func `the gateway asks by its key where it has no secret (RFC 7523 §2.2)`() throws {
        let path = "/tmp/gatehouse-attack-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).pem"
        let file = try #require(fopen(path, "w"))
        fputs(TestPEM.p256, file)
        fclose(file)
        chmod(path, 0o600)
        defer { unlink(path) }
        let answer: JSONValue = [
            "active": true, "aud": .string(Bench.resource), "sub": "u", "client_id": "c",
        ]
        let bench = try Bench([
            "clientId": "gw", "clientKey": ["file": .string(path)],
            "introspection": ["url": "https://as.test/introspect"],
        ]) { fetch in
            fetch.url == "https://as.test/introspect" ? .json(answer) : .json([:], status: 404)
        }
        let exchange = bench.send("POST", "/mcp", bench.bearer("opaque"))
        bench.settle()
        #expect(exchange.ownResponse == nil && exchange.lastAction == .continue)
        exchange.end()
        let asked = try #require(
            bench.host.fetches.last { $0.url == "https://as.test/introspect" })
        let form = try #require(FormPairs(parsing: asked.body))
        #expect(form["client_id"] == "gw" && form["token"] == "opaque")
        #expect(
            form["client_assertion_type"]
                == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        let assertion = try UnverifiedToken(parsing: form["client_assertion"] ?? "")
        #expect(assertion.claims.audiences == ["https://as.test/introspect"])
        #expect(!asked.fields.contains { $0.name == "authorization" })
    }

    @Test func `a probe by the gateway's key has its assertion as well`() throws {
        let plan = try #require(
            RequestPlan([
                "method": "POST", "url": "https://as.test/check",
                "form": ["access_token": "{token}"], "client_auth": ["method": "private_key_jwt"],
            ]))
        let secrets = PlanSecrets(
            token: "t", clientID: "gw", assertion: { "\($0) for \($1)" })
        let fetch = try #require(plan.executed(with: secrets, issuer: nil))
        #expect(fetch.form["client_assertion"] == "gw for https://as.test/check")
        #expect(fetch.form["access_token"] == "t")
    }

    @Test func `check 0 is told whether the policy can ask about tokens`() {
        var configuration = Configuration(issuer: "https://as.test", audiences: [])
        func can() -> JSONValue? {
            AdapterNeeds.input(configuration, .relay)["has_introspection_credentials"]
        }
        #expect(can() == false)
        configuration.clientID = "c"
        #expect(can() == false)
        configuration.clientSecret = "ref"
        #expect(can() == true)
        configuration.clientSecret = nil
        configuration.tokens.introspection = IntrospectionSettings(
            url: nil, clientID: "i", clientSecret: "r", cache: 1)
        #expect(can() == true)
    }

    @Test func `what policy and adapter both miss is said once, in the adapter's words`() {
        var configuration = Configuration(issuer: "https://as.test", audiences: [])
        let own = AdapterNeeds.remarks(
            configuration, .broker, ProviderAnswers.Description(["client_secret": "required"]))
        #expect(own.map(\.pointer) == ["/clientId", "/clientSecret"])
        #expect(own[0].message.hasPrefix("clientId is missing: in broker delivery clients share"))
        #expect(own[1].message.hasPrefix("clientSecret is missing"))
        let adapter: [ConfigurationRemark] = [
            .error("/clientId", "register an app", "x"), .warning("/clientSecret", "hm"),
        ]
        #expect(
            AdapterNeeds.merged(own, adapter)
                == [own[1], .error("/clientId", "register an app", "x"), adapter[1]])
        configuration.clientID = "c"
        #expect(AdapterNeeds.merged([], adapter) == adapter)
    }
}
