import CGatehouse
import CGatehouseHost
import GatehouseJSON
import GatehouseTesting
import Glibc
import Testing

@testable import GatehousePluginHost

/// DESIGN §3: PluginHost and GatehouseTesting implement one contract. The same libraries run on
/// both; what they are told must be the same.
@Suite("Conformance: one contract, two hosts")
struct ConformanceTests {
    let fixtures = LoadingFixtures.shared

    @Test func `every question of the contract has one answer`() throws {
        let real = try onPluginHost("contract", request)
        let memory = try onMemoryHost("contract", request)
        #expect(real.status == 200 && memory.status == 200)
        let answers = real.body.split(separator: "\n").map(String.init)
        let others = memory.body.split(separator: "\n").map(String.init)
        #expect(answers.count == others.count && answers.count > 90)
        for (one, other) in zip(answers, others) { #expect(one == other) }
        #expect(answers.filter { $0.hasSuffix(" \(GH_INTERNAL)") } == [])
    }

    /// What the contract says is written here too, so that two hosts cannot be wrong together.
    @Test(arguments: [
        ("third field", GH_NOT_FOUND), ("field of no direction", GH_INVALID),
        ("fields into too little", GH_LIMIT), ("unknown attribute", GH_UNSUPPORTED),
        ("edit that splits", GH_INVALID), ("edit of the length", GH_DENIED),
        ("edit of the coding", GH_DENIED), ("two edits, one bad", GH_INVALID), ("which", 1),
        ("none was done", GH_NOT_FOUND), ("cancel again", GH_GONE), ("no exchange", GH_GONE),
        ("an invented one", GH_GONE), ("begin for a stale instance", GH_GONE),
        ("respond 101", GH_INVALID), ("unknown secret", GH_DENIED),
        ("the wanted field", 1), ("it is repeated", 0), ("the absent one", 1),
    ])
    func `the host answers what the contract says`(question: String, answer: Int) throws {
        let lines = try onPluginHost("contract", request).body.split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix(question + " ") })
        #expect(line == "\(question) \(answer)")
    }

    @Test(arguments: ["refuse", "pass"])
    func `a policy in C does the same on both hosts`(word: String) throws {
        let request = Request(
            target: "/mcp", fields: [("Host", "gateway.test"), ("X-Fixture", word)])
        let real = try onPluginHost("good_policy", request)
        let memory = try onMemoryHost("good_policy", request)
        #expect(real == memory)
        #expect(real.status == (word == "refuse" ? 403 : 0))
    }

    // MARK: The two hosts

    struct Request {
        var target: String
        var fields: [(String, String)]
    }

    /// What became of a request: 0 when the policy let it pass.
    struct Answer: Equatable {
        var status: UInt32
        var body: String
    }

    private let request = Request(
        target: "/contract?x=1",
        fields: [
            ("Host", "gateway.test"), ("X-Slot", "slot"), ("X-Multi", "one"), ("x-multi", "two"),
        ])

    private func onPluginHost(_ name: String, _ request: Request) throws -> Answer {
        let folder = try fixtures.directory(of: [name])
        defer { LoadingFixtures.remove(folder) }
        let catalog = PluginCatalog(
            directory: folder, host: HostTables.host, options: fixtures.options)
        let opened = try #require(catalog.plugins.first?.opened, "\(catalog.libraries)")
        let fixture = try Fixture()
        defer { fixture.shutdown() }
        var route = RouteDescription()
        route.name = "route"
        let outcome = fixture.host.create(opened.functions, configuration: "{}", route: route)
        let instance = try #require(outcome.instance, "\(outcome.diagnostics)")
        fixture.host.start([instance]) { _ in }
        fixture.run()
        let chain = try PolicyChain(host: fixture.host, members: [.instance(instance)])
        let run = try fixture.begin(
            chain, TestOwner(), "GET \(request.target) HTTP/1.1", fields: request.fields)
        defer { run.end(.complete) }
        guard run.requestHead() == .respond else { return Answer(status: 0, body: "") }
        return Answer(
            status: run.responseStatus, body: String(decoding: run.responseBody, as: UTF8.self))
    }

    private func onMemoryHost(_ name: String, _ request: Request) throws -> Answer {
        let folder = try fixtures.directory(of: [name])
        defer { LoadingFixtures.remove(folder) }
        var address: UnsafeMutableRawPointer?
        var error = [CChar](repeating: 0, count: 512)
        let path = "\(folder)/\(name).so"
        try #require(gatehouse_library_open(path, &address, &error, error.count) == 0)
        let entry = unsafeBitCast(try #require(address), to: LibraryOpener.Entry.self)
        let host = MemoryHost()
        try host.enter { entry($0, $1) }
        let instance = try host.instance(route: ["name": "route"])
        defer { host.destroy(instance) }
        let message = TestMessage.request(
            "GET", request.target, request.fields.map { (name: $0.0, value: $0.1) })
        let exchange = instance.exchange(message)
        defer { exchange.end() }
        guard exchange.requestHead() == .responded, let response = exchange.ownResponse else {
            return Answer(status: 0, body: "")
        }
        return Answer(
            status: response.status, body: String(decoding: response.body, as: UTF8.self))
    }
}
