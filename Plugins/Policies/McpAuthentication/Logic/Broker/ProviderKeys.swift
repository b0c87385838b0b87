import GatehouseJOSE
import Synchronization

/// The provider's key set, by which broker delivery verifies ID tokens: fetched when the first one
/// comes, and again when a token names a key that is not in it. [any]; under a lock that is held
/// for a comparison.
final class ProviderKeys: Sendable {
    private struct State {
        var set: KeySet?
        /// Seconds since 1970.
        var fetched: Int64?
        var asked: Int64?
    }

    /// Seconds for which a fetched set is used.
    static let life: Int64 = 3600
    /// Seconds between two fetches for a key that is not in the set (G96).
    static let interval: Int64 = 30

    private let state: Mutex<State>
    private let isFixed: Bool

    /// - Parameter fixed: a set that stands in the configuration and is never fetched.
    init(fixed: KeySet? = nil) {
        state = Mutex(State(set: fixed))
        isFixed = fixed != nil
    }

    /// The set, where it is recent enough.
    func current(now: Int64) -> KeySet? {
        state.withLock { state in
            isFixed || Self.isRecent(state.fetched, now, Self.life) ? state.set : nil
        }
    }

    /// Whether a set may be fetched now: it was not for a while, or there is none.
    func mayFetch(now: Int64) -> Bool {
        guard !isFixed else { return false }
        return state.withLock { state in
            guard !Self.isRecent(state.asked, now, Self.interval) || state.set == nil else {
                return false
            }
            state.asked = now
            return true
        }
    }

    /// A clock that was set back makes nothing recent.
    private static func isRecent(_ time: Int64?, _ now: Int64, _ span: Int64) -> Bool {
        guard let time, now >= time else { return false }
        return now < time + span
    }

    /// Takes a fetched document; false where it has no key that can be used.
    func take(_ document: [UInt8], now: Int64) -> Bool {
        guard let set = try? KeySet(parsing: document), !set.keys.isEmpty else { return false }
        state.withLock { $0 = State(set: set, fetched: now, asked: now) }
        return true
    }
}
