import Synchronization

/// What reaches a loop from elsewhere, in order: completions, broadcasts, tasks of the host.
///
/// **Thread:** any. Bounded by `Limits.inboxEntriesMax`; a turn delivers at most
/// `Limits.deliveriesPerTurn`.
final class LoopMailbox: Sendable {
    /// One thing to deliver.
    enum Entry: Sendable {
        case completion(Handle, OperationOutcome)
        case ring(Handle)
        case broadcast(Broadcast)
        case task(@Sendable (LoopHost) -> Void)
    }

    private struct State {
        var entries: [Entry] = []
        var next = 0
        var rung: Set<Handle> = []
        var isScheduled = false
        var isClosed = false
        var waiting: Int { entries.count - next }
    }

    private let state = Mutex(State())
    private let services: any LoopServices
    // Safety: written and read on the loop's thread only.
    nonisolated(unsafe) var loop: Unmanaged<LoopHost>?

    init(services: any LoopServices) { self.services = services }

    /// Puts something in; what is the host's own (`isBounded` false) is always taken.
    func post(_ entry: Entry, isBounded: Bool = true) -> PostResult {
        let (result, wakes) = state.withLock { state -> (PostResult, Bool) in
            guard !state.isClosed else { return (.closed, false) }
            if isBounded, state.waiting >= Limits.inboxEntriesMax { return (.full, false) }
            if case .ring(let handle) = entry, !state.rung.insert(handle).inserted {
                return (.taken, false)
            }
            state.entries.append(entry)
            defer { state.isScheduled = true }
            return (.taken, !state.isScheduled)
        }
        if wakes { wake() }
        return result
    }

    /// What came of a post.
    enum PostResult {
        case taken
        case full
        case closed
    }

    private func wake() {
        services.execute { [self] in
            loop?.takeUnretainedValue().deliverMail()
        }
    }

    /// The next entry; nil when the box is empty, and then the next post wakes the loop.
    func take() -> Entry? {
        state.withLock { state in
            guard state.next < state.entries.count else {
                state.entries.removeAll(keepingCapacity: state.entries.count <= 1_024)
                state.next = 0
                state.isScheduled = false
                return nil
            }
            let entry = state.entries[state.next]
            state.next += 1
            if case .ring(let handle) = entry { state.rung.remove(handle) }
            return entry
        }
    }

    /// More is waiting after a full turn: another turn follows. **Thread:** the loop.
    func continueLater() { wake() }

    /// Takes nothing any more; what waits is returned, for the host's own tasks.
    func close() -> [Entry] {
        state.withLock { state in
            state.isClosed = true
            defer {
                state.entries = []
                state.next = 0
            }
            return Array(state.entries[state.next...])
        }
    }
}
