import CGatehouse
import Testing

@testable import GatehousePluginHost

/// GH_FINISH: a policy ends a response that goes on, which is no fault (G112).
@Suite("Responses that a policy finishes")
struct FinishTests {
    /// A policy with a timer that answers `action` when the time has come.
    private func policy(_ fixture: Fixture, _ action: Int) -> TestPolicy {
        let policy = fixture.policy("p")
        policy.requestHead = { call in
            var timer: gh_operation = 0
            _ = Host.async.pointee.timer(policy.handle, call.x, 3, 60_000, &timer)
            return Int(GH_CONTINUE)
        }
        policy.resumed = { _ in action }
        return policy
    }

    @Test func `a stream that outlives its token is finished without a fault (G112)`() throws {
        let fixture = try Fixture()
        let owner = TestOwner()
        let run = try fixture.begin(try fixture.chain([policy(fixture, Int(GH_FINISH))]), owner)
        #expect(run.requestHead() == .proceed)
        #expect(run.responseHead(try fixture.response(200, hasBody: true)) == .proceed)
        run.headSent(.response)
        fixture.advance(ms: 60_000)
        #expect(owner.failures.map(\.kind) == [.finished])
        #expect(owner.failures.map(\.policy) == ["p"])
        #expect(owner.failures.map(\.status) == [503])
        #expect(fixture.instances[0].faults == 0)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `giving up is a fault, finishing in a phase or a pause too`() throws {
        let fixture = try Fixture()
        let owner = TestOwner()
        let given = try fixture.begin(try fixture.chain([policy(fixture, Int(GH_FAIL))]), owner)
        #expect(given.requestHead() == .proceed)
        fixture.advance(ms: 60_000)
        #expect(owner.failures.map(\.kind) == [.plugin])
        #expect(fixture.instances[0].faults == 1)
        given.end(.reset)
        fixture.shutdown()

        for isPaused in [false, true] {
            let fixture = try Fixture()
            let other = policy(fixture, Int(GH_FINISH))
            let arm = other.requestHead
            other.requestHead = { call in
                _ = arm?(call)
                return Int(isPaused ? GH_PAUSE : GH_FINISH)
            }
            let owner = TestOwner()
            let run = try fixture.begin(try fixture.chain([other]), owner)
            let step = run.requestHead()
            if isPaused {
                #expect(step == .paused)
                fixture.advance(ms: 60_000)
            }
            #expect(owner.failures.isEmpty)
            #expect(fixture.instances[0].faults == 1)
            run.end(.reset)
            fixture.shutdown()
        }
    }
}
