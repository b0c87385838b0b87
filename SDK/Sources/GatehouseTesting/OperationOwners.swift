internal import Synchronization

/// Which host an operation belongs to: `complete` and `notify` are given nothing else.
enum OperationOwners {
    private struct Owner: @unchecked Sendable {
        weak var host: MemoryHost?
    }

    private static let state = Mutex<(next: UInt64, owners: [UInt64: Owner])>((1 << 32, [:]))

    /// A new operation of a host; its number is never used again.
    static func add(_ host: MemoryHost) -> UInt64 {
        state.withLock { state in
            state.next += 1
            state.owners[state.next] = Owner(host: host)
            return state.next
        }
    }

    static func host(of operation: UInt64) -> MemoryHost? {
        state.withLock { $0.owners[operation] }?.host
    }
}
