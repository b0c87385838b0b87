/// When a fetched document is fetched again: a state machine without clock and without network.
///
/// It serves the key set and the issuer's metadata. The shell tells it what happened and does
/// what it answers. Times are milliseconds of a monotonic clock.
struct RefreshState: Sendable, Equatable {
    /// The bounds of the schedule.
    struct Policy: Sendable, Equatable {
        /// Fresh for so long where the answer does not say.
        var usualLife: Int64 = 15 * 60_000
        /// Never asked again sooner than this after a success.
        var shortestLife: Int64 = 60_000
        /// Asked again after this at the latest.
        var longestLife: Int64 = 24 * 3_600_000
        /// The wait after the first failure; it doubles with each further one.
        var firstRetry: Int64 = 500
        /// The longest wait between retries.
        var longestRetry: Int64 = 60_000
        /// At most one demanded fetch in this time (G96).
        var demandInterval: Int64 = 30_000
        /// How long past its freshness a document is still served while fetches fail.
        var staleLife: Int64 = 24 * 3_600_000
    }

    /// What happened.
    enum Event: Sendable, Equatable {
        /// The instance was created.
        case started
        /// The timer that was asked for ran out.
        case timer
        /// Somebody needs a newer document: an unknown key, or there is none yet.
        case demanded
        /// A good document came, fresh for so many seconds where it says so.
        case succeeded(freshness: Int64?)
        /// None came, or it is unusable.
        case failed
    }

    /// What is to be done.
    enum Action: Sendable, Equatable {
        /// Begin a fetch.
        case fetch
        /// Come back with ``Event/timer`` after so many milliseconds; replaces an earlier one.
        case wake(after: Int64)
        /// The document is too old to be served any longer.
        case drop
        /// Wake whoever waits: the outcome is known.
        case settle
    }

    private let policy: Policy
    /// Whether a fetch is under way.
    private(set) var isFetching = false
    private(set) var failures = 0
    private var hasDocument = false
    private var freshUntil: Int64 = 0
    private var lastDemand: Int64?
    private var dueAt: Int64 = 0

    init(_ policy: Policy = Policy()) { self.policy = policy }

    /// The answer to an event at `now`.
    ///
    /// - Parameter jitter: 0 to 1, random: replicas do not ask in the same second.
    mutating func handle(_ event: Event, now: Int64, jitter: Double) -> [Action] {
        switch event {
        case .started: return begin(now)
        case .timer: return timer(now)
        case .demanded: return demanded(now)
        case .succeeded(let freshness): return succeeded(freshness, now, jitter)
        case .failed: return failed(now, jitter)
        }
    }

    /// Whether a demand at `now` would lead to a fetch or wait for one.
    func acceptsDemand(at now: Int64) -> Bool {
        if isFetching { return true }
        guard let lastDemand else { return true }
        return now - lastDemand >= (hasDocument ? policy.demandInterval : policy.firstRetry)
    }

    private mutating func begin(_ now: Int64) -> [Action] {
        guard !isFetching else { return [] }
        isFetching = true
        return [.fetch]
    }

    private mutating func timer(_ now: Int64) -> [Action] {
        if isFetching { return [] }
        // A timer that was replaced may still ring: the due time decides.
        return now >= dueAt ? begin(now) : [.wake(after: dueAt - now)]
    }

    private mutating func demanded(_ now: Int64) -> [Action] {
        if isFetching { return [] }
        guard acceptsDemand(at: now) else { return [.settle] }
        lastDemand = now
        return begin(now)
    }

    private mutating func succeeded(
        _ freshness: Int64?, _ now: Int64, _ jitter: Double
    ) -> [Action] {
        isFetching = false
        failures = 0
        hasDocument = true
        let stated = freshness.map { min($0, policy.longestLife / 1000) * 1000 }
        let life = min(max(stated ?? policy.usualLife, policy.shortestLife), policy.longestLife)
        freshUntil = now + life
        // Up to a tenth earlier, so that it is never served stale without need.
        let wait = life - Int64(Double(life) / 10 * clamped(jitter))
        dueAt = now + wait
        return [.settle, .wake(after: wait)]
    }

    private mutating func failed(_ now: Int64, _ jitter: Double) -> [Action] {
        isFetching = false
        failures = min(failures + 1, 30)
        let doubled = policy.firstRetry << Int64(min(failures - 1, 20))
        let base = min(doubled, policy.longestRetry)
        let wait = base + Int64(Double(base) / 2 * clamped(jitter))
        dueAt = now + wait
        var actions: [Action] = [.settle]
        if hasDocument, now >= freshUntil + policy.staleLife {
            hasDocument = false
            actions.append(.drop)
        }
        return actions + [.wake(after: wait)]
    }

    private func clamped(_ jitter: Double) -> Double {
        jitter.isFinite ? min(max(jitter, 0), 1) : 0
    }
}
