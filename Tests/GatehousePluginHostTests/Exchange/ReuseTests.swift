import CGatehouse
import GatehousePluginHost
import Testing

@Suite("The hot path")
struct ReuseTests {
    /// Goal: an exchange whose policies only continue takes no object of its own.
    /// Method: the free list must give the same object again.
    @Test func `an exchange that only continues reuses what the one before it had`() throws {
        let fixture = try Fixture()
        let policies = (0..<3).map { fixture.policy("p\($0)") }
        for policy in policies {
            policy.wantsRequest = ["authorization", "origin"]
            policy.requestHead = { _ in Int(GH_CONTINUE) }
        }
        let chain = try fixture.chain(policies)
        let owner = TestOwner()
        let first = try fixture.begin(chain, owner)
        let identity = ObjectIdentifier(first)
        _ = first.requestHead()
        first.end(.complete)
        for _ in 0..<100 {
            let run = try fixture.begin(chain, owner)
            #expect(ObjectIdentifier(run) == identity)
            #expect(run.requestHead() == .proceed)
            run.end(.complete)
        }
        #expect(fixture.loop.exchangeCount == 0)
        fixture.shutdown()
    }
}
