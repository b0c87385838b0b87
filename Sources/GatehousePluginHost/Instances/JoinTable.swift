import Synchronization

/// Who waits under which key of one instance: single flight across all loops.
///
/// **Thread:** any; one lock, taken only by exchanges that have to wait.
final class JoinTable: Sendable {
    /// What came of a join.
    enum Entry {
        case first
        case later
        case full
    }

    private let waiters = Mutex<[[UInt8]: Set<Handle>]>([:])

    /// Waits under a key; the first until it is settled is told so.
    func join(_ key: [UInt8], _ handle: Handle) -> Entry {
        waiters.withLock { waiters in
            guard var waiting = waiters[key] else {
                guard waiters.count < Limits.joinKeysMax else { return .full }
                waiters[key] = [handle]
                return .first
            }
            guard waiting.count < Limits.joinWaitersMax else { return .full }
            waiters[key] = nil
            waiting.insert(handle)
            waiters[key] = waiting
            return .later
        }
    }

    /// A waiter has gone. The key stays taken: whoever was first still works for the others.
    func leave(_ key: [UInt8], _ handle: Handle) {
        waiters.withLock { _ = $0[key]?.remove(handle) }
    }

    /// Ends the flight; nil when nobody ever joined under the key.
    func settle(_ key: [UInt8]) -> Set<Handle>? {
        waiters.withLock { $0.removeValue(forKey: key) }
    }
}
