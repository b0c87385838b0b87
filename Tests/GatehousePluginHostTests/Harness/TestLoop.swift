import GatehousePluginHost
import Synchronization

/// An event loop that turns when the test says so.
final class TestLoop: LoopServices {
    struct Fetch: Sendable {
        var id: UInt64
        var request: FetchRequest
        var completion: @Sendable (FetchOutcome) -> Void
    }

    private struct State: Sendable {
        var tasks: [@Sendable () -> Void] = []
        var timers: [UInt64: UInt64] = [:]
        var fetches: [Fetch] = []
        var cancelled: [UInt64] = []
        var lastFetch: UInt64 = 0
    }

    let clock: TestClock
    private let state = Mutex(State())
    nonisolated(unsafe) weak var host: LoopHost?

    init(clock: TestClock) { self.clock = clock }

    var monotonicNs: UInt64 { clock.monotonicNs() }
    var unixNs: Int64 { clock.unixNs() }
    var timerCount: Int { state.withLock { $0.timers.count } }
    var fetches: [Fetch] { state.withLock { $0.fetches } }
    var cancelledFetches: [UInt64] { state.withLock { $0.cancelled } }

    func execute(_ task: @escaping @Sendable () -> Void) {
        state.withLock { $0.tasks.append(task) }
    }

    func startTimer(_ id: UInt64, afterMs: UInt32) {
        let due = clock.monotonicNs() + UInt64(afterMs) * 1_000_000
        state.withLock { $0.timers[id] = due }
    }

    func cancelTimer(_ id: UInt64) { state.withLock { $0.timers[id] = nil } }

    func fetch(
        _ request: FetchRequest, completion: @escaping @Sendable (FetchOutcome) -> Void
    ) -> UInt64 {
        state.withLock { state in
            state.lastFetch += 1
            state.fetches.append(
                Fetch(id: state.lastFetch, request: request, completion: completion))
            return state.lastFetch
        }
    }

    func cancelFetch(_ id: UInt64) {
        state.withLock { state in
            state.cancelled.append(id)
            state.fetches.removeAll { $0.id == id }
        }
    }

    /// Answers the oldest fetch.
    func answerFetch(_ outcome: FetchOutcome) {
        let fetch = state.withLock { state in
            state.fetches.isEmpty ? nil : state.fetches.removeFirst()
        }
        fetch?.completion(outcome)
    }

    /// One turn: due timers, then the tasks that were there. Answers whether anything ran.
    @discardableResult
    func turn() -> Bool {
        let now = clock.monotonicNs()
        let due = state.withLock { state -> [UInt64] in
            let due = state.timers.filter { $0.value <= now }.sorted { $0.value < $1.value }
            for timer in due { state.timers[timer.key] = nil }
            return due.map(\.key)
        }
        for id in due { host?.timerFired(id) }
        let tasks = state.withLock { state in
            defer { state.tasks = [] }
            return state.tasks
        }
        for task in tasks { task() }
        return !due.isEmpty || !tasks.isEmpty
    }

    /// Turns until nothing is left to do.
    func run() {
        while turn() {}
    }
}
