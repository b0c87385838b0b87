import CGatehouse
import GatehousePluginHost
import Glibc
import Testing

@Suite("Pauses, operations and handles")
struct PauseTests {
    private let running = GH_CONTINUE

    @Test func `a completed operation resumes the policy, and the walk goes on`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("waits")
        let inner = fixture.policy("inner")
        inner.requestHead = { _ in Int(GH_CONTINUE) }
        var operation: gh_operation = 0
        policy.requestHead = { call in
            operation = call.begin(7)
            let done = Host.lend("payload") {
                Host.async.pointee.complete(operation, gh_status(GH_OK), $0)
            }
            #expect(done == GH_OK, "accepted, and never delivered inside this call")
            return Int(GH_PAUSE)
        }
        policy.resumed = { call in
            #expect(call.token == 7 && call.payload == "payload")
            return Int(GH_CONTINUE)
        }
        let owner = TestOwner()
        let run = try fixture.begin(try fixture.chain([policy, inner]), owner)
        #expect(run.requestHead() == .paused)
        #expect(fixture.log.all == ["waits request"])
        fixture.run()
        #expect(fixture.log.all == ["waits request", "waits resumed 7 0", "inner request"])
        #expect(owner.resumed.count == 1)
        #expect(owner.resumed.first?.step == .proceed)
        #expect(owner.resumed.first?.direction == .request)
        #expect(fixture.turns.timerCount == 0)
        #expect(Host.async.pointee.cancel(operation) == GH_GONE)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `every pause ends: the deadline is a delivery too`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("waits")
        policy.requestHead = { call in
            #expect(call.begin(1, deadlineMs: 500) != 0)
            return Int(GH_PAUSE)
        }
        policy.resumed = { call in
            #expect(call.result == GH_TIMEOUT)
            return call.respond(503) + Int(GH_RESPONDED)
        }
        let owner = TestOwner()
        let run = try fixture.begin(try fixture.chain([policy]), owner)
        #expect(run.requestHead() == .paused)
        fixture.advance(ms: 499)
        #expect(owner.resumed.isEmpty)
        fixture.advance(ms: 1)
        #expect(owner.resumed.map(\.step) == [.respond])
        #expect(run.responseStatus == 503)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `a channel alone does not carry a pause, because it has no deadline`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("waits")
        policy.requestHead = { call in
            var channel: gh_operation = 0
            let status = Host.async.pointee.channel(policy.handle, call.x, 1, &channel)
            #expect(status == GH_OK)
            return Int(GH_PAUSE)
        }
        let run = try fixture.begin(try fixture.chain([policy]), TestOwner())
        guard case .fault(let fault) = run.requestHead() else {
            Issue.record("a pause needs an operation with a deadline")
            return
        }
        #expect(fault.status == 500)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `cancelling the only operation of a pause and pausing on is a fault`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("waits")
        var second: gh_operation = 0
        policy.requestHead = { call in
            _ = call.begin(1, deadlineMs: 100)
            second = call.begin(2, deadlineMs: 1_000)
            return Int(GH_PAUSE)
        }
        policy.resumed = { call in
            #expect(call.token == 1)
            #expect(Host.async.pointee.cancel(second) == GH_OK)
            return Int(GH_PAUSE)
        }
        let owner = TestOwner()
        let run = try fixture.begin(try fixture.chain([policy]), owner)
        #expect(run.requestHead() == .paused)
        fixture.advance(ms: 100)
        guard case .fault(let fault)? = owner.resumed.first?.step else {
            Issue.record("nothing would ever wake it")
            return
        }
        #expect(fault.kind == .plugin)
        fixture.advance(ms: 1_000)
        #expect(owner.resumed.count == 1, "what was cancelled is not delivered")
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `a policy may stay paused while another operation is live`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("waits")
        policy.requestHead = { call in
            _ = call.begin(1, deadlineMs: 100)
            _ = call.begin(2, deadlineMs: 200)
            return Int(GH_PAUSE)
        }
        policy.resumed = { $0.token == 1 ? Int(GH_PAUSE) : Int(GH_CONTINUE) }
        let owner = TestOwner()
        let run = try fixture.begin(try fixture.chain([policy]), owner)
        #expect(run.requestHead() == .paused)
        fixture.advance(ms: 100)
        #expect(owner.resumed.isEmpty)
        fixture.advance(ms: 100)
        #expect(owner.resumed.map(\.step) == [.proceed])
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `a second pause of one policy in one exchange is a fault`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("waits")
        policy.requestHead = { call in
            #expect(call.readBody(0, GH_BODY_STREAM) == GH_OK)
            return Int(GH_CONTINUE)
        }
        policy.requestBody = { call in
            _ = call.begin(1)
            return Int(GH_PAUSE)
        }
        policy.responseHead = { call in
            _ = call.begin(2)
            return Int(GH_PAUSE)
        }
        let owner = TestOwner()
        let run = try fixture.begin(
            try fixture.chain([policy]), owner, "POST / HTTP/1.1",
            fields: [("Host", "a"), ("Content-Length", "3")])
        #expect(run.requestHead() == .proceed)
        #expect(run.feed("abc") == .paused)
        guard case .fault(let fault) = run.responseHead(try fixture.response(200)) else {
            Issue.record("one pause at a time")
            return
        }
        #expect(fault.status == 500)
        #expect(run.core(500) == .respond)
        run.end(.complete)
        #expect(fixture.turns.timerCount == 0)
        fixture.shutdown()
    }

    @Test func `when the client leaves, operations die and nothing is delivered`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("waits")
        var operation: gh_operation = 0
        var x: gh_exchange = 0
        policy.requestHead = { call in
            x = call.x
            operation = call.begin(1)
            return Int(GH_PAUSE)
        }
        policy.resumed = { _ in Int(GH_CONTINUE) }
        let owner = TestOwner()
        let run = try fixture.begin(try fixture.chain([policy]), owner)
        #expect(run.requestHead() == .paused)
        let accepted = Host.async.pointee.complete(operation, 0, gh_str())
        #expect(accepted == GH_OK)
        run.end(.clientGone)
        fixture.advance(ms: 10_000)
        #expect(fixture.log.all == ["waits request", "waits ended 1"])
        #expect(owner.resumed.isEmpty)
        #expect(Host.async.pointee.complete(operation, 0, gh_str()) == GH_GONE)
        #expect(Host.async.pointee.cancel(operation) == GH_GONE)
        var out = gh_str()
        let status = Host.exchange.pointee.attribute(x, UInt32(GH_ATTR_METHOD), &out)
        #expect(status == GH_GONE)
        #expect(fixture.loop.exchangeCount == 0)
        fixture.shutdown()
    }

    @Test func `a stale handle stays stale when its slot is used again`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        var handles: [gh_exchange] = []
        policy.requestHead = { call in
            handles.append(call.x)
            return Int(GH_CONTINUE)
        }
        let chain = try fixture.chain([policy])
        for _ in 0..<3_000 {
            let run = try fixture.begin(chain, TestOwner())
            _ = run.requestHead()
            run.end(.complete)
        }
        #expect(Set(handles).count == handles.count)
        var out = gh_str()
        for x in handles.prefix(100) + [0, UInt64.max, 1 << 56] {
            #expect(Host.exchange.pointee.attribute(x, 1, &out) == GH_GONE)
        }
        fixture.shutdown()
    }

    @Test func `a handle of another kind finds nothing`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        var operation: gh_operation = 0
        var x: gh_exchange = 0
        policy.requestHead = { call in
            x = call.x
            operation = call.begin(1)
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(try fixture.chain([policy]), TestOwner())
        _ = run.requestHead()
        var out = gh_str()
        #expect(Host.exchange.pointee.attribute(operation, 1, &out) == GH_GONE)
        #expect(Host.exchange.pointee.attribute(policy.handle, 1, &out) == GH_GONE)
        #expect(Host.async.pointee.cancel(x) == GH_GONE)
        #expect(Host.base.pointee.ready(x, 1, gh_str()) == GH_GONE)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `exchange functions refuse another thread, completions are welcome`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        var operation: gh_operation = 0
        var x: gh_exchange = 0
        policy.requestHead = { call in
            x = call.x
            operation = call.begin(1)
            return Int(GH_PAUSE)
        }
        policy.resumed = { _ in Int(GH_CONTINUE) }
        let owner = TestOwner()
        let run = try fixture.begin(try fixture.chain([policy]), owner)
        #expect(run.requestHead() == .paused)
        let exchange = x
        let pending = operation
        let answers = fixture.host.control.sync { () -> [gh_status] in
            var out = gh_str()
            return [
                Host.exchange.pointee.attribute(exchange, 1, &out),
                Host.exchange.pointee.respond_finish(exchange),
                Host.async.pointee.complete(pending, 0, gh_str()),
            ]
        }
        #expect(answers.map(Int.init) == [Int(GH_WRONG_THREAD), Int(GH_WRONG_THREAD), Int(GH_OK)])
        fixture.run()
        #expect(owner.resumed.map(\.step) == [.proceed])
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `an operation of a policy that does not stand in the chain is refused`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        let other = fixture.policy("other")
        other.requestHead = { _ in Int(GH_CONTINUE) }
        var status = gh_status(GH_OK)
        policy.requestHead = { call in
            var operation: gh_operation = 0
            status = Host.async.pointee.begin(other.handle, call.x, 1, 10, &operation)
            return Int(GH_CONTINUE)
        }
        let chain = try fixture.chain([policy])
        _ = try fixture.chain([other])
        let run = try fixture.begin(chain, TestOwner())
        _ = run.requestHead()
        #expect(status == GH_INVALID)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `operations of one exchange are bounded`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("greedy")
        var granted = 0
        policy.requestHead = { call in
            for _ in 0..<100 where call.begin(1) != 0 { granted += 1 }
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(try fixture.chain([policy]), TestOwner())
        _ = run.requestHead()
        #expect(granted == Limits.operationsPerExchangeMax)
        run.end(.complete)
        #expect(fixture.turns.timerCount == 0)
        fixture.shutdown()
    }

    @Test func `rings of a channel are coalesced, and one comes after the last ring`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        var channel: gh_operation = 0
        policy.requestHead = { call in
            _ = Host.async.pointee.channel(policy.handle, call.x, 9, &channel)
            return Int(GH_CONTINUE)
        }
        policy.resumed = { _ in Int(GH_CONTINUE) }
        let run = try fixture.begin(try fixture.chain([policy]), TestOwner())
        #expect(run.requestHead() == .proceed)
        for _ in 0..<5 { #expect(Host.async.pointee.notify(channel) == GH_OK) }
        fixture.run()
        #expect(fixture.log.all.filter { $0 == "p resumed 9 0" }.count == 1)
        #expect(Host.async.pointee.notify(channel) == GH_OK)
        fixture.run()
        #expect(fixture.log.all.filter { $0 == "p resumed 9 0" }.count == 2)
        #expect(Host.async.pointee.complete(channel, 0, gh_str()) == GH_GONE)
        run.end(.complete)
        #expect(Host.async.pointee.notify(channel) == GH_GONE)
        fixture.shutdown()
    }

    @Test func `a policy that gives up outside a pause ends the exchange`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { call in
            var timer: gh_operation = 0
            _ = Host.async.pointee.timer(policy.handle, call.x, 3, 60_000, &timer)
            return Int(GH_CONTINUE)
        }
        policy.resumed = { call in
            #expect(call.result == GH_OK, "a timer's time is its success")
            return Int(GH_FAIL)
        }
        let owner = TestOwner()
        let run = try fixture.begin(try fixture.chain([policy]), owner)
        #expect(run.requestHead() == .proceed)
        #expect(run.responseHead(try fixture.response(200, hasBody: true)) == .proceed)
        run.headSent(.response)
        fixture.advance(ms: 60_000)
        #expect(owner.failures.map(\.policy) == ["p"])
        run.end(.reset)
        fixture.shutdown()
    }

    @Test func `a loop that goes down ends its exchanges as draining`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { call in
            _ = call.begin(1)
            return Int(GH_PAUSE)
        }
        let run = try fixture.begin(try fixture.chain([policy]), TestOwner())
        _ = run.requestHead()
        fixture.shutdown()
        #expect(
            fixture.log.all == [
                "p request", "p ended 5", "p loop_stopped", "p destroyed",
            ])
    }
}
