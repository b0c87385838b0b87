import Synchronization

/// At most so many events of one address in a minute (G65, G120). [any]; under a lock that only
/// the OAuth endpoints take.
///
/// Bounded: beyond ``bound`` addresses the oldest window is forgotten.
final class RateLimiter: Sendable {
    private struct Window {
        var start: Int64
        var count: Int
    }

    private struct State {
        var windows: [String: Window] = [:]
    }

    static let bound = 10_000
    private static let length: Int64 = 60_000

    private let most: Int
    private let state = Mutex(State())

    init(perMinute: Int) { most = perMinute }

    /// Counts an event; the seconds to wait where there were too many.
    ///
    /// - Parameter now: milliseconds of a clock that never goes back.
    func refusal(of address: String, now: Int64) -> Int? {
        let key = Self.network(of: address)
        return state.withLock { state in
            var window = state.windows[key] ?? Window(start: now, count: 0)
            if now - window.start >= Self.length { window = Window(start: now, count: 0) }
            guard window.count < most else {
                return Int((Self.length - (now - window.start) + 999) / 1000)
            }
            window.count += 1
            if state.windows[key] == nil, state.windows.count >= Self.bound {
                Self.forget(&state.windows, now: now)
            }
            state.windows[key] = window
            return nil
        }
    }

    private static func forget(_ windows: inout [String: Window], now: Int64) {
        windows = windows.filter { now - $0.value.start < length }
        guard windows.count >= bound else { return }
        let oldest = windows.sorted { $0.value.start < $1.value.start }.prefix(bound / 10)
        for entry in oldest { windows[entry.key] = nil }
    }

    /// An IPv4 address as it is; of an IPv6 address its first four groups, because one host has
    /// all that follow.
    private static func network(of address: String) -> String {
        guard address.contains(":") else { return address }
        if let mapped = address.lastIndex(of: ":"), address.contains(".") {
            return String(address[address.index(after: mapped)...])
        }
        var groups = address.split(separator: ":", omittingEmptySubsequences: false)
        // `::` stands for as many zeros as are missing: without them a host's own bits would count.
        if address.hasPrefix("::") { groups.removeFirst() }
        if address.hasSuffix("::") { groups.removeLast() }
        if let gap = groups.firstIndex(of: "") {
            let zeros = Array(repeating: Substring("0"), count: max(0, 9 - groups.count))
            groups.replaceSubrange(gap...gap, with: zeros)
        }
        return groups.prefix(4).joined(separator: ":")
    }
}
