/// What a loop remembers about a token whose signature it verified.
struct TokenEntry: Sendable, Equatable {
    /// `exp` plus leeway in nanoseconds since 1970; `Int64.max` where the token has no `exp`.
    var expiresAt: Int64
    /// `nbf` minus leeway, likewise; `Int64.min` where it has none.
    var validFrom: Int64
    /// Which client presented it, in UTF-8, for the access log; never the token.
    var clientID: [UInt8] = []
}

/// The verified tokens of one loop: fixed slots, open addressing, no allocation on a hit.
///
/// A token is found by the keyed hash of all its bytes and then compared in full (DESIGN §5).
/// The capacity is fixed; where the few slots that a hash may use are taken, the one that was
/// used least recently gives way. One loop owns a cache, so nothing is locked.
struct TokenCache {
    /// Why a look-up has no valid entry.
    enum Answer: Equatable {
        /// The entry at this slot is valid now.
        case hit(slot: Int)
        /// Known, but its time is over.
        case expired
        /// Known, but its time has not come.
        case notYetValid
        /// Not known here.
        case miss
    }

    private struct Slot {
        var hash: UInt64 = 0
        var usedAt: UInt64 = 0
        var entry = TokenEntry(expiresAt: 0, validFrom: 0)
        var token: [UInt8] = []
    }

    /// How many slots a hash may use.
    private static let reach = 8

    private var slots: [Slot]
    private var clock: UInt64 = 0
    private let hash: TokenHash
    /// How many tokens are held.
    private(set) var count = 0
    /// The key set that the entries were verified with.
    private(set) var generation: UInt64 = 0

    /// - Parameters:
    ///   - capacity: rounded up to a power of two, at least 16.
    ///   - key: 128 random bits.
    init(capacity: Int, key: (UInt64, UInt64)) {
        var size = 16
        while size < capacity, size < 1 << 20 { size *= 2 }
        slots = Array(repeating: Slot(), count: size)
        hash = TokenHash(key: key)
    }

    /// Looks `token` up; `now` is in nanoseconds since 1970 and is compared at every use.
    mutating func find<Bytes: RandomAccessCollection>(
        _ token: Bytes, now: Int64
    ) -> Answer where Bytes.Element == UInt8, Bytes.Index == Int {
        let value = hash(token)
        let mask = slots.count - 1
        let first = Int(truncatingIfNeeded: value) & mask
        for step in 0..<Self.reach {
            let at = (first + step) & mask
            guard slots[at].hash == value, isSame(slots[at].token, token) else { continue }
            if now >= slots[at].entry.expiresAt { return .expired }
            if now < slots[at].entry.validFrom { return .notYetValid }
            clock &+= 1
            slots[at].usedAt = clock
            return .hit(slot: at)
        }
        return .miss
    }

    /// The entry of a hit, valid until the cache changes.
    func entry(_ slot: Int) -> TokenEntry { slots[slot].entry }

    /// `exp` plus leeway of a hit.
    func expiry(_ slot: Int) -> Int64 { slots[slot].entry.expiresAt }

    /// Lends the client's name of a hit without a copy; not called where it has none.
    func withClientID(_ slot: Int, _ body: (borrowing [UInt8]) -> Void) {
        if !slots[slot].entry.clientID.isEmpty { body(slots[slot].entry.clientID) }
    }

    /// Remembers a token that was verified with the key set of the current generation.
    mutating func insert<Bytes: RandomAccessCollection>(
        _ token: Bytes, _ entry: TokenEntry
    ) where Bytes.Element == UInt8, Bytes.Index == Int {
        guard !token.isEmpty else { return }
        let value = hash(token)
        let mask = slots.count - 1
        let first = Int(truncatingIfNeeded: value) & mask
        var target = first
        for step in 0..<Self.reach {
            let at = (first + step) & mask
            if slots[at].token.isEmpty
                || (slots[at].hash == value && isSame(slots[at].token, token))
            {
                target = at
                break
            }
            if slots[at].usedAt < slots[target].usedAt { target = at }
        }
        if slots[target].token.isEmpty { count += 1 }
        clock &+= 1
        slots[target] = Slot(hash: value, usedAt: clock, entry: entry, token: Array(token))
    }

    /// Forgets everything: the key set changed, so what was verified with the old one is void.
    mutating func reset(generation: UInt64) {
        self.generation = generation
        guard count > 0 else { return }
        count = 0
        for at in slots.indices { slots[at] = Slot() }
    }

    @inline(__always)
    private func isSame<Bytes: RandomAccessCollection>(
        _ known: [UInt8], _ token: Bytes
    ) -> Bool where Bytes.Element == UInt8, Bytes.Index == Int {
        guard known.count == token.count else { return false }
        // All bytes are looked at: the time says nothing about where they differ.
        var difference: UInt8 = 0
        let start = token.startIndex
        for at in 0..<known.count { difference |= known[at] ^ token[start + at] }
        return difference == 0
    }
}
