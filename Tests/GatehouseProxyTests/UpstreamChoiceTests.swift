import Testing

@testable import GatehouseProxy

@Suite("Which upstream: the decisions as values")
struct UpstreamChoiceTests {
    private let second: UInt64 = 1_000_000_000

    private func picks(
        _ count: Int, _ pending: [Int], _ weights: [Int], taking: [Bool]? = nil
    ) -> [Int?] {
        var choice = UpstreamChoice()
        return (0..<count).map { _ in
            choice.pick(of: pending.count) {
                .init(pending: pending[$0], weight: weights[$0], takes: taking?[$0] ?? true)
            }
        }
    }

    @Test func `the lowest pending plus one over weight is taken`() {
        #expect(picks(2, [3, 1, 2], [1, 1, 1]) == [1, 1])
        // 4/4 against 2/1: the busier one has room for its weight.
        #expect(picks(1, [3, 1], [4, 1]) == [0])
        #expect(picks(1, [0, 0], [1, 1_000_000]) == [1])
    }

    @Test func `equals take turns, also from a loop that is idle`() {
        #expect(picks(6, [0, 0, 0], [1, 1, 1]) == [0, 1, 2, 0, 1, 2])
        #expect(picks(4, [0, 5, 0], [1, 1, 1]) == [0, 2, 0, 2])
        var later = UpstreamChoice(first: 1)
        let first = later.pick(of: 2) { _ in .init(pending: 0, weight: 1, takes: true) }
        #expect(first == 1)
    }

    @Test func `exchanges that stay are shared by weight`() {
        var choice = UpstreamChoice()
        var pending = [0, 0, 0]
        let weights = [1, 3, 0]
        for _ in 0..<400 {
            let chosen = choice.pick(of: 3) {
                .init(pending: pending[$0], weight: weights[$0], takes: true)
            }
            if let chosen { pending[chosen] += 1 }
        }
        #expect(pending == [100, 300, 0])
    }

    @Test func `what does not take is left out, unless none does`() {
        #expect(picks(2, [0, 9], [1, 1], taking: [false, true]) == [1, 1])
        #expect(picks(2, [0, 0], [1, 1], taking: [false, false]) == [0, 1])
        #expect(picks(1, [], []) == [nil])
        #expect(picks(1, [0], [0]) == [nil])
    }

    @Test func `an exchange that failed goes only to another that takes`() {
        var choice = UpstreamChoice()
        let other = choice.pick(of: 2, except: 0) { _ in .init(pending: 0, weight: 1, takes: true) }
        #expect(other == 1)
        let none = choice.pick(of: 2, except: 0) { _ in
            .init(pending: 0, weight: 1, takes: false)
        }
        #expect(none == nil)
        let alone = choice.pick(of: 1, except: 0) { _ in .init(pending: 0, weight: 1, takes: true) }
        #expect(alone == nil)
    }

    @Test func `five failures in a row make a candidate, a success forgets them`() {
        var health = UpstreamHealth()
        for _ in 0..<4 { _ = health.connectFailed(0) }
        #expect(!health.hasFailed)
        health.connected()
        for _ in 0..<4 { _ = health.connectFailed(0) }
        #expect(!health.hasFailed)
        _ = health.connectFailed(0)
        #expect(health.hasFailed && health.isHealthy && health.takes(0))
    }

    @Test func `an ejection is 10 s and doubles to 5 min with each trial that fails`() {
        var health = UpstreamHealth()
        for _ in 0..<5 { _ = health.connectFailed(0) }
        var now: UInt64 = 7
        health.eject(now)
        for seconds: UInt64 in [10, 20, 40, 80, 160, 300, 300] {
            #expect(!health.takes(now + seconds * second - 1))
            now += seconds * second
            #expect(health.takes(now))
            health.connecting(now)
            #expect(!health.takes(now), "one trial at a time")
            let isLonger = health.connectFailed(now)
            #expect(isLonger)
        }
        now += 300 * second
        health.connecting(now)
        health.connected()
        #expect(health == UpstreamHealth())
    }

    @Test func `connects from before an ejection do not prolong it`() {
        var health = UpstreamHealth()
        for _ in 0..<5 { _ = health.connectFailed(0) }
        health.eject(0)
        let longer = (0..<100).filter { _ in health.connectFailed(second) }
        #expect(longer.isEmpty)
        #expect(health.takes(10 * second))
    }

    @Test func `F19: retries are a fifth of the exchanges and a few a second`() {
        var budget = RetryBudget(first: 10, most: 100, nowNs: 0)
        let burst = (0..<50).filter { _ in budget.take(requests: 0, nowNs: 0) }
        #expect(burst.count == 10)
        var (requests, retries): (UInt64, Int) = (10, 0)
        for _ in 0..<1_000 {
            requests += 1
            guard budget.take(requests: requests, nowNs: 0) else { continue }
            requests += 1
            retries += 1
        }
        #expect(retries == 200)
        let slow = (1...100).filter { budget.take(requests: requests, nowNs: UInt64($0) * second) }
        #expect(slow.count == 100)
        let saved = (0..<500).filter { _ in budget.take(requests: 1 << 40, nowNs: 100 * second) }
        #expect(saved.count == 100)
    }
}
