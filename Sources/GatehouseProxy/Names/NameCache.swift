import GatehouseHTTP

/// Resolved names and their ages: a pure value. Nanoseconds of the monotonic clock.
struct NameCache {
    struct Entry {
        var addresses: [IPAddress]
        var resolvedNs: UInt64
        var usedNs: UInt64
    }

    private var entries: [String: Entry] = [:]

    /// What is known of a name. Without addresses: it has none, and was asked for just now.
    enum Known: Equatable {
        /// Good as it is.
        case fresh([IPAddress])
        /// Good for now, and to be asked for again meanwhile.
        case stale([IPAddress])
        case nothing
    }

    mutating func look(up name: String, nowNs: UInt64) -> Known {
        guard let entry = entries[name] else { return .nothing }
        entries[name]?.usedNs = nowNs
        let ageMs = (nowNs &- min(entry.resolvedNs, nowNs)) / 1_000_000
        if entry.addresses.isEmpty {
            return ageMs < UInt64(ProxyLimits.unresolvedNameMs) ? .fresh([]) : .nothing
        }
        if ageMs < UInt64(ProxyLimits.resolvedNameMs) { return .fresh(entry.addresses) }
        return ageMs < UInt64(ProxyLimits.staleNameMs) ? .stale(entry.addresses) : .nothing
    }

    /// Takes an answer; an empty one leaves the last good addresses as they are, and they count
    /// as just asked for, so that a resolver in trouble is not asked for every connection.
    /// - Returns: what to use now; empty where there never was a good answer.
    mutating func answered(
        _ name: String, _ addresses: [IPAddress], nowNs: UInt64
    ) -> [IPAddress] {
        makeRoom(for: name)
        let usable = addresses.isEmpty ? entries[name]?.addresses ?? [] : addresses
        entries[name] = Entry(addresses: usable, resolvedNs: nowNs, usedNs: nowNs)
        return usable
    }

    private mutating func makeRoom(for name: String) {
        guard entries[name] == nil, entries.count >= ProxyLimits.resolvedNamesMax else { return }
        if let oldest = entries.min(by: { $0.value.usedNs < $1.value.usedNs })?.key {
            entries[oldest] = nil
        }
    }
}
