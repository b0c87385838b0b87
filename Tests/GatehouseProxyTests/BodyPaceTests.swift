import Testing

@testable import GatehouseProxy

@Suite("The pace of a request's body (F61)")
struct BodyPaceTests {
    private static let second: UInt64 = 1_000_000_000

    private func due(
        _ pace: BodyPace, at seconds: UInt64, bytes: UInt64, silence: UInt32 = 60_000,
        rate: UInt64 = 100
    ) -> UInt64 {
        pace.dueNs(nowNs: seconds * Self.second, bytes: bytes, silenceMs: silence, rate: rate)
    }

    private var pace: BodyPace {
        var pace = BodyPace()
        pace.restart(nowNs: 10 * Self.second, bytes: 0)
        return pace
    }

    @Test func `a byte now and then does not put the deadline off`() {
        #expect(due(pace, at: 10, bytes: 0) == 70 * Self.second)
        #expect(due(pace, at: 69, bytes: 50) == 70 * Self.second + Self.second / 2)
        #expect(due(pace, at: 69, bytes: 100) == 71 * Self.second)
    }

    @Test func `a body that keeps the rate may be silent for the whole time`() {
        #expect(due(pace, at: 69, bytes: 10_000) == 129 * Self.second)
        #expect(due(pace, at: 69, bytes: .max) == 129 * Self.second)
    }

    @Test func `what came before a restart earns nothing`() {
        var pace = pace
        pace.restart(nowNs: 100 * Self.second, bytes: 10_000)
        #expect(due(pace, at: 159, bytes: 10_000) == 160 * Self.second)
        #expect(due(pace, at: 159, bytes: 10_100) == 161 * Self.second)
    }

    @Test func `without a bound on silence there is none on the rate`() {
        #expect(due(pace, at: 10, bytes: 0, silence: 0) == .max)
        #expect(due(pace, at: 10, bytes: 0, rate: 0) == 70 * Self.second)
        #expect(due(pace, at: 500, bytes: 0, rate: 0) == 560 * Self.second)
        #expect(due(pace, at: 10, bytes: .max, rate: .max) == 70 * Self.second)
    }
}
