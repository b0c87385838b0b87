import GatehouseHTTP
import GatehouseProxy
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// The admin listener: a socket, an event loop and connections of its own, so that it answers
/// while the workers are busy or stuck. **Thread:** any but its loop.
final class AdminServer: Sendable {
    /// Where it listens; a port that the kernel chose is filled in.
    let address: ListenAddress
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    private let isStopped = Mutex(false)

    /// Listens, and answers from now on. Blocks until it does.
    ///
    /// - Parameter connectionsMax: its connections at one time; more get 503.
    init(
        _ address: ListenAddress, connectionsMax: Int, source: AdminSource
    ) throws(StartFailure) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        do {
            channel = try loop.flatSubmit {
                let home = NIOLoopBound(
                    AdminHome(loop, connectionsMax: connectionsMax, source: source),
                    eventLoop: loop)
                return Self.bind(address, on: loop, home)
            }.wait()
        } catch {
            try? group.syncShutdownGracefully()
            let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) }
            throw .cannotBind(address, reason: reason ?? "\(error)")
        }
        var bound = address
        bound.port = UInt16(clamping: channel.localAddress?.port ?? 0)
        self.address = bound
    }

    private static func bind(
        _ address: ListenAddress, on loop: any EventLoop, _ home: NIOLoopBound<AdminHome>
    ) -> EventLoopFuture<any Channel> {
        ServerBootstrap(group: loop)
            .serverChannelOption(ChannelOptions.backlog, value: 128)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AdminAcceptor(home.value))
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AdminConnection(home.value))
                }
            }
            .bind(host: address.host ?? "127.0.0.1", port: Int(address.port))
    }

    /// Ends it; answers that are being sent are cut short. Blocks; a second call does nothing.
    func stop() {
        let wasStopped = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return isStopped
        }
        guard !wasStopped else { return }
        try? channel.close().wait()
        try? group.syncShutdownGracefully()
    }
}

/// What the connections of the admin listener share. **Confined to:** its loop.
final class AdminHome {
    let loop: any EventLoop
    let source: AdminSource
    let connectionsMax: Int
    /// Connections that are open.
    private(set) var connections = 0
    /// Descriptors that are given up so that a connection can be accepted when there are none.
    private var spare: [Int32] = []
    /// Those who wait for the numbers of the loops.
    private var waiting: [() -> Void] = []

    init(_ loop: any EventLoop, connectionsMax: Int, source: AdminSource) {
        self.loop = loop
        self.connectionsMax = connectionsMax
        self.source = source
        fillSpare()
    }

    deinit { for descriptor in spare { close(descriptor) } }

    /// Whether there is room for another connection; if so it counts.
    func opened() -> Bool {
        connections += 1
        return connections <= connectionsMax
    }

    func closed() {
        connections -= 1
        fillSpare()
    }

    /// Gives a descriptor back to the process; false: there is none left.
    func giveSpare() -> Bool {
        guard let descriptor = spare.popLast() else { return false }
        close(descriptor)
        return true
    }

    private func fillSpare() {
        while spare.count < AdminLimits.spareDescriptors {
            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return }
            spare.append(descriptor)
        }
    }

    /// Calls back when the workers have set their numbers, or when they take too long.
    func whenRefreshed(_ done: @escaping () -> Void) {
        waiting.append(done)
        guard waiting.count == 1 else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        source.server.refresh {
            loop.execute { bound.value.refreshed() }
        }
        loop.scheduleTask(in: AdminLimits.refresh) { bound.value.refreshed() }
    }

    private func refreshed() {
        let calls = waiting
        waiting = []
        for call in calls { call() }
    }
}

/// The bounds of the admin listener.
enum AdminLimits {
    /// For the head of a request: a scraper sends it at once.
    static let head = TimeAmount.seconds(5)
    /// A kept connection between two requests: scrapers come every 15 to 60 seconds.
    static let idle = TimeAmount.seconds(90)
    /// For the client to take an answer.
    static let write = TimeAmount.seconds(10)
    /// For the workers to set their numbers; then the last ones are shown.
    static let refresh = TimeAmount.milliseconds(100)
    /// Between two tries to accept when there are no descriptors.
    static let retry = TimeAmount.milliseconds(50)
    /// Descriptors that are held for the time when the process has none.
    static let spareDescriptors = 4
    /// Connections beyond the bound that are being told so; more are closed at once.
    static let refusalsAtOnce = 32
    /// A request's head.
    static let headLimits = HeadLimits(startLine: 2_048, head: 8_192, fields: 64)
}
