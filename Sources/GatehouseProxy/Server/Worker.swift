import GatehouseHTTP
import GatehousePluginHost
import NIOCore
import NIOPosix
import Synchronization

/// What one event loop has: connections, upstream pools, timers, scratch buffers, plugins.
///
/// Confined to its loop, except where said; nothing of it is shared with another loop.
final class Worker: @unchecked Sendable {
    // Safety: every member is used on `loop` only; what may be called from elsewhere goes through
    // `loop.execute`.

    let loop: any EventLoop
    let number: Int
    let clock: any HostClock
    let resolver: Resolver
    let tls: TLSContexts
    let observer: (any ExchangeObserver)?
    let limits: ServerLimits
    let counters: Counters
    let budget: ConnectionBudget
    let memory: MemoryPressure
    private(set) var snapshot: ProxySnapshot
    /// The plugins' home; nil where the server runs without plugins.
    var host: LoopHost?
    /// Told by the first loop when the wall clock was set, by so many nanoseconds.
    var clockStepped: (@Sendable (Int64) -> Void)?

    /// The monotonic clock, read once an event; nanoseconds.
    private(set) var nowNs: UInt64
    /// Unix time minus monotonic time, taken anew with each sweep.
    private var unixOffsetNs: Int64 = 0
    /// The value of Date, made once a second.
    private(set) var date: [UInt8] = []
    private var dateSecond: Int64 = -1

    /// No bytes. A loop's own: the empty buffer of `ByteBuffer()` is one object for all threads,
    /// whose reference count they would fight for.
    let none = ByteBufferAllocator().buffer(capacity: 16)
    /// Scratch for what goes to upstreams and to clients; freed with the worker.
    let upstreamOut = SendBuffer()
    let downstreamOut = SendBuffer()

    /// Our name in Via.
    let pseudonym = Pseudonym.bytes

    private(set) var isDraining = false
    /// Whether connections close behind their response.
    @inline(__always)
    var isClosing: Bool { isDraining || memory.isClosing }
    private var isStopped = false
    /// Everything is being closed: no connection is begun.
    private(set) var isEnding = false
    private(set) var connections: [DownstreamConnection] = []
    private var spare: [Exchange] = []
    private var pools: [UpstreamKey: UpstreamPool] = [:]
    private var lastPool: (upstream: Upstream, pool: UpstreamPool)?
    private var balances: [ObjectIdentifier: RouteBalance] = [:]
    private var timers = TimerQueue()
    private var wakeNs: UInt64?
    private var sweeping: RepeatedTask?
    private var hostTimers: [UInt64: UInt64] = [:]
    var fetches: [UInt64: Fetch] = [:]
    private var lastFetch: UInt64 = 0
    private var exchanges: UInt64 = 0
    /// Called once when the last connection has gone while draining.
    var whenIdle: (() -> Void)?

    init(
        loop: any EventLoop, number: Int, snapshot: ProxySnapshot, clock: any HostClock,
        resolver: Resolver, tls: TLSContexts, observer: (any ExchangeObserver)?,
        options: ServerOptions, counters: Counters
    ) {
        self.loop = loop
        self.number = number
        self.snapshot = snapshot
        self.clock = clock
        self.resolver = resolver
        self.tls = tls
        self.observer = observer
        limits = options.limits
        budget = options.connections
        memory = options.memory
        self.counters = counters
        nowNs = clock.monotonicNs()
        counters.set(CounterLayout.sweptNs, nowNs)
        readClock()
    }

    deinit {
        upstreamOut.free()
        downstreamOut.free()
    }

    // MARK: Time

    /// Reads the clock; at the start of every event.
    @inline(__always)
    func touch() { nowNs = clock.monotonicNs() }

    /// Nanoseconds since the epoch, at the time of this event.
    var unixNs: Int64 { Int64(truncatingIfNeeded: nowNs) &+ unixOffsetNs }

    /// The time so many milliseconds from now; 0 milliseconds: never.
    @inline(__always)
    func after(_ ms: UInt32) -> UInt64 { ms == 0 ? .max : nowNs &+ UInt64(ms) &* 1_000_000 }

    private func readClock() {
        touch()
        let offset = clock.unixNs() &- Int64(truncatingIfNeeded: nowNs)
        let step = offset &- unixOffsetNs
        if number == 0, unixOffsetNs != 0, step.magnitude >= ProxyLimits.clockStepNs {
            clockStepped?(step)
        }
        unixOffsetNs = offset
        let second = unixNs / 1_000_000_000
        guard second != dateSecond else { return }
        dateSecond = second
        date = HTTPDate.format(secondsSince1970: second)
    }

    /// Looks at the deadlines of all connections, ages of pools, and the date.
    func sweep() {
        readClock()
        if memory.isClosing { closeIdle() }
        for connection in connections where connection.deadlineNs <= nowNs {
            connection.deadlineReached()
        }
        for pool in pools.values { pool.sweep(nowNs: nowNs) }
        runTimers()
        showPools()
    }

    /// Sets the numbers that go up and down with the pools, and the time of this look.
    func showPools() {
        counters.set(CounterLayout.sweptNs, nowNs)
        var fetches = PoolState()
        for pool in pools.values {
            pool.showRequests()
            if pool.row == 0 {
                fetches.add(pool.state)
            } else {
                pool.state.show(counters, pool.row)
            }
        }
        fetches.show(counters, 0)
    }

    /// Starts sweeping; with a manual clock whoever advances it calls `sweep`.
    func start() {
        guard clock.isReal else { return }
        let every = TimeAmount.milliseconds(Int64(ProxyLimits.sweepMs))
        sweeping = loop.scheduleRepeatedTask(initialDelay: every, delay: every) { [self] _ in
            sweep()
        }
    }

    func startTimer(afterMs: UInt32, _ task: @escaping () -> Void) -> UInt64 {
        let id = timers.start(atNs: clock.monotonicNs() &+ UInt64(afterMs) &* 1_000_000, task)
        scheduleWake()
        return id
    }

    func cancelTimer(task id: UInt64) { timers.cancel(id) }

    private func scheduleWake() {
        guard clock.isReal, let next = timers.earliestNs, next < wakeNs ?? .max else { return }
        wakeNs = next
        let now = clock.monotonicNs()
        let delay = Int64(clamping: next > now ? next - now : 0)
        loop.scheduleTask(in: .nanoseconds(delay)) { [self] in wake(next) }
    }

    private func wake(_ scheduled: UInt64) {
        if wakeNs == scheduled { wakeNs = nil }
        touch()
        runTimers()
    }

    private func runTimers() {
        while let task = timers.takeDue(nowNs: nowNs) { task() }
        scheduleWake()
    }

    // MARK: Connections and exchanges

    func opened(_ connection: DownstreamConnection) {
        connection.position = connections.count
        connections.append(connection)
        counters.add(CounterLayout.connectionsAccepted)
        counters.add(CounterLayout.connectionsOpen)
    }

    func closed(_ connection: DownstreamConnection) {
        let at = connection.position
        guard at < connections.count, connections[at] === connection else { return }
        counters.subtract(CounterLayout.connectionsOpen)
        let last = connections.removeLast()
        if last !== connection {
            connections[at] = last
            last.position = at
        }
        if connections.isEmpty, isDraining { idle() }
    }

    /// An exchange object for a connection: one that was used before, or a new one.
    func takeExchange() -> Exchange { spare.popLast() ?? Exchange(worker: self) }

    func giveBack(_ exchange: consuming Exchange) {
        guard spare.count < 256, !isStopped else { return }
        spare.append(exchange)
    }

    /// A number for an exchange: the loop's in the high bits.
    func nextExchangeNumber() -> UInt64 {
        exchanges &+= 1
        return UInt64(number) << 48 | exchanges & 0xFFFF_FFFF_FFFF
    }

    // MARK: Upstreams

    func pool(for upstream: Upstream) -> UpstreamPool {
        if let lastPool, lastPool.upstream === upstream { return lastPool.pool }
        let found = pool(for: upstream.key)
        found.row = upstream.row.load(ordering: .relaxed)
        lastPool = (upstream, found)
        return found
    }

    func pool(for key: UpstreamKey) -> UpstreamPool {
        if let known = pools[key] { return known }
        if pools.count >= ProxyLimits.resolvedNamesMax {
            for (key, pool) in pools where pool.isUnused {
                pool.showRequests()
                if pool.row != 0 { PoolState().show(counters, pool.row) }
                pools[key] = nil
            }
            lastPool = nil
            balances = [:]
        }
        let made = UpstreamPool(key: key, worker: self)
        pools[key] = made
        return made
    }

    /// The choice among the upstreams of a route that has several.
    func balance(for route: Route) -> RouteBalance {
        if let known = balances[ObjectIdentifier(route)] { return known }
        let made = RouteBalance(route, worker: self)
        balances[ObjectIdentifier(route)] = made
        return made
    }

    // MARK: Life

    func adopt(_ snapshot: ProxySnapshot) {
        self.snapshot = snapshot
        lastPool = nil
        balances = [:]
    }

    /// Memory is short: what is kept for later is given up.
    private func closeIdle() {
        for connection in connections { connection.drain() }
        for pool in pools.values { pool.closeIdle() }
    }

    /// No further exchange on a kept connection; running ones finish.
    func drain() {
        isDraining = true
        for connection in connections { connection.drain() }
        for pool in pools.values { pool.closeIdle() }
        if connections.isEmpty { idle() }
    }

    /// Ends what is left.
    func closeAll() {
        isEnding = true
        for connection in connections { connection.abandon() }
        for fetch in Array(fetches.values) { fetch.cancel() }
        for pool in pools.values { pool.closeAll() }
    }

    /// The last act on the loop.
    func stop() {
        closeAll()
        observer?.loopStopped()
        sweeping?.cancel()
        host?.shutdown()
        host = nil
        timers.removeAll()
        // Exchanges and pools refer to the worker: what it keeps for later ends here.
        isStopped = true
        spare = []
        pools = [:]
        balances = [:]
        lastPool = nil
    }

    private func idle() {
        let call = whenIdle
        whenIdle = nil
        call?()
    }
}

// MARK: What plugins get

extension Worker: LoopServices {
    var monotonicNs: UInt64 { nowNs }

    func execute(_ task: @escaping @Sendable () -> Void) {
        loop.execute { [self] in
            touch()
            task()
        }
    }

    func startTimer(_ id: UInt64, afterMs: UInt32) {
        hostTimers[id] = startTimer(afterMs: afterMs) { [self] in
            hostTimers[id] = nil
            host?.timerFired(id)
        }
    }

    func cancelTimer(_ id: UInt64) {
        if let timer = hostTimers.removeValue(forKey: id) { cancelTimer(task: timer) }
    }

    func fetch(
        _ request: FetchRequest, completion: @escaping @Sendable (FetchOutcome) -> Void
    ) -> UInt64 {
        lastFetch &+= 1
        let fetch = Fetch(id: lastFetch, request: request, worker: self, completion: completion)
        fetches[lastFetch] = fetch
        fetch.start()
        return lastFetch
    }

    func cancelFetch(_ id: UInt64) { fetches.removeValue(forKey: id)?.cancel() }
}
