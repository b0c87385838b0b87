public import GatehousePluginHost
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// What the server needs beside a snapshot.
public struct ServerOptions: Sendable {
    /// Event loops; each has a listener of its own for every address.
    public var threads = 1
    /// Bounds of the whole server.
    public var limits = ServerLimits()
    /// The client connections of the process.
    public var connections = ConnectionBudget(ProxyLimits.connections)
    /// How near the process is to its bound of memory.
    public var memory = MemoryPressure()
    /// The clock of every timer and age; with a manual one, call `clockAdvanced`.
    public var clock: any HostClock = SystemClock()
    /// The plugins' host; nil: no route has policies.
    public var pluginHost: PluginHost?
    /// Makes the observer of one loop, on that loop's thread; nil: nothing is recorded.
    public var observer: (@Sendable (_ loop: Int) -> any ExchangeObserver)?
    /// Told, on a loop's thread, that the wall clock was set by so many nanoseconds, 1 s or more.
    public var clockStepped: (@Sendable (_ nanoseconds: Int64) -> Void)?

    /// One thread, the defaults.
    public init() {}
}

/// Why the server could not start.
public enum StartFailure: Error, Sendable, CustomStringConvertible {
    /// An address cannot be bound.
    case cannotBind(ListenAddress, reason: String)
    /// The loops or the plugins on them cannot be started.
    case cannotStart(String)

    /// One sentence.
    public var description: String {
        switch self {
        case .cannotBind(let address, let reason): "cannot listen on \(address): \(reason)"
        case .cannotStart(let reason): reason
        }
    }
}

/// The proxy: event loops, listeners, and what they serve. **Thread:** any but a loop's.
public final class ProxyServer: Sendable {
    /// The addresses that are bound, in the order of the snapshot's listeners; ports that the
    /// kernel chose are filled in.
    public let addresses: [ListenAddress]

    let workers: [Worker]
    private let group: MultiThreadedEventLoopGroup
    private let resolver: Resolver
    private let tls: TLSContexts
    private let metrics: ServerMetrics
    private let listeners: Mutex<[any Channel]>
    private let isShutDown = Mutex(false)

    /// Starts loops, plugins on the loops, and listeners; returns when connections are accepted.
    ///
    /// Blocks until then. On a failure everything that was started is stopped again.
    public static func start(
        _ snapshot: ProxySnapshot, options: ServerOptions = ServerOptions()
    ) throws(StartFailure) -> ProxyServer {
        try ServerStart(snapshot, options).run()
    }

    init(
        addresses: [ListenAddress], workers: [Worker], group: MultiThreadedEventLoopGroup,
        resolver: Resolver, tls: TLSContexts, metrics: ServerMetrics,
        listeners: [any Channel]
    ) {
        self.addresses = addresses
        self.workers = workers
        self.group = group
        self.resolver = resolver
        self.tls = tls
        self.metrics = metrics
        self.listeners = Mutex(listeners)
    }

    /// Makes a snapshot the current one: requests whose head is complete after its arrival on their
    /// loop are served by it. Its listeners must have the addresses of the first.
    public func publish(_ snapshot: ProxySnapshot) {
        tls.prepare(snapshot)
        metrics.assignRows(snapshot)
        for worker in workers { worker.loop.execute { worker.adopt(snapshot) } }
    }

    /// A manual clock was advanced: deadlines that are due now are kept. Returns when every loop
    /// has looked.
    public func clockAdvanced() {
        for worker in workers {
            try? worker.loop.submit { worker.sweep() }.wait()
        }
    }

    /// Listening sockets that do not accept any more, though nobody stopped them.
    public var closedListeners: Int {
        listeners.withLock { listeners in listeners.count { !$0.isActive } }
    }

    /// What has been counted so far, over all loops. What goes up and down with the pools of
    /// upstream connections is as old as the last `refresh`, and at most a quarter of a second
    /// where the loops turn.
    public func sample() -> ServerSample { metrics.sample() }

    /// Asks the loops for the numbers that they set now and then; `done` is called once, on a
    /// loop, when all of them have. A loop that is blocked delays it without bound. Not after
    /// `shutdown`.
    public func refresh(_ done: @escaping @Sendable () -> Void) {
        let left = Countdown(workers.count)
        for worker in workers {
            worker.loop.execute {
                worker.touch()
                worker.showPools()
                if left.isLast() { done() }
            }
        }
    }

    /// Stops accepting, closes idle connections, lets running exchanges finish, and ends what is
    /// left at the deadline. Blocks; call `shutdown` afterwards.
    /// - Parameter deadlineMs: how long running exchanges may take, milliseconds.
    /// - Returns: whether all exchanges finished by themselves.
    public func drain(deadlineMs: UInt32) -> Bool {
        stopAccepting()
        let done = workers.map { worker -> EventLoopPromise<Void> in
            let promise = worker.loop.makePromise(of: Void.self)
            worker.loop.execute {
                worker.touch()
                worker.whenIdle = { promise.succeed() }
                worker.drain()
            }
            return promise
        }
        let isClean = Mutex(true)
        for (worker, promise) in zip(workers, done) {
            worker.loop.execute {
                let timer = worker.startTimer(afterMs: deadlineMs) {
                    isClean.withLock { $0 = false }
                    worker.closeAll()
                    promise.succeed()
                }
                promise.futureResult.whenComplete { _ in worker.cancelTimer(task: timer) }
            }
        }
        for promise in done { try? promise.futureResult.wait() }
        return isClean.withLock { $0 }
    }

    /// Ends everything at once and joins the loops. Blocks; the server cannot be used afterwards,
    /// and a second call does nothing.
    public func shutdown() {
        let wasShutDown = isShutDown.withLock { isShutDown in
            defer { isShutDown = true }
            return isShutDown
        }
        guard !wasShutDown else { return }
        stopAccepting()
        for worker in workers {
            try? worker.loop.submit { worker.stop() }.wait()
        }
        resolver.shutdown()
        try? group.syncShutdownGracefully()
    }

    private func stopAccepting() {
        let closing = listeners.withLock { listeners in
            defer { listeners = [] }
            return listeners
        }
        for channel in closing { try? channel.close().wait() }
    }
}

/// Tells the last of several calls.
private final class Countdown: Sendable {
    private let left: Atomic<Int>

    init(_ count: Int) { left = Atomic(count) }

    func isLast() -> Bool { left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}
