import Synchronization

/// How many client connections the process takes, over all loops. **Thread:** any.
///
/// It is asked once for a connection, never for a request.
public final class ConnectionBudget: Sendable {
    /// What becomes of a new connection.
    enum Admission {
        /// It is served.
        case serve
        /// It is told that there is no room.
        case refuse
        /// Too many are being told already: it is closed.
        case drop
    }

    private let served = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)
    private let servedMax: Atomic<Int>

    /// A budget of so many connections, 1 or more.
    public init(_ most: Int) { servedMax = Atomic(max(1, most)) }

    /// The connections that are served at one time.
    public var most: Int { servedMax.load(ordering: .relaxed) }

    /// Changes the bound; connections that are open stay.
    public func limit(to most: Int) { servedMax.store(max(1, most), ordering: .relaxed) }

    /// Those that may be told at one time, beside those that are served.
    var refusedMost: Int { min(ProxyLimits.refusalsAtOnce, max(1, most / 4)) }

    /// Whether a new connection could not even be told.
    var isExhausted: Bool {
        served.load(ordering: .relaxed) >= most && refused.load(ordering: .relaxed) >= refusedMost
    }

    /// Decides about a new connection and counts it; `drop` is not counted.
    func admit() -> Admission {
        if served.add(1, ordering: .relaxed).newValue <= most { return .serve }
        served.subtract(1, ordering: .relaxed)
        if refused.add(1, ordering: .relaxed).newValue <= refusedMost { return .refuse }
        refused.subtract(1, ordering: .relaxed)
        return .drop
    }

    /// A connection that was admitted so has ended.
    func release(_ admission: Admission) {
        switch admission {
        case .serve: served.subtract(1, ordering: .relaxed)
        case .refuse: refused.subtract(1, ordering: .relaxed)
        case .drop: break
        }
    }
}
