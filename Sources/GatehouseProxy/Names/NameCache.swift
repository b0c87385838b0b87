import GatehouseHTTP

/// Resolved names and their ages: a pure value. Nanoseconds of the monotonic clock.
struct NameCache {
    struct Entry {
        var addresses: [IPAddress]
        var resolvedNs: UInt64
        var usedNs: UInt64
    }

    private var entries: [String: Entry] = [:]

    /// The addresses of a name that was resolved less than 30 s ago.
    mutating func fresh(_ name: String, nowNs: UInt64) -> [IPAddress]? {
        guard let entry = entries[name] else { return nil }
        entries[name]?.usedNs = nowNs
        let age = nowNs &- min(entry.resolvedNs, nowNs)
        return age < UInt64(ProxyLimits.resolvedNameMs) * 1_000_000 ? entry.addresses : nil
    }

    /// Takes an answer; an empty one leaves the last good addresses as they are, and they count
    /// as just asked for, so that a resolver in trouble is not asked for every connection.
    /// - Returns: what to use now; empty where there never was a good answer.
    mutating func answered(
        _ name: String, _ addresses: [IPAddress], nowNs: UInt64
    ) -> [IPAddress] {
        guard addresses.isEmpty else {
            makeRoom(for: name)
            entries[name] = Entry(addresses: addresses, resolvedNs: nowNs, usedNs: nowNs)
            return addresses
        }
        entries[name]?.resolvedNs = nowNs
        return entries[name]?.addresses ?? []
    }

    private mutating func makeRoom(for name: String) {
        guard entries[name] == nil, entries.count >= ProxyLimits.resolvedNamesMax else { return }
        if let oldest = entries.min(by: { $0.value.usedNs < $1.value.usedNs })?.key {
            entries[oldest] = nil
        }
    }
}
