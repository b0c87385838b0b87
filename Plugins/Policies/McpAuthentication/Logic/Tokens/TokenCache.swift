import GatehousePluginKit

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
        case hit(slot: Int, expiresAt: Int64)
        /// Known, but its time is over.
        case expired
        /// Known, but its time has not come.
        case notYetValid
        /// Not known here.
        case miss
    }

    private struct Times: BitwiseCopyable {
        var expiresAt: Int64
        var validFrom: Int64
    }

    private let table: ByteTable<Times>
    /// The key set that the entries were verified with.
    private(set) var generation: UInt64 = 0

    /// - Parameters:
    ///   - capacity: rounded up to a power of two, at least 16.
    ///   - key: 128 random bits.
    init(capacity: Int, key: (UInt64, UInt64)) {
        table = ByteTable(capacity: capacity, key: key)
    }

    /// How many tokens are held.
    var count: Int { table.count }

    /// Looks `token` up; `now` is in nanoseconds since 1970 and is compared at every use.
    func find(_ token: BorrowedBytes, now: Int64) -> Answer {
        guard let slot = table.find(token), let times = table.value(slot) else { return .miss }
        if now >= times.expiresAt { return .expired }
        if now < times.validFrom { return .notYetValid }
        return .hit(slot: slot, expiresAt: times.expiresAt)
    }

    /// The client's name of a hit, valid until the cache changes; empty where it has none.
    func clientID(_ slot: Int) -> BorrowedBytes { table.text(slot) }

    /// Remembers a token that was verified with the key set of the current generation.
    func insert(_ token: BorrowedBytes, _ entry: TokenEntry) {
        entry.clientID.withBorrowedBytes {
            table.insert(
                token, Times(expiresAt: entry.expiresAt, validFrom: entry.validFrom), text: $0)
        }
    }

    /// Forgets everything: the key set changed, so what was verified with the old one is void.
    mutating func reset(generation: UInt64) {
        self.generation = generation
        table.removeAll()
    }
}
