import NIOCore

/// The connections of one loop to one upstream: an array that is taken from and put back to.
///
/// Confined to its loop. A reuse costs no future and no look-up; only a connection that is being
/// made has waiters.
final class UpstreamPool {
    enum Acquired {
        case ready(UpstreamConnection)
        /// `upstreamReady` or `upstreamFailed` of the user follows.
        case waiting
        /// The same, and no connection is being made for it: the user limits the time itself.
        case queued
        case failed(UpstreamFailure)
    }

    let key: UpstreamKey
    /// Its row in the counters of the loop; 0: that of all fetches.
    var row = 0
    let worker: Worker
    private var idle: [UpstreamConnection] = []
    private var open: [ObjectIdentifier: UpstreamConnection] = [:]
    private var connecting = 0
    /// First come, first served. Each has a connection that is being made, but for those for which
    /// the bound on connections leaves no room.
    private var waiting = CircularBuffer<UpstreamUser>()
    /// How long a connection may take to be made, as the last user said.
    private var connectMs: UInt32 = 0
    /// What its connects say.
    private(set) var health = UpstreamHealth()
    /// Exchanges and fetches that were to be sent, those sent again included.
    private var requests: UInt64 = 0
    /// Those of them that the metrics have.
    private var shownRequests: UInt64 = 0
    private var staleRetries: RetryBudget
    private var failovers: RetryBudget

    init(key: UpstreamKey, worker: Worker) {
        self.key = key
        self.worker = worker
        staleRetries = RetryBudget(
            first: ProxyLimits.staleRetriesFirst, most: ProxyLimits.staleRetriesMax,
            nowNs: worker.nowNs)
        failovers = RetryBudget(
            first: ProxyLimits.failoversMax, most: ProxyLimits.failoversMax, nowNs: worker.nowNs)
    }

    // MARK: How it is

    /// Users that have a connection or wait for one.
    var pendingCount: Int { open.count - idle.count + waiting.count }

    /// Whether nothing is open and nobody waits.
    var isUnused: Bool { open.isEmpty && connecting == 0 && waiting.isEmpty }

    /// What the pool holds now, for the metrics.
    var state: PoolState {
        PoolState(
            idle: idle.count, active: open.count - idle.count, connecting: connecting,
            pending: waiting.count, ejected: health.isHealthy ? 0 : 1)
    }

    /// Brings the metrics up to date.
    func showRequests() {
        let at = CounterLayout.upstream(row) + UpstreamCounter.requests.rawValue
        worker.counters.add(at, requests &- shownRequests)
        shownRequests = requests
    }

    private func count(_ what: UpstreamCounter) {
        worker.counters.add(CounterLayout.upstream(row) + what.rawValue)
    }

    // MARK: What users do

    /// A connection for a user: the one that was used last, or a new one.
    func acquire(for user: UpstreamUser, connectMs: UInt32, isNew: Bool = false) -> Acquired {
        requests &+= 1
        // What comes back from an ejection has to show that it can be connected to.
        while !isNew, health.isHealthy, let connection = idle.popLast() {
            guard connection.isOpen else { continue }
            connection.begin(for: user)
            return .ready(connection)
        }
        self.connectMs = connectMs
        if hasRoom {
            waiting.append(user)
            connect()
            return .waiting
        }
        guard waiting.count - connecting < worker.limits.pendingPerUpstream else {
            count(.overflows)
            return .failed(.overloaded)
        }
        waiting.append(user)
        return .queued
    }

    private var hasRoom: Bool { open.count + connecting < worker.limits.connectionsPerUpstream }

    private func connect() {
        connecting += 1
        health.connecting(worker.nowNs)
        Connector(pool: self, timeoutMs: connectMs).start()
    }

    /// There is room for another connection: makes one where somebody waits without.
    private func connectMore() {
        if waiting.count > connecting, hasRoom, !worker.isEnding { connect() }
    }

    /// The user does not wait any more; the connection that is being made becomes an idle one.
    func cancel(_ user: UpstreamUser) { waiting.removeAll { $0 === user } }

    /// Takes a connection back whose exchange is complete on both sides.
    func release(_ connection: UpstreamConnection) {
        connection.user = nil
        guard connection.isOpen, !worker.isDraining || !waiting.isEmpty else {
            return connection.close()
        }
        connection.usedBefore += 1
        hand(connection)
    }

    /// Whether an exchange whose kept connection went stale may be sent once more.
    func takeStaleRetry() -> Bool {
        let isAllowed = staleRetries.take(requests: requests, nowNs: worker.nowNs)
        count(isAllowed ? .retries : .retriesDenied)
        return isAllowed
    }

    /// Whether an exchange that got no connection may go to another upstream.
    func takeFailover() -> Bool {
        let isAllowed = failovers.take(requests: requests, nowNs: worker.nowNs)
        count(isAllowed ? .failovers : .retriesDenied)
        return isAllowed
    }

    /// Ejects it; for who has another upstream that is healthy.
    func eject() {
        health.eject(worker.nowNs)
        count(.ejections)
    }

    /// The connection has ended.
    func forget(_ connection: UpstreamConnection) {
        open[ObjectIdentifier(connection)] = nil
        if connection.user == nil { idle.removeAll { $0 === connection } }
        connectMore()
    }

    // MARK: What connectors tell

    func connected(_ connection: UpstreamConnection) {
        connecting -= 1
        count(.connects)
        health.connected()
        connection.pool = self
        open[ObjectIdentifier(connection)] = connection
        hand(connection)
    }

    func connectFailed(_ failure: UpstreamFailure) {
        connecting -= 1
        count(.connectFailures)
        if failure == .exhausted {
            health.connectImpossible()
        } else if health.connectFailed(worker.nowNs) {
            count(.ejections)
        }
        let first = waiting.popFirst()
        connectMore()
        first?.upstreamFailed(failure)
    }

    private func hand(_ connection: UpstreamConnection) {
        if let user = waiting.popFirst() {
            connection.begin(for: user)
            user.upstreamReady(connection)
        } else if idle.count < ProxyLimits.idleConnectionsPerUpstream {
            connection.setReading(true)
            connection.idleSinceNs = worker.nowNs
            idle.append(connection)
        } else {
            connection.close()
        }
    }

    // MARK: Age

    /// Closes what has been idle for too long; the oldest lie at the front.
    func sweep(nowNs: UInt64) {
        guard worker.limits.upstreamIdleMs > 0 else { return }
        let limit = UInt64(worker.limits.upstreamIdleMs) * 1_000_000
        let old = idle.prefix { nowNs &- $0.idleSinceNs >= limit && nowNs > $0.idleSinceNs }
        guard !old.isEmpty else { return }
        let closing = Array(old)
        idle.removeFirst(closing.count)
        for connection in closing { connection.close() }
    }

    func closeIdle() {
        let closing = idle
        idle = []
        for connection in closing { connection.close() }
    }

    func closeAll() {
        for connection in Array(open.values) { connection.close() }
        idle = []
    }
}

/// What pools hold at one moment.
struct PoolState {
    var idle = 0
    var active = 0
    var connecting = 0
    var pending = 0
    var ejected = 0

    mutating func add(_ other: PoolState) {
        idle += other.idle
        active += other.active
        connecting += other.connecting
        pending += other.pending
        ejected += other.ejected
    }

    /// Sets the numbers of a row.
    func show(_ counters: Counters, _ row: Int) {
        let at = CounterLayout.upstream(row)
        counters.set(at + UpstreamCounter.idle.rawValue, UInt64(clamping: idle))
        counters.set(at + UpstreamCounter.active.rawValue, UInt64(clamping: active))
        counters.set(at + UpstreamCounter.connecting.rawValue, UInt64(clamping: connecting))
        counters.set(at + UpstreamCounter.pending.rawValue, UInt64(clamping: pending))
        counters.set(at + UpstreamCounter.ejected.rawValue, UInt64(clamping: ejected))
    }
}
