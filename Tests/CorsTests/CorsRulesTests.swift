import GatehouseJSON
import GatehousePluginKit
import Testing

@testable import CorsLogic

@Suite("cors: decisions")
struct CorsRulesTests {
    private func rules(
        _ configuration: JSONValue, isProtected: Bool = true
    ) throws -> CorsRules {
        let read = try #require(CorsConfiguration.read(configuration).0)
        return CorsRules(configuration: read, isProtected: isProtected)
    }

    private func request(_ origin: StaticString?, isOptions: Bool = false) -> CorsRequest {
        CorsRequest(isOptions: isOptions, origin: origin.map { BorrowedBytes($0) })
    }

    private func base() -> BorrowedBytes? { BorrowedBytes("https://gw.example") }

    @Test func `a foreign origin is refused before authentication on a protected route (G22)`()
        throws
    {
        let evil = request("https://evil.test")
        let list: JSONValue = ["allowOrigins": ["https://app.example"]]
        guard case .answer(let answer) = try rules(list).decide(evil, externalBase: base) else {
            Issue.record("it must be refused")
            return
        }
        #expect(answer.status == 403)
        #expect(answer.response.fields.contains { $0.name == "vary" && $0.value == "Origin" })
        let open = try rules(list, isProtected: false)
        #expect(open.decide(evil, externalBase: base) == .pass(.none))
        let old = try rules([
            "allowOrigins": ["https://app.example"], "disallowedOrigin": "forward",
        ])
        #expect(old.decide(evil, externalBase: base) == .pass(.none))
    }

    @Test func `the exchange's own origin is no foreign one`() throws {
        let list = try rules(["allowOrigins": ["https://app.example"]])
        let own = request("https://gw.example")
        #expect(list.decide(own, externalBase: base) == .pass(.none))
        let decision = list.decide(own, externalBase: { BorrowedBytes("https://GW.example:443") })
        #expect(decision == .pass(.none))
        guard case .answer = list.decide(request("https://gw.example:8443"), externalBase: base)
        else {
            Issue.record("another port is another origin")
            return
        }
    }

    @Test func `a repeated Origin is no allowed one`() throws {
        var twice = request("https://app.example")
        twice.isOriginRepeated = true
        let list = try rules(["allowOrigins": ["https://app.example"]])
        guard case .answer(let answer) = list.decide(twice, externalBase: base) else {
            Issue.record("it must be refused")
            return
        }
        #expect(answer.status == 403)
    }

    @Test func `the public documents of another policy stay public`() throws {
        var metadata = request("https://evil.test")
        metadata.isClaimed = true
        let list = try rules(["allowOrigins": ["https://app.example"]])
        #expect(list.decide(metadata, externalBase: base) == .pass(.claimers))
        metadata.isOptions = true
        metadata.requestedMethod = BorrowedBytes("GET")
        #expect(list.decide(metadata, externalBase: base) == .pass(.claimers))
        #expect(list.permission(.claimers).isEmpty)
    }

    @Test func `OPTIONS without a requested method is an ordinary request`() throws {
        let any = try rules(["allowOrigins": ["*"]])
        #expect(any.decide(request("https://a.test", isOptions: true)) == .pass(.any))
        var empty = request("https://a.test", isOptions: true)
        empty.requestedMethod = BorrowedBytes("")
        #expect(any.decide(empty) == .pass(.any))
    }

    @Test func `a wildcard of headers echoes what is asked for and is a header`() throws {
        let any = try rules([
            "allowOrigins": ["*"], "allowHeaders": ["*"], "allowMethods": ["*"],
        ])
        var preflight = request("https://a.test", isOptions: true)
        preflight.requestedMethod = BorrowedBytes("PATCH")
        preflight.requestedHeaders = "Authorization, b\"ad, X-One"
        guard case .answer(let answer) = any.decide(preflight) else {
            Issue.record("a preflight is answered")
            return
        }
        #expect(answer.fields[.allowHeaders] == "authorization, x-one")
        #expect(answer.fields[.allowMethods] == "PATCH")
        #expect(answer.fields[.allowOrigin] == "*")
        #expect(answer.fields[.vary]?.contains("Origin") == false)
    }

    @Test func `a preflight of a foreign origin learns nothing`() throws {
        var preflight = request("https://evil.test", isOptions: true)
        preflight.requestedMethod = BorrowedBytes("POST")
        let list: JSONValue = ["allowOrigins": ["https://app.example"], "allowMethods": ["POST"]]
        let cases: [(CorsRules, UInt32)] = [
            (try rules(list), 403), (try rules(list, isProtected: false), 204),
            (
                try rules(["allowOrigins": ["https://a.example"], "disallowedOrigin": "forward"]),
                200
            ),
        ]
        for (rules, status) in cases {
            guard case .answer(let answer) = rules.decide(preflight, externalBase: base) else {
                Issue.record("a preflight is never forwarded")
                continue
            }
            #expect(answer.status == status)
            #expect(answer.fields[.allowOrigin] == nil)
            #expect(answer.fields[.allowMethods] == nil)
            #expect(answer.fields[.vary] == "Origin")
        }
    }

    @Test(
        arguments: [
            ("Origin", true), ("accept, origin", true), ("*", true), ("Accept-Encoding", false),
            ("x-origin, originx", false), ("", false), (" ,\tORIGIN\t,", true),
        ] as [(StaticString, Bool)])
    func `a Vary that covers Origin`(value: StaticString, covers: Bool) {
        #expect(CorsRules.coversOrigin(BorrowedBytes(value)) == covers)
    }

    @Test func `a protected route is one with a policy of the class authentication`() throws {
        let text =
            #"{"policies":[{"name":"cors","orderClass":"cors"},{"orderClass":"authentication"}]}"#
        let route = try JSONValue(parsing: text)
        #expect(CorsPolicy.isProtected(route))
        #expect(!CorsPolicy.isProtected(["policies": [["orderClass": "cors"]]]))
        #expect(!CorsPolicy.isProtected(nil))
    }
}
