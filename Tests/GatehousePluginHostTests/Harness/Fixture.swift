import CGatehouse
import GatehouseHTTP
import GatehousePluginHost
import Testing

/// One host, its loops, one route.
///
/// **Confined to:** the thread of the test; every loop's thread is that thread.
final class Fixture {
    let clock = TestClock()
    let services: TestServices
    let host: PluginHost
    let log = EventLog()
    private(set) var loops: [(services: TestLoop, host: LoopHost)] = []
    private(set) var instances: [PluginInstance] = []
    private var policies: [TestPolicy] = []
    private var heads: [Head] = []

    /// A host with `loops` loops; the policies are created before the loops start.
    init(
        loops count: Int = 1, secrets: [String: String] = [:],
        options: PluginHost.Options = PluginHost.Options()
    ) throws {
        services = TestServices(secrets: secrets)
        host = try PluginHost(services: services, clock: clock, options: options)
        for _ in 0..<count {
            let services = TestLoop(clock: clock)
            let loop = try LoopHost(host: host, services: services)
            services.host = loop
            loops.append((services, loop))
        }
    }

    var loop: LoopHost { loops[0].host }
    var turns: TestLoop { loops[0].services }

    func policy(
        _ name: String, _ orderClass: OrderClass = .normal, kind: PluginKind = .policy
    ) -> TestPolicy {
        let policy = TestPolicy(name, log, orderClass: orderClass, kind: kind)
        policies.append(policy)
        return policy
    }

    /// Creates the policies' instances, starts them on every loop and makes the chain.
    func chain(
        _ policies: [TestPolicy], configuration: String = "{}",
        standIns: [PolicyChain.Member] = []
    ) throws -> PolicyChain {
        var members: [PolicyChain.Member] = []
        for policy in policies {
            var route = RouteDescription()
            route.name = "route"
            let outcome = host.create(
                policy.functions, configuration: configuration, route: route)
            let instance = try #require(outcome.instance, "\(outcome.diagnostics)")
            instances.append(instance)
            members.append(.instance(instance))
        }
        host.start(instances) { _ in }
        run()
        log.clear()
        return try PolicyChain(host: host, members: members + standIns)
    }

    /// Turns all loops and the control thread until nothing is left to do.
    func run() {
        for _ in 0..<4 {
            host.control.sync {}
            for loop in loops { loop.services.run() }
        }
        host.control.sync {}
    }

    /// Advances the clock, then runs.
    func advance(ms: UInt64) {
        clock.advance(ms: ms)
        host.control.clockAdvanced()
        run()
    }

    /// Begins an exchange of a parsed request.
    func begin(
        _ chain: PolicyChain, _ owner: TestOwner, _ request: String = "GET /mcp HTTP/1.1",
        fields: [(String, String)] = [("Host", "mcp.example")], claim: Int? = nil, on index: Int = 0
    ) throws -> ExchangeRun {
        let head = try Head(request, fields)
        heads.append(head)
        var view = head.view
        view.claim = claim
        return try #require(loops[index].host.begin(chain: chain, view: view, owner: owner))
    }

    /// The head of an upstream's response.
    func response(
        _ status: UInt32, _ fields: [(String, String)] = [], hasBody: Bool = false
    ) throws -> ResponseView {
        let head = try Head(status: status, fields)
        heads.append(head)
        return ResponseView(status: status, hasBody: hasBody, fields: head.view.fields)
    }

    /// Ends everything, as a process does.
    func shutdown() {
        for loop in loops { loop.host.shutdown() }
        host.shutdown()
        loops = []
    }
}

/// A parsed head whose bytes stay where they are.
final class Head {
    let bytes: UnsafeMutableRawBufferPointer
    let index = FieldIndex()
    private(set) var view = ExchangeView()

    init(_ line: String, _ fields: [(String, String)]) throws {
        let text = line + "\r\n" + fields.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
        bytes = .allocate(byteCount: text.utf8.count, alignment: 1)
        bytes.copyBytes(from: text.utf8)
        var parser = RequestHeadParser()
        let lent = UnsafeRawBufferPointer(bytes)
        guard case .head(let head) = parser.parse(lent, into: index) else {
            throw Unparsable(text: text)
        }
        view.method = lent[head.methodBytes]
        view.target = lent[head.target.raw]
        view.path = lent[head.target.path]
        if let query = head.target.query { view.query = lent[query] }
        view.authority = lent[head.authority]
        view.hasBody = head.framing != .none
        view.methodID = UInt32(head.method == .post ? GH_METHOD_POST : GH_METHOD_GET)
        view.fields = HeadFields(index, in: lent)
    }

    /// The head of a response; only its fields are of use.
    init(status: UInt32, _ fields: [(String, String)]) throws {
        let text =
            "HTTP/1.1 \(status) x\r\n" + fields.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
        bytes = .allocate(byteCount: text.utf8.count, alignment: 1)
        bytes.copyBytes(from: text.utf8)
        var parser = ResponseHeadParser(method: .get)
        let lent = UnsafeRawBufferPointer(bytes)
        guard case .head = parser.parse(lent, into: index) else { throw Unparsable(text: text) }
        view.fields = HeadFields(index, in: lent)
    }

    deinit { bytes.deallocate() }

    struct Unparsable: Error {
        let text: String
    }
}

extension ExchangeRun {
    /// The fields that would be written, as text.
    var responseFields: [String] {
        var found: [String] = []
        forEachResponseField { name, value in
            found.append(
                String(decoding: name, as: UTF8.self) + ": "
                    + String(decoding: value, as: UTF8.self))
        }
        return found
    }

    func feed(_ text: String, isEnd: Bool = true) -> Step {
        var text = text
        return text.withUTF8 { requestBody(UnsafeRawBufferPointer($0), isEnd: isEnd) }
    }

    func feedResponse(_ text: String, isEnd: Bool = true) -> Step {
        var text = text
        return text.withUTF8 { responseBody(UnsafeRawBufferPointer($0), isEnd: isEnd) }
    }

    func core(_ status: UInt32, _ body: String = "") -> Step {
        coreResponse(
            status: status, fields: [("content-type", "application/problem+json")],
            body: Array(body.utf8))
    }
}
