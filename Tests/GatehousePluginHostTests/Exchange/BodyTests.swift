import CGatehouse
import GatehouseHTTP
import GatehousePluginHost
import Testing

@Suite("Bodies, whole, streamed and observed")
struct BodyTests {
    private let post = [("Host", "h"), ("Content-Length", "6")]

    @Test func `bodies pass by a policy that did not ask`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { _ in Int(GH_CONTINUE) }
        policy.requestBody = { _ in Int(GH_FAIL) }
        let run = try fixture.begin(
            try fixture.chain([policy]), TestOwner(), "POST / HTTP/1.1", fields: post)
        #expect(run.requestHead() == .proceed)
        #expect(!run.wantsBody(.request))
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `a whole body is delivered once, at its end, and then forwarded`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        var seen: [String] = []
        policy.requestHead = { call in
            #expect(call.readBody(0, GH_BODY_WHOLE) == GH_OK)
            return Int(GH_CONTINUE)
        }
        policy.requestBody = { call in
            seen.append(call.body)
            #expect(call.isEnd)
            #expect(call.edit(0, GH_EDIT_SET, "x-seen", "yes") == GH_OK, "the head is held")
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(
            try fixture.chain([policy]), TestOwner(), "POST / HTTP/1.1", fields: post)
        #expect(run.requestHead() == .awaitBody)
        #expect(run.wantsBody(.request))
        #expect(run.feed("abc", isEnd: false) == .absorbed)
        #expect(run.feed("def", isEnd: false) == .absorbed)
        #expect(run.feed("") == .proceedWhole)
        #expect(seen == ["abcdef"])
        #expect(String(decoding: run.wholeBody(.request), as: UTF8.self) == "abcdef")
        #expect(!run.edits(.request).isEmpty)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `a claimer may read the whole body before it answers, or gives 404`() throws {
        let fixture = try Fixture()
        let auth = fixture.policy("auth", .authentication)
        auth.claims = [("/register", false)]
        var answers = true
        auth.requestHead = { call in
            #expect(call.readBody(0, GH_BODY_WHOLE) == GH_OK)
            return Int(GH_CONTINUE)
        }
        auth.requestBody = { call in
            #expect(call.body == "abcdef" && call.isEnd)
            return answers ? call.respond(201, body: "{}") + Int(GH_RESPONDED) : Int(GH_CONTINUE)
        }
        let chain = try fixture.chain([auth])
        for isAnswered in [true, false] {
            answers = isAnswered
            let run = try fixture.begin(
                chain, TestOwner(), "POST /register HTTP/1.1", fields: post, claim: 0)
            #expect(run.requestHead() == .awaitBody)
            #expect(run.feed("abc", isEnd: false) == .absorbed)
            let step = run.feed("def")
            if isAnswered {
                #expect(step == .respond)
            } else if case .fault(let fault) = step {
                #expect(fault.kind == .notClaimed && fault.status == 404)
            } else {
                Issue.record("it must be 404")
            }
            run.end(.complete)
        }
        fixture.shutdown()
    }

    @Test func `a body above the policy's bound is 413, above the route's as well`() throws {
        let fixture = try Fixture()
        let outer = fixture.policy("outer", .cors)
        let policy = fixture.policy("p")
        var bound: UInt64 = 5
        outer.requestHead = { _ in Int(GH_CONTINUE) }
        outer.responseHead = { call in
            #expect(call.status == 413)
            return Int(GH_CONTINUE)
        }
        policy.requestHead = { call in
            #expect(call.readBody(0, GH_BODY_WHOLE, max: bound) == GH_OK)
            return Int(GH_CONTINUE)
        }
        policy.requestBody = { _ in Int(GH_CONTINUE) }
        let chain = try fixture.chain([outer, policy])
        let none = UInt64.max
        let cases: [(bound: UInt64, route: UInt64, whole: UInt64)] = [
            (5, none, 1 << 20), (100, 4, 1 << 20), (100, none, 4), (0, none, 4),
        ]
        for (asked, routeBound, wholeBound) in cases {
            bound = asked
            let run = try fixture.begin(chain, TestOwner(), "POST / HTTP/1.1", fields: post)
            var view = run.view
            view.bodyBytesMax = routeBound
            view.wholeBodyBytesMax = wholeBound
            run.requestMoved(view)
            #expect(run.requestHead() == .awaitBody)
            #expect(run.feed("abc", isEnd: false) == .absorbed)
            guard case .fault(let fault) = run.feed("def") else {
                Issue.record("it must be refused")
                return
            }
            #expect(fault.kind == .bodyTooLarge && fault.status == 413)
            #expect(run.core(413) == .respond)
            run.end(.complete)
        }
        #expect(!fixture.log.all.contains("p request body"))
        fixture.shutdown()
    }

    @Test func `a streamed body is held while its reader waits, and then goes on`() throws {
        let fixture = try Fixture()
        let a = fixture.policy("a")
        let b = fixture.policy("b")
        for policy in [a, b] {
            policy.requestHead = { call in
                #expect(call.readBody(0, GH_BODY_STREAM) == GH_OK)
                return Int(GH_CONTINUE)
            }
        }
        a.requestBody = { call in
            _ = call.begin(1, deadlineMs: 10)
            return Int(GH_PAUSE)
        }
        a.resumed = { _ in Int(GH_CONTINUE) }
        var seen = ""
        b.requestBody = { call in
            seen = call.body
            return Int(GH_CONTINUE)
        }
        let owner = TestOwner()
        let run = try fixture.begin(
            try fixture.chain([a, b]), owner, "POST / HTTP/1.1", fields: post)
        #expect(run.requestHead() == .proceed)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 6, alignment: 1)
        defer { chunk.deallocate() }
        chunk.copyBytes(from: "abcdef".utf8)
        #expect(run.requestBody(UnsafeRawBufferPointer(chunk), isEnd: true) == .paused)
        #expect(seen.isEmpty)
        fixture.advance(ms: 10)
        #expect(seen == "abcdef")
        #expect(owner.resumed.map(\.step) == [.proceed])
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `an observer sees every chunk and may not hold it`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        var kept: gh_buffer = 0
        policy.requestHead = { call in
            #expect(call.readBody(0, GH_BODY_OBSERVE) == GH_OK)
            #expect(call.readBody(0, 9) == GH_INVALID)
            return Int(GH_CONTINUE)
        }
        policy.requestBody = { call in
            #expect(call.readBody(0, GH_BODY_WHOLE) == GH_INVALID, "in head callbacks only")
            if call.isEnd {
                _ = call.begin(1)
                return Int(GH_PAUSE)
            }
            #expect(Host.exchange.pointee.retain_body(call.x, 0, &kept) == GH_OK)
            #expect(Host.exchange.pointee.retain_body(call.x, 1, &kept) == GH_INVALID)
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(
            try fixture.chain([policy]), TestOwner(), "POST / HTTP/1.1", fields: post)
        #expect(run.requestHead() == .proceed)
        #expect(run.feed("abc", isEnd: false) == .proceed)
        guard case .fault = run.feed("def") else {
            Issue.record("an observer cannot pause")
            return
        }
        run.end(.reset)
        #expect(Host.text(Host.exchange.pointee.buffer(kept)) == "abc")
        Host.exchange.pointee.release_buffer(kept)
        Host.exchange.pointee.release_buffer(kept)
        #expect(Host.exchange.pointee.buffer(kept).ptr == nil)
        fixture.shutdown()
    }

    @Test func `without a body its reader is called once, with the end`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { call in
            #expect(call.flags & UInt32(GH_HEAD_NO_BODY) != 0)
            #expect(call.readBody(0, GH_BODY_WHOLE) == GH_OK)
            return Int(GH_CONTINUE)
        }
        policy.requestBody = { call in
            #expect(call.isEnd && call.body.isEmpty)
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(try fixture.chain([policy]), TestOwner())
        #expect(run.requestHead() == .proceed)
        #expect(fixture.log.all == ["p request", "p request body"])
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `response bodies walk outwards, and an event stream is never whole`() throws {
        let fixture = try Fixture()
        let a = fixture.policy("a")
        let b = fixture.policy("b")
        for policy in [a, b] {
            policy.requestHead = { _ in Int(GH_CONTINUE) }
            policy.responseHead = { call in
                #expect(call.readBody(1, GH_BODY_WHOLE) == GH_INVALID)
                #expect(call.readBody(1, GH_BODY_STREAM) == GH_OK)
                return Int(GH_CONTINUE)
            }
            policy.responseBody = { $0.body == "bad" ? Int(GH_FAIL) : Int(GH_CONTINUE) }
        }
        let run = try fixture.begin(try fixture.chain([a, b]), TestOwner())
        #expect(run.requestHead() == .proceed)
        let head = try fixture.response(
            200, [("content-type", "text/event-stream; charset=utf-8")], hasBody: true)
        #expect(run.responseHead(head) == .proceed)
        #expect(run.wantsBody(.response))
        fixture.log.clear()
        #expect(run.feedResponse("data: 1\n\n", isEnd: false) == .proceed)
        #expect(fixture.log.all == ["b response body", "a response body"])
        guard case .fault = run.feedResponse("bad") else {
            Issue.record("a fault cuts the response short")
            return
        }
        run.end(.reset)
        fixture.shutdown()
    }
}
