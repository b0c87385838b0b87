import GatehousePluginKit
import Testing

@testable import McpAuthenticationLogic

extension TokenCache {
    func find(_ token: [UInt8], now: Int64) -> Answer {
        token.withBorrowedBytes { find($0, now: now) }
    }

    func insert(_ token: [UInt8], _ entry: TokenEntry) {
        token.withBorrowedBytes { insert($0, entry) }
    }
}

extension RefusalCache {
    func reason(_ token: [UInt8], now: Int64) -> String? {
        token.withBorrowedBytes { reason($0, now: now) }
    }

    mutating func insert(_ token: [UInt8], reason: String, now: Int64) {
        let lent = StableText()
        insert(lent.add(token), reason: reason, now: now)
    }
}

@Suite("mcpAuthentication: the tokens of a loop")
struct TokenCacheTests {
    private func cache(_ capacity: Int = 64) -> TokenCache {
        TokenCache(capacity: capacity, key: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908))
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `a token is found by its bytes alone, wherever they lie`() {
        let cache = cache()
        cache.insert(
            bytes("abc.def.ghi"), TokenEntry(expiresAt: 100, validFrom: 0, clientID: bytes("c")))
        let answer = bytes("xxabc.def.ghi").withBorrowedBytes {
            cache.find($0.slice(2..<13), now: 50)
        }
        guard case .hit(let slot, 100) = answer else {
            Issue.record("not found")
            return
        }
        #expect(cache.clientID(slot).array == bytes("c"))
        #expect(cache.find(bytes("abc.def.ghj"), now: 50) == .miss)
        #expect(cache.find(bytes("abc.def.gh"), now: 50) == .miss)
        #expect(cache.find([UInt8](), now: 50) == .miss)
    }

    @Test func `exp and nbf are compared at every use`() {
        let cache = cache()
        cache.insert(bytes("t"), TokenEntry(expiresAt: 100, validFrom: 10))
        #expect(cache.find(bytes("t"), now: 9) == .notYetValid)
        if case .hit = cache.find(bytes("t"), now: 10) {} else { Issue.record("valid at nbf") }
        if case .hit = cache.find(bytes("t"), now: 99) {} else { Issue.record("valid before exp") }
        #expect(cache.find(bytes("t"), now: 100) == .expired)
    }

    @Test func `a new key set voids what the old one verified`() {
        var cache = cache()
        cache.insert(bytes("t"), TokenEntry(expiresAt: .max, validFrom: .min))
        cache.reset(generation: 2)
        #expect(cache.generation == 2)
        #expect(cache.count == 0)
        #expect(cache.find(bytes("t"), now: 0) == .miss)
    }

    @Test func `it never holds more than its capacity, and the newest stay`() {
        let cache = cache(64)
        for number in 0..<10_000 {
            cache.insert(bytes("token-\(number)"), TokenEntry(expiresAt: .max, validFrom: .min))
        }
        #expect(cache.count <= 64)
        if case .hit = cache.find(bytes("token-9999"), now: 0) {
        } else {
            Issue.record("the newest token was forgotten")
        }
    }

    @Test func `two thousand tokens fit into four thousand slots`() {
        let cache = cache(4096)
        for number in 0..<2000 {
            cache.insert(bytes("token-\(number)"), TokenEntry(expiresAt: .max, validFrom: .min))
        }
        var found = 0
        for number in 0..<2000 {
            if case .hit = cache.find(bytes("token-\(number)"), now: 0) { found += 1 }
        }
        #expect(found >= 1990)
    }

    @Test func `inserting a token again replaces its entry`() {
        let cache = cache()
        cache.insert(bytes("t"), TokenEntry(expiresAt: 10, validFrom: 0))
        cache.insert(bytes("t"), TokenEntry(expiresAt: 20, validFrom: 0))
        #expect(cache.count == 1)
        if case .hit = cache.find(bytes("t"), now: 15) {} else { Issue.record("old entry") }
    }

    @Test func `a refusal is remembered for seconds`() {
        var refusals = RefusalCache(capacity: 16, seconds: 5, key: (1, 2))
        refusals.insert(bytes("bad"), reason: "expired", now: 0)
        #expect(refusals.reason(bytes("bad"), now: 4_999_999_999) == "expired")
        #expect(refusals.reason(bytes("bad"), now: 5_000_000_000) == nil)
        #expect(refusals.reason(bytes("good"), now: 0) == nil)
        refusals.insert(bytes("bad"), reason: "x", now: .max)
        refusals.reset()
        #expect(refusals.reason(bytes("bad"), now: 0) == nil)
    }
}

@Suite("mcpAuthentication: when documents are fetched")
struct RefreshStateTests {
    private var policy: RefreshState.Policy { RefreshState.Policy() }

    @Test func `it starts with a fetch and retries with back-off and jitter`() {
        var state = RefreshState(policy)
        #expect(state.handle(.started, now: 0, jitter: 0) == [.fetch])
        #expect(state.isFetching)
        #expect(state.handle(.failed, now: 10, jitter: 0) == [.settle, .wake(after: 500)])
        #expect(state.handle(.timer, now: 510, jitter: 0) == [.fetch])
        #expect(state.handle(.failed, now: 520, jitter: 1) == [.settle, .wake(after: 1500)])
        var now: Int64 = 2020
        for _ in 0..<40 {
            #expect(state.handle(.timer, now: now, jitter: 0) == [.fetch])
            guard case .wake(let wait)? = state.handle(.failed, now: now, jitter: 1).last else {
                Issue.record("no retry")
                return
            }
            #expect(wait <= 90_000)
            now += wait
        }
    }

    @Test func `a good document is refreshed a little before it is stale`() {
        var state = RefreshState(policy)
        _ = state.handle(.started, now: 0, jitter: 0)
        #expect(
            state.handle(.succeeded(freshness: 100), now: 0, jitter: 1)
                == [.settle, .wake(after: 90_000)])
        #expect(state.handle(.timer, now: 50_000, jitter: 0) == [.wake(after: 40_000)])
        #expect(state.handle(.timer, now: 90_000, jitter: 0) == [.fetch])
    }

    @Test(arguments: [(nil, 900_000), (1, 60_000), (Int64.max, 86_400_000)] as [(Int64?, Int64)])
    func `freshness has a usual value, a floor and a ceiling`(freshness: Int64?, wait: Int64) {
        var state = RefreshState(policy)
        _ = state.handle(.started, now: 0, jitter: 0)
        #expect(
            state.handle(.succeeded(freshness: freshness), now: 0, jitter: 0)
                == [.settle, .wake(after: wait)])
    }

    @Test func `an unknown key leads to one fetch per interval (G96)`() {
        var state = RefreshState(policy)
        _ = state.handle(.started, now: 0, jitter: 0)
        #expect(state.handle(.demanded, now: 1, jitter: 0) == [])
        _ = state.handle(.succeeded(freshness: nil), now: 2, jitter: 0)
        #expect(state.handle(.demanded, now: 10, jitter: 0) == [.fetch])
        _ = state.handle(.succeeded(freshness: nil), now: 20, jitter: 0)
        #expect(!state.acceptsDemand(at: 29_000))
        #expect(state.handle(.demanded, now: 29_000, jitter: 0) == [.settle])
        #expect(state.handle(.demanded, now: 30_010, jitter: 0) == [.fetch])
    }

    @Test func `without a document a demand may come sooner`() {
        var state = RefreshState(policy)
        _ = state.handle(.started, now: 0, jitter: 0)
        _ = state.handle(.failed, now: 1, jitter: 0)
        #expect(state.handle(.demanded, now: 2, jitter: 0) == [.fetch])
        _ = state.handle(.failed, now: 3, jitter: 0)
        #expect(state.handle(.demanded, now: 4, jitter: 0) == [.settle])
        #expect(state.handle(.demanded, now: 502, jitter: 0) == [.fetch])
    }

    @Test func `a stale document is served for a bounded time`() {
        var state = RefreshState(policy)
        _ = state.handle(.started, now: 0, jitter: 0)
        _ = state.handle(.succeeded(freshness: 60), now: 0, jitter: 0)
        _ = state.handle(.timer, now: 60_000, jitter: 0)
        #expect(!state.handle(.failed, now: 60_001, jitter: 0).contains(.drop))
        _ = state.handle(.timer, now: 86_460_000, jitter: 0)
        #expect(state.handle(.failed, now: 86_460_000, jitter: 0).contains(.drop))
        _ = state.handle(.timer, now: 99_000_000, jitter: 0)
        #expect(!state.handle(.failed, now: 99_000_000, jitter: 0).contains(.drop))
    }
}
