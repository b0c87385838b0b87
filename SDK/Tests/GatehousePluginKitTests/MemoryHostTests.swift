import CGatehouse
import GatehouseJSON
import GatehousePluginKit
import GatehouseTesting
import Glibc
import Testing

/// A policy that uses every service once it is told to by the field `x-do`.
final class Busy: PolicyPlugin {
    static let manifest = PluginManifest(
        id: "test.busy", version: "1", kind: .policy, name: "busy",
        requires: ["gatehouse.host.async/0"], license: "Apache-2.0", summary: "For tests.")
    static let configurationSchema = "{}"
    static let phases: PolicyPhases = [
        .requestHead, .requestBody, .responseHead, .resumed, .notified, .ended,
    ]

    final class Loop {
        var value = "none"
        var kept: BorrowedBytes?
    }

    final class Memory {
        var seen: [String] = []
    }

    let host: Host
    let command: FieldSlot
    let claim: Claim
    let note: Note
    let provider: Provider?
    var series: Host.Series?
    var completions: [UInt64] = []

    init(_ context: CreationContext) throws(ConfigurationRefused) {
        host = context.host
        do throws(HostError) {
            command = try context.route.wantField("x-do")
            claim = try context.route.claimPath("/.well-known/busy")
            note = try context.route.declareNote("user", isLogged: true)
            provider = try? context.host.resolveProvider(
                "echo", at: JSONPointer(tokens: ["provider"]), context.diagnostics)
            let metric = try context.host.metric(
                .counter, "busy_total", help: "Heads.", labels: ["kind"])
            series = try context.host.series(metric, ["head"])
        } catch {
            context.diagnostics.report(.error(JSONPointer(), "\(error)"))
            throw ConfigurationRefused()
        }
        context.host.setReady(false, reason: "no value yet")
    }

    func loopStarted(_ loop: UInt32) throws(HostError) -> Loop { Loop() }

    func requestHead(
        _ loop: Loop, _ exchange: Exchange, _ head: MessageHead, _ state: inout ExchangeState
    ) -> Action {
        if let series { host.add(to: series) }
        if claim.matches(head) { return respond(exchange, "claimed") }
        guard let command = head[command] else { return .done }
        do throws(HostError) {
            return try run(command.text, command, loop, exchange, &state)
        } catch {
            host.log(.error, "\(error)", exchange: exchange)
            return .fail
        }
    }

    private func run(
        _ text: String, _ bytes: BorrowedBytes, _ loop: Loop, _ exchange: Exchange,
        _ state: inout ExchangeState
    ) throws(HostError) -> Action {
        switch text {
        case "timer":
            state.keep(Memory())
            try exchange.timer(token: 1, afterMilliseconds: 250)
            return .pause
        case "fetch":
            state.keep(Memory())
            var request = FetchRequest(url: "http://as.test/keys")
            request.fields = [("accept", "application/json")]
            try exchange.fetch(request, token: 2)
            return .pause
        case "join":
            let (isFirst, _) = try exchange.join(
                key: "keys", token: 3, deadlineMilliseconds: 1000)
            if isFirst { try host.timer(token: 30, afterMilliseconds: 10) }
            return .pause
        case "edit":
            var edits = FieldEdits()
            edits.remove("authorization")
            edits.set("x-user", BorrowedBytes("alice"))
            try exchange.apply(edits, to: .request)
            try exchange.setNote(note, BorrowedBytes("alice"))
            return .continue
        case "smuggle":
            var edits = FieldEdits()
            edits.set("content-length", BorrowedBytes("0"))
            try exchange.apply(edits, to: .request)
            return .continue
        case "body":
            try exchange.readBody(.whole, maxBytes: 100)
            return .continue
        case "attributes":
            let all: [Exchange.Attribute] = [.method, .path, .query, .externalBase, .peerAddress]
            let texts = all.map { exchange.attribute($0)?.text ?? "-" }
            return respond(exchange, texts.joined(separator: " "))
        case "keep":
            loop.kept = bytes
            return .continue
        case "kept":
            return respond(exchange, loop.kept?.text ?? "")
        default: return respond(exchange, loop.value)
        }
    }

    private func respond(_ exchange: Exchange, _ text: String) -> Action {
        let response = PolicyResponse(
            status: 200, fields: [("content-type", "text/plain")], body: Array(text.utf8),
            reason: "test")
        do throws(HostError) {
            try exchange.respond(response)
            return .responded
        } catch {
            return .fail
        }
    }

    func requestBody(
        _ loop: Loop, _ exchange: Exchange, _ body: MessageBody, _ state: inout ExchangeState
    ) -> Action {
        respond(exchange, String(decoding: body.array, as: UTF8.self) + " \(body.isEnd)")
    }

    func resumed(
        _ loop: Loop, _ exchange: Exchange, token: UInt64, _ result: OperationResult,
        _ state: inout ExchangeState
    ) -> Action {
        state.with(Memory.self) { $0.seen.append("\(token)") }
        if let error = result.error { return respond(exchange, "\(error)") }
        let kind = result.field("Content-Type")?.text ?? "-"
        return respond(exchange, "\(result.httpStatus) \(kind) \(result.body.text)")
    }

    func notified(_ loop: Loop, token: UInt64, payload: BorrowedBytes) {
        loop.value = payload.text
    }

    func completed(token: UInt64, _ result: OperationResult) {
        completions.append(token)
        do throws(HostError) {
            if token == 30 { try host.settle(key: "keys", payload: Array("settled".utf8)) }
            if token == 31 { try host.broadcast(token: 32, payload: Array("new".utf8)) }
            if token == 32 { host.setReady(true) }
        } catch {
            host.log(.error, "\(error)")
        }
    }

    func ended(
        _ loop: Loop, _ exchange: Exchange, _ reason: EndReason, _ state: inout ExchangeState
    ) {
        if let memory = state.take(Memory.self) {
            host.log(.info, "ended \(reason) after \(memory.seen)")
        }
    }

    func status() -> JSONValue? {
        ["completions": .array(completions.map { .number(JSONNumber(Int64($0))) })]
    }
}

@Suite("The kit against a host in memory")
struct MemoryHostTests {
    private func host() throws -> MemoryHost {
        let host = MemoryHost()
        try host.enter { PluginLibrary.enter($0, $1, offering: [.policy(Busy.self)]) }
        return host
    }

    private func text(_ exchange: MemoryExchange) -> String? {
        exchange.ownResponse.map { String(decoding: $0.body, as: UTF8.self) }
    }

    private func `do`(_ command: String) -> TestMessage {
        .request("GET", "/mcp?a=b", [("Host", "gw.test"), ("X-Do", command)])
    }

    @Test func `what an instance declares is on record`() throws {
        let host = try host()
        let instance = try host.instance()
        #expect(instance.wanted[0] == ["x-do"])
        #expect(instance.claims.map(\.path) == ["/.well-known/busy"])
        #expect(instance.notes.map(\.name) == ["user"])
        #expect(instance.readiness?.isReady == false)
        #expect(try host.manifest()["name"] == "busy")
        #expect(try host.schema() == [:])
    }

    @Test func `a claimed path and a metric`() throws {
        let host = try host()
        let instance = try host.instance()
        var request = TestMessage.request()
        request.claim = 1
        let exchange = instance.exchange(request)
        #expect(exchange.requestHead() == .responded)
        #expect(text(exchange) == "claimed")
        #expect(instance.exchange(.request()).requestHead() == .done)
        #expect(instance.metrics == ["busy_total head": 2])
    }

    @Test func `a timer pauses and resumes once, not before its time`() throws {
        let host = try host()
        let instance = try host.instance()
        let exchange = instance.exchange(`do`("timer"))
        #expect(exchange.requestHead() == .pause)
        host.advance(milliseconds: 249)
        #expect(exchange.ownResponse == nil)
        host.advance(milliseconds: 1)
        #expect(exchange.lastAction == .responded)
        #expect(text(exchange) == "0 - ")
        exchange.end(reason: 1)
        exchange.end(reason: 1)
        #expect(instance.log.map(\.message) == ["ended clientGone after [\"1\"]"])
    }

    @Test func `a fetch gets its scripted answer, or its deadline`() throws {
        let host = try host()
        let instance = try host.instance()
        host.answer = { _ in .json(["keys": []]) }
        let exchange = instance.exchange(`do`("fetch"))
        #expect(exchange.requestHead() == .pause)
        #expect(exchange.ownResponse == nil)
        host.run()
        #expect(text(exchange) == #"200 application/json {"keys":[]}"#)
        #expect(host.fetches.map(\.url) == ["http://as.test/keys"])
        #expect(host.fetches.first?.fields.first?.name == "accept")
        host.answer = { _ in nil }
        let silent = instance.exchange(`do`("fetch"))
        silent.requestHead()
        host.advance(milliseconds: 10_000)
        #expect(text(silent) == "timeout")
        exchange.end()
        silent.end()
    }

    @Test func `nothing is delivered to an exchange that has ended`() throws {
        let host = try host()
        let instance = try host.instance()
        let exchange = instance.exchange(`do`("timer"))
        exchange.requestHead()
        exchange.end(reason: 1)
        host.advance(milliseconds: 1000)
        #expect(exchange.ownResponse == nil)
    }

    @Test func `all that wait under a key are settled by one`() throws {
        let host = try host()
        let instance = try host.instance()
        let exchanges = (0..<3).map { _ in instance.exchange(`do`("join")) }
        for exchange in exchanges { #expect(exchange.requestHead() == .pause) }
        exchanges[0].end(reason: 1)
        host.advance(milliseconds: 10)
        #expect(exchanges.map(text) == [nil, "0 - settled", "0 - settled"])
        #expect(instance.status() == ["completions": [30]])
    }

    @Test func `edits are all or none, and framing is refused`() throws {
        let host = try host()
        let instance = try host.instance()
        var request = `do`("edit")
        request.fields.append(("Authorization", "Bearer x"))
        let exchange = instance.exchange(request)
        #expect(exchange.requestHead() == .continue)
        #expect(exchange.request.values("authorization").isEmpty)
        #expect(exchange.request.values("x-user") == ["alice"])
        #expect(exchange.notes == ["user": "alice"])
        let smuggling = instance.exchange(`do`("smuggle"))
        #expect(smuggling.requestHead() == .fail)
        #expect(instance.log.map(\.message) == ["denied"])
        #expect(smuggling.request.values("content-length").isEmpty)
    }

    @Test func `bodies, attributes and the state of the loop`() throws {
        let host = try host()
        let instance = try host.instance()
        let body = instance.exchange(`do`("body"))
        #expect(body.requestHead() == .continue)
        #expect(body.bodyModes == [3, 0])
        body.requestBody([Array("ab".utf8), Array("c".utf8)], isEnd: true)
        #expect(text(body) == "abc true")
        let attributes = instance.exchange(`do`("attributes"))
        attributes.requestHead()
        #expect(text(attributes) == "GET /mcp a=b http://gateway.test 192.0.2.1")
        let value = instance.exchange(`do`("value"))
        value.requestHead()
        #expect(text(value) == "none")
    }

    @Test func `a library that needs what the host withholds is not entered`() {
        let host = MemoryHost()
        host.withheld = ["gatehouse.host.async/0"]
        #expect(throws: TestHostError.self) {
            try host.enter { PluginLibrary.enter($0, $1, offering: [.policy(Busy.self)]) }
        }
    }

    @Test func `bytes that are kept beyond the call end the process`() async {
        await #expect(processExitsWith: .signal(SIGSEGV)) {
            let host = MemoryHost()
            try host.enter { PluginLibrary.enter($0, $1, offering: [.policy(Busy.self)]) }
            let instance = try host.instance()
            func run(_ command: String) {
                instance.exchange(.request("GET", "/", [("x-do", command)])).requestHead()
            }
            let keeping = instance.exchange(.request("GET", "/", [("x-do", "keep")]))
            keeping.requestHead()
            run("kept")
        }
    }
}
