import GatehouseHTTP

/// Happy Eyeballs (RFC 8305) as a pure value: events in, actions out.
///
/// Attempts start in the order of §4, one every 250 ms, or at once when the last one failed. The
/// first that connects wins; the others are dropped.
struct ConnectionRace {
    enum Action: Equatable {
        /// Connect to this address; answer with `failed` or `connected` under the same number.
        case start(Int)
        /// Call `timerFired` after `ProxyLimits.attemptDelayMs`; replaces an earlier timer.
        case startTimer
        /// All attempts have failed.
        case fail
    }

    let addresses: [IPAddress]
    private var next = 0
    private var running = 0
    private var isOver = false

    /// A race over addresses in the order of preference that the resolver gave.
    init(_ addresses: [IPAddress]) {
        self.addresses = Self.interleaved(addresses)
    }

    /// The families in turn, that of the first address first (RFC 8305 §4).
    static func interleaved(_ addresses: [IPAddress]) -> [IPAddress] {
        guard let first = addresses.first else { return [] }
        let same = addresses.filter { $0.isV4 == first.isV4 }
        let other = addresses.filter { $0.isV4 != first.isV4 }
        var result: [IPAddress] = []
        for at in 0..<max(same.count, other.count) {
            if at < same.count { result.append(same[at]) }
            if at < other.count { result.append(other[at]) }
        }
        return result
    }

    mutating func begin() -> [Action] { advance() }

    mutating func timerFired() -> [Action] { isOver || next >= addresses.count ? [] : advance() }

    mutating func failed() -> [Action] {
        running -= 1
        guard !isOver else { return [] }
        if next < addresses.count { return advance() }
        guard running == 0 else { return [] }
        isOver = true
        return [.fail]
    }

    /// Whether this attempt is the one to keep.
    mutating func connected() -> Bool {
        running -= 1
        guard !isOver else { return false }
        isOver = true
        return true
    }

    /// Nobody waits any more: whatever connects now is dropped.
    mutating func cancel() { isOver = true }

    private mutating func advance() -> [Action] {
        guard next < addresses.count else {
            isOver = true
            return [.fail]
        }
        let number = next
        next += 1
        running += 1
        return next < addresses.count ? [.start(number), .startTimer] : [.start(number)]
    }
}
