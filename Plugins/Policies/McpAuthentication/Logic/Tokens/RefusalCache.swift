import GatehousePluginKit

/// Tokens of one loop that were refused a moment ago: a client that repeats a bad token costs a
/// hash, not a signature.
///
/// Only the keyed hash of 64 bits is kept: a collision refuses a good token for a few seconds, at
/// odds of one in 2^64 that nobody can improve without the key. Fixed slots, direct mapped.
struct RefusalCache {
    private struct Slot {
        var hash: UInt64 = 0
        var until: Int64 = .min
        var reason: String = ""
    }

    private var slots: [Slot]
    private let hash: KeyedHash
    /// How long a refusal is remembered, in nanoseconds.
    private let lifetime: Int64
    /// When the last refusal of all is forgotten.
    private var latest: Int64 = .min

    /// - Parameter seconds: how long a refusal is remembered.
    init(capacity: Int = 256, seconds: Int64 = 5, key: (UInt64, UInt64)) {
        var size = 16
        while size < capacity, size < 1 << 16 { size *= 2 }
        slots = Array(repeating: Slot(), count: size)
        hash = KeyedHash(key: key)
        lifetime = seconds * 1_000_000_000
    }

    /// Why `token` was refused, where that is known and recent.
    func reason(_ token: BorrowedBytes, now: Int64) -> String? {
        // Where no refusal is as young as that, nothing need be hashed.
        guard now < latest else { return nil }
        let value = hash(token)
        let slot = slots[Int(truncatingIfNeeded: value) & (slots.count - 1)]
        // Both ends: a clock that was set back must not keep a refusal for longer (F26).
        let isRecent = now < slot.until && now >= slot.until &- lifetime
        return slot.hash == value && isRecent ? slot.reason : nil
    }

    /// Remembers a refusal that does not depend on what a refetched key set may say.
    mutating func insert(_ token: BorrowedBytes, reason: String, now: Int64) {
        let value = hash(token)
        let sum = now.addingReportingOverflow(lifetime)
        let until = sum.overflow ? .max : sum.partialValue
        latest = max(latest, until)
        slots[Int(truncatingIfNeeded: value) & (slots.count - 1)] = Slot(
            hash: value, until: until, reason: reason)
    }

    /// Forgets everything.
    mutating func reset() {
        for at in slots.indices { slots[at] = Slot() }
        latest = .min
    }
}
