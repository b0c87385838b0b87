import CGatehouse
import GatehousePluginHost
import Testing

@Suite("The walk of an exchange through its chain")
struct WalkTests {
    private func next(_ call: Call) -> Int { Int(GH_CONTINUE) }

    @Test func `the request walks inwards by order class, the response outwards`() throws {
        let fixture = try Fixture()
        let last = fixture.policy("last")
        let auth = fixture.policy("auth", .authentication)
        let outer = fixture.policy("outer", .cors)
        for policy in [last, auth, outer] {
            policy.requestHead = next
            policy.responseHead = next
        }
        let chain = try fixture.chain([last, auth, outer])
        let owner = TestOwner()
        let run = try fixture.begin(chain, owner)
        #expect(run.requestHead() == .proceed)
        #expect(run.responseHead(try fixture.response(200)) == .proceed)
        #expect(run.responseStatus == 200)
        run.end(.complete)
        #expect(
            fixture.log.all == [
                "outer request", "auth request", "last request", "last response",
                "auth response", "outer response", "last ended 0", "auth ended 0",
                "outer ended 0",
            ])
        fixture.shutdown()
    }

    @Test func `a local response passes only the policies outside of its origin`() throws {
        let fixture = try Fixture()
        let outer = fixture.policy("outer", .cors)
        let auth = fixture.policy("auth", .authentication)
        let inner = fixture.policy("inner")
        outer.requestHead = next
        outer.responseHead = { call in
            #expect(call.status == 401)
            #expect(call.flags & UInt32(GH_HEAD_BY_POLICY) != 0)
            #expect(call.edit(1, GH_EDIT_SET, "vary", "Origin") == GH_OK)
            return Int(GH_CONTINUE)
        }
        auth.requestHead = { call in
            #expect(
                call.respond(401, [("WWW-Authenticate", "Bearer")], body: "no") == GH_OK)
            return Int(GH_RESPONDED)
        }
        auth.responseHead = next
        inner.requestHead = next
        let chain = try fixture.chain([outer, auth, inner])
        let run = try fixture.begin(chain, TestOwner())
        #expect(run.requestHead() == .respond)
        #expect(run.responseStatus == 401)
        #expect(run.responseFields == ["WWW-Authenticate: Bearer", "vary: Origin"])
        #expect(String(decoding: run.responseBody, as: UTF8.self) == "no")
        #expect(run.responder == "auth")
        #expect(String(decoding: run.responseReason, as: UTF8.self) == "why")
        run.end(.complete)
        #expect(
            fixture.log.all == [
                "outer request", "auth request", "outer response", "auth ended 0",
                "outer ended 0",
            ])
        fixture.shutdown()
    }

    @Test func `a missing plugin answers 503 at its place, and cors decorates it`() throws {
        let fixture = try Fixture()
        let outer = fixture.policy("outer", .cors)
        let inner = fixture.policy("inner")
        outer.requestHead = next
        outer.responseHead = { call in
            #expect(call.flags & UInt32(GH_HEAD_BY_CORE) != 0)
            return Int(GH_CONTINUE)
        }
        inner.requestHead = next
        let chain = try fixture.chain(
            [outer, inner],
            standIns: [.standIn(name: "gone", orderClass: .authentication, reason: "no file")])
        #expect(chain.standIns == ["gone"])
        let run = try fixture.begin(chain, TestOwner())
        guard case .fault(let fault) = run.requestHead() else {
            Issue.record("a stand-in must fault")
            return
        }
        #expect(fault.kind == .standIn && fault.status == 503 && fault.policy == "gone")
        #expect(run.core(503) == .respond)
        #expect(fixture.log.all == ["outer request", "outer response"])
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `an instance that did not start on this loop fails closed with 503`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("broken")
        policy.requestHead = next
        policy.loopStarted = { _ in Int(GH_INTERNAL) }
        let chain = try fixture.chain([policy])
        let run = try fixture.begin(chain, TestOwner())
        guard case .fault(let fault) = run.requestHead() else {
            Issue.record("it must fault")
            return
        }
        #expect(fault.status == 503 && fault.policy == "broken")
        run.end(.complete)
        #expect(fixture.log.all.isEmpty)
        fixture.shutdown()
    }

    @Test(
        "an answer that the contract forbids is a plugin fault, 500",
        arguments: [GH_FAIL, 77, GH_RESPONDED, GH_PAUSE])
    func forbidden(action: Int) throws {
        let fixture = try Fixture()
        let policy = fixture.policy("bad")
        policy.requestHead = { _ in action }
        let chain = try fixture.chain([policy])
        let run = try fixture.begin(chain, TestOwner())
        guard case .fault(let fault) = run.requestHead() else {
            Issue.record("it must fault")
            return
        }
        #expect(fault.kind == .plugin && fault.status == 500)
        #expect(fixture.instances[0].faults == 1)
        #expect(run.core(500) == .respond)
        run.end(.complete)
        #expect(fixture.log.all == ["bad request", "bad ended 0"])
        fixture.shutdown()
    }

    @Test func `responding without saying so is a plugin fault`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("bad")
        policy.requestHead = { call in
            #expect(call.respond(200) == GH_OK)
            #expect(call.respond(200) == GH_INVALID)
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(try fixture.chain([policy]), TestOwner())
        guard case .fault(let fault) = run.requestHead() else {
            Issue.record("it must fault")
            return
        }
        #expect(fault.status == 500)
        #expect(run.core(500, "x") == .respond)
        #expect(run.responseStatus == 500 && run.responder == nil)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `a policy that is done sees nothing more, and no end without state`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("once")
        policy.requestHead = { _ in Int(GH_DONE) }
        policy.responseHead = next
        let run = try fixture.begin(try fixture.chain([policy]), TestOwner())
        #expect(run.requestHead() == .proceed)
        #expect(run.responseHead(try fixture.response(200)) == .proceed)
        run.end(.complete)
        #expect(fixture.log.all == ["once request"])
        fixture.shutdown()
    }

    @Test func `a policy may answer in place of the upstream's response head`() throws {
        let fixture = try Fixture()
        let outer = fixture.policy("outer", .cors)
        let inner = fixture.policy("inner")
        outer.requestHead = next
        outer.responseHead = { call in
            #expect(call.status == 502)
            return Int(GH_CONTINUE)
        }
        inner.requestHead = next
        inner.responseHead = { call in
            #expect(call.status == 401)
            #expect(call.respond(502, [("content-type", "text/plain")]) == GH_OK)
            return Int(GH_RESPONDED)
        }
        let run = try fixture.begin(try fixture.chain([outer, inner]), TestOwner())
        #expect(run.requestHead() == .proceed)
        let upstream = try fixture.response(401, [("WWW-Authenticate", "Bearer realm=x")])
        #expect(run.responseHead(upstream) == .respond)
        #expect(run.responseStatus == 502)
        #expect(run.responseFields == ["content-type: text/plain"], "G15: no foreign challenge")
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `a fault in a response phase is answered by the policies outside of it`() throws {
        let fixture = try Fixture()
        let outer = fixture.policy("outer", .cors)
        let bad = fixture.policy("bad", .authentication)
        let inner = fixture.policy("inner")
        outer.responseHead = next
        bad.responseHead = { _ in Int(GH_FAIL) }
        inner.responseHead = next
        let run = try fixture.begin(try fixture.chain([outer, bad, inner]), TestOwner())
        #expect(run.requestHead() == .proceed)
        guard case .fault(let fault) = run.responseHead(try fixture.response(200)) else {
            Issue.record("it must fault")
            return
        }
        #expect(fault.policy == "bad")
        #expect(run.core(500) == .respond)
        run.end(.complete)
        #expect(
            fixture.log.all.filter { !$0.contains("ended") } == [
                "inner response", "bad response", "outer response",
            ])
        fixture.shutdown()
    }

    @Test func `a backend ends the chain, and has to answer`() throws {
        let fixture = try Fixture()
        let backend = fixture.policy("backend", .backend, kind: .backend)
        backend.requestHead = { $0.respond(200, body: "hi") + Int(GH_RESPONDED) }
        let chain = try fixture.chain([backend])
        #expect(chain.endsInBackend)
        let run = try fixture.begin(chain, TestOwner())
        #expect(run.requestHead() == .respond)
        run.end(.complete)
        backend.requestHead = next
        let second = try fixture.begin(chain, TestOwner())
        guard case .fault(let fault) = second.requestHead() else {
            Issue.record("CONTINUE of a backend must fault")
            return
        }
        #expect(fault.status == 500)
        second.end(.complete)
        fixture.shutdown()
    }

    @Test func `on a claimed path those inside the claimer do not run`() throws {
        let fixture = try Fixture()
        let outer = fixture.policy("outer", .cors)
        let auth = fixture.policy("auth", .authentication)
        let inner = fixture.policy("inner")
        auth.claims = [("/.well-known/oauth-protected-resource/mcp", false), ("/x", true)]
        outer.requestHead = { call in
            #expect(call.claim == UInt32.max, "somebody else's claim")
            return Int(GH_CONTINUE)
        }
        auth.requestHead = { call in
            #expect(call.claim == 1)
            return call.respond(200, body: "{}") + Int(GH_RESPONDED)
        }
        inner.requestHead = next
        let chain = try fixture.chain([outer, auth, inner])
        #expect(chain.claims.map(\.path) == ["/.well-known/oauth-protected-resource/mcp", "/x"])
        #expect(chain.claims.map(\.isPrefix) == [false, true])
        #expect(chain.claims.map(\.policy) == [1, 1])
        let run = try fixture.begin(chain, TestOwner(), claim: 0)
        #expect(run.requestHead() == .respond)
        run.end(.complete)
        #expect(!fixture.log.all.contains("inner request"))
        fixture.shutdown()
    }

    @Test func `a claimer that lets its path pass gives 404`() throws {
        let fixture = try Fixture()
        let auth = fixture.policy("auth", .authentication)
        auth.claims = [("/x", false)]
        auth.requestHead = next
        auth.responseHead = next
        let run = try fixture.begin(try fixture.chain([auth]), TestOwner(), claim: 0)
        guard case .fault(let fault) = run.requestHead() else {
            Issue.record("it must be 404")
            return
        }
        #expect(fault.kind == .notClaimed && fault.status == 404)
        #expect(run.core(404) == .respond)
        run.end(.complete)
        #expect(fixture.log.all == ["auth request", "auth response", "auth ended 0"])
        fixture.shutdown()
    }

    @Test func `the chain sorts by class and keeps the configured order within one`() throws {
        let fixture = try Fixture()
        let names: [(String, OrderClass)] = [
            ("b", .normal), ("a", .normal), ("auth", .authentication), ("cors", .cors),
        ]
        let policies = names.map { fixture.policy($0.0, $0.1) }
        let chain = try fixture.chain(policies)
        #expect(chain.instances.map(\.name) == ["cors", "auth", "b", "a"])
        fixture.shutdown()
    }

    @Test func `more policies than the masks hold are refused`() throws {
        let fixture = try Fixture()
        let members = (0...Limits.policiesPerRouteMax).map {
            PolicyChain.Member.standIn(name: "\($0)", orderClass: .normal, reason: "")
        }
        #expect(throws: PluginHostError.self) {
            _ = try PolicyChain(host: fixture.host, members: members)
        }
        fixture.shutdown()
    }
}
