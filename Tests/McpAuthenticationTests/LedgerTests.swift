import Testing

@testable import McpAuthenticationLogic

@Suite("Values that expire")
struct ExpiringTableTests {
    @Test func `a value is there before its time and not at it`() {
        var table = ExpiringTable<Int>(bound: 10)
        table.set([1], 5, until: 100, now: 0)
        #expect(table.value([1], now: 99) == 5)
        #expect(table.value([1], now: 100) == nil)
        #expect(table.value([2], now: 0) == nil)
        table.remove([1])
        #expect(table.value([1], now: 0) == nil)
    }

    @Test func `expired values make room, and the bound takes the earliest`() {
        var table = ExpiringTable<Int>(bound: 3)
        for (at, until) in [(1, 40), (2, 20), (3, 30)] {
            table.set([UInt8(at)], at, until: Int64(until), now: 0)
        }
        table.set([4], 4, until: 50, now: 0)
        #expect(table.count == 3)
        #expect(table.value([2], now: 0) == nil)
        table.set([5], 5, until: 60, now: 35)
        #expect(table.count == 3)
        #expect(table.value([1], now: 35) == 1 && table.value([4], now: 35) == 4)
        // The newcomer itself where it expires first.
        table.set([6], 6, until: 36, now: 35)
        #expect(table.value([6], now: 35) == nil && table.count == 3)
    }

    @Test func `a longer life counts, and many changes of one value stay bounded`() {
        var table = ExpiringTable<Int>(bound: 3)
        for until in 1...10_000 { table.set([1], until, until: Int64(until), now: 0) }
        table.set([2], 2, until: 5, now: 0)
        table.set([3], 3, until: 6, now: 0)
        table.set([4], 4, until: 7, now: 0)
        #expect(table.value([1], now: 9_999) == 10_000)
        #expect(table.value([2], now: 0) == nil && table.count == 3)
    }

    @Test func `any order of times is served like a sorted list`() {
        var table = ExpiringTable<Int>(bound: 100)
        var model: [Int: Int64] = [:]
        var random: UInt64 = 7
        for step in 0..<5_000 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let key = Int(random >> 33) % 50
            let until = Int64(random >> 40) % 300 + Int64(step / 10)
            table.set([UInt8(key)], key, until: until, now: Int64(step / 10))
            model[key] = until
            let now = Int64(step / 10)
            let same = (0..<50).allSatisfy { key in
                (table.value([UInt8(key)], now: now) != nil) == (now < model[key] ?? .min)
            }
            #expect(same, "step \(step)")
        }
    }
}

@Suite("What a process knows of sealed texts")
struct LedgerTests {
    private let id: [UInt8] = [1, 2, 3]

    @Test func `a code is used once, by one of many at the same time (G72)`() async {
        let ledger = Ledger(bound: 100)
        let firsts = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<64 { group.addTask { ledger.use([9], until: 60, now: 0) } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(firsts == 1)
        #expect(ledger.use([8], until: 60, now: 0))
    }

    @Test func `a refresh token gives its successor once; each generation in turn (G83)`() {
        let ledger = Ledger(bound: 100)
        for generation in Int64(0)..<5 {
            let now = generation * 100
            #expect(
                ledger.beginRefresh(id, generation: generation, until: 10_000, now: now)
                    == .proceed(generation: generation + 1))
            ledger.endRefresh(
                id, generation: generation + 1, answer: [UInt8(generation)], until: 10_000, now: now
            )
        }
    }

    @Test func `whoever repeats within ten seconds gets the same answer, later the family ends`() {
        let ledger = Ledger(bound: 100)
        let revision = ledger.revision
        #expect(
            ledger.beginRefresh(id, generation: 3, until: 10_000, now: 50)
                == .proceed(generation: 4))
        ledger.endRefresh(id, generation: 4, answer: [7, 7], until: 10_000, now: 50)
        for now in [Int64(50), 59] {
            #expect(
                ledger.beginRefresh(id, generation: 3, until: 10_000, now: now)
                    == .answered([7, 7]))
        }
        #expect(!ledger.isRevoked([5], family: id, now: 59))
        #expect(ledger.beginRefresh(id, generation: 3, until: 10_000, now: 60) == .reused)
        #expect(ledger.revision > revision)
        #expect(ledger.isRevoked([5], family: id, now: 60))
        #expect(ledger.beginRefresh(id, generation: 4, until: 10_000, now: 60) == .revoked)
    }

    @Test func `an older generation than the one before is a reuse at once`() {
        let ledger = Ledger(bound: 100)
        for generation in Int64(0)..<3 {
            _ = ledger.beginRefresh(id, generation: generation, until: 10_000, now: 5)
            ledger.endRefresh(id, generation: generation + 1, answer: [1], until: 10_000, now: 5)
        }
        #expect(ledger.beginRefresh(id, generation: 1, until: 10_000, now: 6) == .reused)
    }

    @Test func `of two at the same time one redeems, and the other waits for its answer`() {
        let ledger = Ledger(bound: 100)
        #expect(
            ledger.beginRefresh(id, generation: 0, until: 10_000, now: 0)
                == .proceed(generation: 1))
        #expect(ledger.beginRefresh(id, generation: 0, until: 10_000, now: 1) == .wait)
        ledger.endRefresh(id, generation: 1, answer: [4], until: 10_000, now: 2)
        #expect(ledger.beginRefresh(id, generation: 0, until: 10_000, now: 3) == .answered([4]))
    }

    @Test func `a redemption that failed leaves the token good, one that never ended too`() {
        let ledger = Ledger(bound: 100)
        _ = ledger.beginRefresh(id, generation: 0, until: 10_000, now: 0)
        ledger.endRefresh(id, generation: 1, answer: nil, until: 10_000, now: 1)
        #expect(
            ledger.beginRefresh(id, generation: 0, until: 10_000, now: 2)
                == .proceed(generation: 1))
        #expect(ledger.beginRefresh(id, generation: 0, until: 10_000, now: 61) == .wait)
        #expect(
            ledger.beginRefresh(id, generation: 0, until: 10_000, now: 62)
                == .proceed(generation: 1))
    }

    @Test func `what another replica rotated meanwhile is taken, and its predecessor is a reuse`() {
        let ledger = Ledger(bound: 100)
        _ = ledger.beginRefresh(id, generation: 0, until: 10_000, now: 0)
        ledger.endRefresh(id, generation: 1, answer: [1], until: 10_000, now: 0)
        #expect(
            ledger.beginRefresh(id, generation: 5, until: 10_000, now: 1)
                == .proceed(generation: 6))
        #expect(ledger.beginRefresh(id, generation: 4, until: 10_000, now: 1) == .reused)
    }

    @Test func `a revoked family stays so until its last token has expired`() {
        let ledger = Ledger(bound: 100)
        ledger.revokeFamily(id, until: 500, now: 0)
        #expect(ledger.beginRefresh(id, generation: 0, until: 400, now: 1) == .revoked)
        #expect(ledger.isRevoked([1], family: id, now: 499))
        #expect(!ledger.isRevoked([1], family: id, now: 500))
        #expect(!ledger.isRevoked([1], family: nil, now: 1))
    }

    @Test func `a redemption that ends after the revocation does not revive the family`() {
        let ledger = Ledger(bound: 100)
        _ = ledger.beginRefresh(id, generation: 0, until: 10_000, now: 0)
        ledger.revokeFamily(id, until: 10_000, now: 1)
        ledger.endRefresh(id, generation: 1, answer: [1], until: 10_000, now: 2)
        #expect(ledger.beginRefresh(id, generation: 1, until: 10_000, now: 3) == .revoked)
    }

    @Test func `a revoked token is known by its id until it has expired, and the revision tells`() {
        let ledger = Ledger(bound: 100)
        let revision = ledger.revision
        ledger.revoke([5], until: 100, now: 0)
        #expect(ledger.revision == revision + 1)
        #expect(ledger.isRevoked([5], family: nil, now: 99))
        #expect(!ledger.isRevoked([5], family: nil, now: 100))
        #expect(!ledger.isRevoked([6], family: nil, now: 0))
    }
}
