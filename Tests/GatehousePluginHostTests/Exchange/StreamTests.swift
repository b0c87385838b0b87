import CGatehouse
import GatehousePluginHost
import Testing

@Suite("Streamed local responses")
struct StreamTests {
    private func write(_ x: gh_exchange, _ text: String) -> Int {
        Int(Host.lend(text) { Host.exchange.pointee.respond_write(x, $0) })
    }

    private func start(_ call: Call) -> Int {
        Host.withFields([("content-type", "text/event-stream")]) { fields, count in
            Int(Host.exchange.pointee.respond_start(call.x, 200, fields, count, 42))
        }
    }

    @Test func `writes flow after the head, are refused under pressure, and go on`() throws {
        let fixture = try Fixture()
        let outer = fixture.policy("outer", .cors)
        let backend = fixture.policy("backend", .backend, kind: .backend)
        outer.responseHead = { call in
            #expect(call.edit(1, GH_EDIT_SET, "vary", "Origin") == GH_OK)
            return Int(GH_CONTINUE)
        }
        var x: gh_exchange = 0
        backend.requestHead = { call in
            x = call.x
            #expect(start(call) == GH_OK)
            #expect(write(call.x, "first ") == GH_OK)
            return Int(GH_RESPONDED)
        }
        var wakes = 0
        backend.resumed = { call in
            #expect(call.token == 42)
            wakes += 1
            return Int(GH_CONTINUE)
        }
        let owner = TestOwner()
        let run = try fixture.begin(try fixture.chain([outer, backend]), owner)
        #expect(run.requestHead() == .streaming)
        #expect(run.responseFields == ["content-type: text/event-stream", "vary: Origin"])
        run.headSent(.response)
        let backlog = run.takeBacklog()
        #expect(String(decoding: backlog.bytes, as: UTF8.self) == "first ")
        #expect(!backlog.isFinished)
        #expect(write(x, "second") == GH_OK)
        owner.refusesWrites = true
        #expect(write(x, "third") == GH_BUSY)
        owner.refusesWrites = false
        run.writable()
        run.writable()
        #expect(wakes == 1, "one wake for each refusal")
        #expect(write(x, "third") == GH_OK)
        #expect(Host.exchange.pointee.respond_finish(x) == GH_OK)
        #expect(Host.exchange.pointee.respond_finish(x) == GH_INVALID)
        #expect(write(x, "late") == GH_INVALID)
        #expect(owner.written == ["second", "third"])
        #expect(owner.isFinished)
        run.end(.complete)
        #expect(write(x, "gone") == GH_GONE)
        fixture.shutdown()
    }

    @Test func `what waits for the head is bounded, all or nothing`() throws {
        let fixture = try Fixture()
        let backend = fixture.policy("backend", .backend, kind: .backend)
        backend.requestHead = { call in
            #expect(start(call) == GH_OK)
            let large = String(repeating: "x", count: Limits.streamBacklogBytesMax - 1)
            #expect(write(call.x, large) == GH_OK)
            #expect(write(call.x, "ab") == GH_BUSY)
            #expect(write(call.x, "a") == GH_OK)
            #expect(Host.exchange.pointee.respond_finish(call.x) == GH_OK)
            return Int(GH_RESPONDED)
        }
        let run = try fixture.begin(try fixture.chain([backend]), TestOwner())
        #expect(run.requestHead() == .streaming)
        let backlog = run.takeBacklog()
        #expect(backlog.isFinished && backlog.bytes.count == Limits.streamBacklogBytesMax)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `a stream that its policy gives up is reset`() throws {
        let fixture = try Fixture()
        let backend = fixture.policy("backend", .backend, kind: .backend)
        backend.requestHead = { call in
            #expect(start(call) == GH_OK)
            var timer: gh_operation = 0
            #expect(Host.async.pointee.timer(backend.handle, call.x, 1, 5, &timer) == GH_OK)
            return Int(GH_RESPONDED)
        }
        backend.resumed = { _ in Int(GH_FAIL) }
        let owner = TestOwner()
        let run = try fixture.begin(try fixture.chain([backend]), owner)
        #expect(run.requestHead() == .streaming)
        run.headSent(.response)
        _ = run.takeBacklog()
        fixture.advance(ms: 5)
        #expect(owner.failures.count == 1)
        run.end(.reset)
        fixture.shutdown()
    }
}
