import GatehousePluginKit

/// The verified tokens of one loop: fixed slots, open addressing, no allocation on a hit.
///
/// A token is found by the keyed hash of all its bytes and then compared in full (DESIGN §5).
/// The capacity is fixed; where the few slots that a hash may use are taken, the one that was
/// used least recently gives way. One loop owns a cache, so nothing is locked.
struct TokenCache {
    /// Why a look-up has no valid entry.
    enum Answer: Equatable {
        /// The entry at this slot is valid now, and nothing but its client is known.
        case hit(slot: Int, expiresAt: Int64)
        /// The entry at this slot is valid now; see ``TokenCache/details(_:)``.
        case detailed(slot: Int)
        /// Known, but its issuer is to be asked again.
        case stale
        /// Known, but its time is over.
        case expired
        /// Known, but its time has not come.
        case notYetValid
        /// Not known here.
        case miss
    }

    /// As small as it can be, so that a slot of the table stays within 64 bytes.
    private struct Times: BitwiseCopyable {
        var usableUntil: Int64
        var validFrom: Int64
        var isPlain: Bool
        var isRechecked: Bool
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
        if now >= times.usableUntil { return times.isRechecked ? .stale : .expired }
        if now < times.validFrom { return .notYetValid }
        return times.isPlain
            ? .hit(slot: slot, expiresAt: times.usableUntil) : .detailed(slot: slot)
    }

    /// The client's name of a hit, valid until the cache changes; empty where it has none.
    func clientID(_ slot: Int) -> BorrowedBytes { table.text(slot) }

    /// What is known of a detailed entry, valid until the cache changes.
    func details(_ slot: Int) -> TokenDetails { TokenDetails(table.text(slot)) }

    /// Remembers a token that was verified with the key set of the current generation.
    func insert(_ token: BorrowedBytes, _ entry: TokenEntry) {
        let text = entry.isPlain ? entry.clientID : TokenDetails.encoded(entry)
        let times = Times(
            usableUntil: entry.usableUntil, validFrom: entry.validFrom, isPlain: entry.isPlain,
            isRechecked: entry.recheckAt != .max)
        text.withBorrowedBytes { table.insert(token, times, text: $0) }
    }

    /// Forgets everything: the key set changed, so what was verified with the old one is void.
    mutating func reset(generation: UInt64) {
        self.generation = generation
        table.removeAll()
    }
}

/// What a cache holds of an entry that is not plain, read in place: an expiry of 8 octets, a flag,
/// then texts, each behind its length of 4 octets.
struct TokenDetails {
    /// As ``TokenEntry/expiresAt``: unlike the time of the next question it ends streams.
    let expiresAt: Int64
    let lacksScopes: Bool
    private let texts: BorrowedBytes

    /// Reads what ``encoded(_:)`` wrote.
    init(_ bytes: BorrowedBytes) {
        expiresAt = Int64(bitPattern: Self.number(bytes, at: 0, count: 8))
        lacksScopes = bytes.count > 8 && bytes[8] != 0
        texts = bytes.count > 9 ? bytes.slice(9..<bytes.count) : BorrowedBytes()
    }

    /// The client's name for the access log.
    var clientID: BorrowedBytes { text(0) }
    /// The value of the upstream's `Authorization`; empty for none.
    var credential: BorrowedBytes { text(1) }
    /// A part of the identity; empty where it is absent.
    subscript(_ part: IdentityPart) -> BorrowedBytes { text(2 + part.rawValue) }

    private func text(_ index: Int) -> BorrowedBytes {
        var at = 0
        for _ in 0..<index { at += 4 + Int(Self.number(texts, at: at, count: 4)) }
        let count = Int(Self.number(texts, at: at, count: 4))
        guard at + 4 + count <= texts.count else { return BorrowedBytes() }
        return texts.slice(at + 4..<at + 4 + count)
    }

    /// A number, its lowest octet first; 0 beyond the end.
    private static func number(_ bytes: BorrowedBytes, at start: Int, count: Int) -> UInt64 {
        guard start + count <= bytes.count else { return 0 }
        return (0..<count).reversed().reduce(0) { $0 << 8 | UInt64(bytes[start + $1]) }
    }

    /// The octets of an entry.
    static func encoded(_ entry: TokenEntry) -> [UInt8] {
        var result: [UInt8] = []
        func add(_ number: UInt64, _ count: Int) {
            for at in 0..<count {
                result.append(UInt8(truncatingIfNeeded: number >> (8 * UInt64(at))))
            }
        }
        add(UInt64(bitPattern: entry.expiresAt), 8)
        add(entry.lacksScopes ? 1 : 0, 1)
        let identity = IdentityPart.allCases.map { entry.identity[$0] }
        for text in [entry.clientID, entry.credential] + identity {
            add(UInt64(text.count), 4)
            result += text
        }
        return result
    }
}
