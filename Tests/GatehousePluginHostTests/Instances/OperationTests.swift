import CGatehouse
import GatehousePluginHost
import Testing

@Suite("Broadcast, single flight, fetches and timers of instances")
struct OperationTests {
    @Test func `a broadcast reaches every loop once, and is reported after the last`() throws {
        let fixture = try Fixture(loops: 2)
        let policy = fixture.policy("p")
        policy.requestHead = { _ in Int(GH_CONTINUE) }
        _ = try fixture.chain([policy])
        #expect(
            Host.lend("x") { Host.async.pointee.broadcast(policy.handle, 5, $0) }
                == GH_WRONG_THREAD, "only on the control thread")
        let handle = policy.handle
        let status = fixture.host.control.sync {
            Host.lend("keys") { Host.async.pointee.broadcast(handle, 5, $0) }
        }
        #expect(status == GH_OK)
        fixture.loops[0].services.run()
        fixture.host.control.sync {}
        #expect(fixture.log.all == ["p notified 5 keys"], "the second loop has not turned yet")
        fixture.loops[1].services.run()
        fixture.host.control.sync {}
        #expect(fixture.log.all == ["p notified 5 keys", "p notified 5 keys", "p completed 5 0"])
        fixture.shutdown()
    }

    @Test func `a loop that goes down counts as reached`() throws {
        let fixture = try Fixture(loops: 2)
        let policy = fixture.policy("p")
        policy.requestHead = { _ in Int(GH_CONTINUE) }
        _ = try fixture.chain([policy])
        let handle = policy.handle
        fixture.host.control.sync {
            _ = Host.async.pointee.broadcast(handle, 1, gh_str())
        }
        fixture.loops[0].services.run()
        fixture.loops[1].host.shutdown()
        fixture.host.control.sync {}
        #expect(fixture.log.all.last == "p completed 1 0")
        fixture.shutdown()
    }

    @Test func `a loop that starts later starts the instances it finds`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { _ in Int(GH_CONTINUE) }
        _ = try fixture.chain([policy])
        let services = TestLoop(clock: fixture.clock)
        let late = try LoopHost(host: fixture.host, services: services)
        #expect(fixture.log.all == ["p loop_started"])
        late.shutdown()
        #expect(fixture.log.all == ["p loop_started", "p loop_stopped"])
        fixture.shutdown()
    }

    /// Two exchanges on two loops wait under one key; the first fetches for the instance.
    @Test func `join lets one fetch, settle wakes all behind an earlier broadcast`() throws {
        let fixture = try Fixture(loops: 2)
        let policy = fixture.policy("p")
        var firsts: [UInt32] = []
        policy.requestHead = { call in
            var first: UInt32 = 9
            var operation: gh_operation = 0
            let status = Host.lend("jwks") {
                Host.async.pointee.join(
                    policy.handle, call.x, $0, 3, 1_000, &first, &operation)
            }
            #expect(status == GH_OK)
            firsts.append(first)
            return Int(GH_PAUSE)
        }
        policy.resumed = { call in
            #expect(call.payload == "ready")
            return Int(GH_CONTINUE)
        }
        let chain = try fixture.chain([policy])
        let owners = [TestOwner(), TestOwner(), TestOwner()]
        let runs = try [0, 1, 1].enumerated().map {
            try fixture.begin(chain, owners[$0.offset], on: $0.element)
        }
        for run in runs { #expect(run.requestHead() == .paused) }
        #expect(firsts == [1, 0, 0])
        runs[2].end(.clientGone)
        fixture.log.clear()
        let handle = policy.handle
        fixture.host.control.sync {
            _ = Host.async.pointee.broadcast(handle, 1, gh_str())
            let settled = Host.lend("jwks") { key in
                Host.lend("ready") { Host.async.pointee.settle(handle, key, 0, $0) }
            }
            #expect(settled == GH_OK)
            let again = Host.lend("jwks") {
                Host.async.pointee.settle(handle, $0, 0, gh_str())
            }
            #expect(again == GH_NOT_FOUND)
        }
        fixture.run()
        #expect(
            fixture.log.all.filter { !$0.contains("completed") } == [
                "p notified 1 ", "p resumed 3 0", "p notified 1 ", "p resumed 3 0",
            ])
        #expect(owners[0].resumed.count == 1 && owners[1].resumed.count == 1)
        #expect(owners[2].resumed.isEmpty, "its exchange has ended")
        let next = try fixture.begin(chain, TestOwner())
        #expect(next.requestHead() == .paused)
        #expect(firsts.last == 1, "settled: the next one is first again")
        runs[0].end(.complete)
        runs[1].end(.complete)
        next.end(.complete)
        fixture.shutdown()
    }

    private func fetch(
        _ handle: gh_instance, _ x: gh_exchange, _ url: String, reach: UInt32 = 0,
        fields: [(String, String)] = [], method: String = "GET"
    ) -> Int {
        var operation: gh_operation = 0
        return Host.lend(url) { url in
            Host.lend(method) { method in
                Host.withFields(fields) { fields, count in
                    var request = gh_request()
                    request.struct_size = UInt32(MemoryLayout<gh_request>.size)
                    request.timeout_ms = 700
                    request.method = method
                    request.url = url
                    request.reach = reach
                    request.fields = fields
                    request.field_count = count
                    return Int(
                        Host.fetch.pointee.fetch(handle, x, 8, &request, &operation))
                }
            }
        }
    }

    @Test func `a fetch reaches what the configuration names, or public https`() throws {
        var options = PluginHost.Options()
        options.fetchAllow = ["http://internal.example:8080"]
        let fixture = try Fixture(options: options)
        let policy = fixture.policy("p")
        policy.requestHead = { call in
            let x = call.x
            let handle = policy.handle
            #expect(fetch(handle, x, "http://idp.example:7080/certs") == GH_OK)
            #expect(fetch(handle, x, "http://IDP.example:7080/other?a=b") == GH_OK)
            #expect(fetch(handle, x, "http://internal.example:8080/", reach: 1) == GH_OK)
            #expect(fetch(handle, x, "https://elsewhere.example/", reach: 1) == GH_OK)
            #expect(fetch(handle, x, "https://elsewhere.example/") == GH_DENIED)
            #expect(fetch(handle, x, "http://idp.example/certs") == GH_DENIED, "another port")
            #expect(fetch(handle, x, "http://elsewhere.example/", reach: 1) == GH_DENIED)
            #expect(fetch(handle, x, "http://idp.example:7080@evil.example/") == GH_INVALID)
            #expect(fetch(handle, x, "ftp://idp.example/") == GH_INVALID)
            #expect(fetch(handle, x, "http://idp.example:7080/a b") == GH_INVALID)
            #expect(fetch(handle, x, "http://idp.example:99999/") == GH_INVALID)
            let url = "http://idp.example:7080/"
            #expect(fetch(handle, x, url, fields: [("a", "b\r\nc: d")]) == GH_INVALID)
            #expect(fetch(handle, x, url, fields: [("Host", "evil")]) == GH_DENIED)
            #expect(fetch(handle, x, url, method: "GET /") == GH_INVALID)
            return Int(GH_PAUSE)
        }
        policy.resumed = { call in
            #expect(call.result == GH_OK && call.payload == "{}")
            return Int(GH_CONTINUE)
        }
        let chain = try fixture.chain(
            [policy],
            configuration: #"{"issuer":"http://idp.example:7080/realms/mcp","n":"\"x"}"#)
        let owner = TestOwner()
        let run = try fixture.begin(chain, owner)
        #expect(run.requestHead() == .paused)
        let reaches = fixture.turns.fetches.map(\.request.reach)
        #expect(reaches == [.configured, .configured, .configured, .publicOnly])
        fixture.turns.answerFetch(
            FetchOutcome(
                status: 0, httpStatus: 200,
                fields: [FetchField(name: Array("a".utf8), value: Array("b".utf8))],
                body: Array("{}".utf8)))
        fixture.run()
        #expect(owner.resumed.map(\.step) == [.proceed])
        run.end(.clientGone)
        #expect(fixture.turns.cancelledFetches.count == 3, "fetches end with their exchange")
        fixture.shutdown()
    }

    @Test func `a fetch of the instance outlives the exchange that began it`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { _ in
            #expect(fetch(policy.handle, 0, "https://idp.example/keys") == GH_OK)
            return Int(GH_CONTINUE)
        }
        let chain = try fixture.chain(
            [policy], configuration: #"{"url":"https://idp.example"}"#)
        let run = try fixture.begin(chain, TestOwner())
        _ = run.requestHead()
        run.end(.clientGone)
        fixture.log.clear()
        fixture.run()
        fixture.turns.answerFetch(
            FetchOutcome(status: 0, httpStatus: 200, fields: [], body: []))
        fixture.run()
        #expect(fixture.log.all == ["p completed 8 0"])
        fixture.shutdown()
    }

    @Test func `timers and deadlines of an instance follow the host's clock`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { _ in Int(GH_CONTINUE) }
        _ = try fixture.chain([policy])
        var operations: [gh_operation] = [0, 0, 0]
        #expect(Host.async.pointee.timer(policy.handle, 0, 1, 100, &operations[0]) == GH_OK)
        #expect(Host.async.pointee.begin(policy.handle, 0, 2, 200, &operations[1]) == GH_OK)
        #expect(Host.async.pointee.begin(policy.handle, 0, 3, 200, &operations[2]) == GH_OK)
        #expect(Host.async.pointee.cancel(operations[2]) == GH_OK)
        #expect(Host.async.pointee.cancel(operations[2]) == GH_GONE)
        fixture.advance(ms: 99)
        #expect(fixture.log.all.isEmpty)
        fixture.advance(ms: 1)
        #expect(fixture.log.all == ["p completed 1 0"])
        fixture.advance(ms: 100)
        #expect(fixture.log.all == ["p completed 1 0", "p completed 2 \(GH_TIMEOUT)"])
        #expect(Host.async.pointee.complete(operations[1], 0, gh_str()) == GH_GONE)
        fixture.shutdown()
    }
}
