import GatehousePluginHost
import Glibc
import NIOCore
import NIOPosix

/// The start of a server, step by step; on a failure what was started is stopped.
struct ServerStart {
    private let snapshot: ProxySnapshot
    private let options: ServerOptions
    private let group: MultiThreadedEventLoopGroup
    private let resolver: Resolver
    private let tls = TLSContexts()
    private let metrics = ServerMetrics()

    init(_ snapshot: ProxySnapshot, _ options: ServerOptions) {
        self.snapshot = snapshot
        self.options = options
        group = MultiThreadedEventLoopGroup(numberOfThreads: max(options.threads, 1))
        resolver = Resolver(clock: options.clock)
    }

    func run() throws(StartFailure) -> ProxyServer {
        tls.prepare(snapshot)
        metrics.assignRows(snapshot)
        var channels: [any Channel] = []
        var workers: [Worker] = []
        do throws(StartFailure) {
            for (number, loop) in group.makeIterator().enumerated() {
                workers.append(try startWorker(loop, number))
            }
            var addresses: [ListenAddress] = []
            for (index, listener) in snapshot.listeners.enumerated() {
                let bound = try bind(listener.address, index, workers, &channels)
                addresses.append(bound)
            }
            return ProxyServer(
                addresses: addresses, workers: workers, group: group, resolver: resolver,
                tls: tls, metrics: metrics, listeners: channels)
        } catch {
            for channel in channels { try? channel.close().wait() }
            for worker in workers { try? worker.loop.submit { worker.stop() }.wait() }
            resolver.shutdown()
            try? group.syncShutdownGracefully()
            throw error
        }
    }

    private func startWorker(
        _ loop: any EventLoop, _ number: Int
    ) throws(StartFailure) -> Worker {
        let (snapshot, options, resolver, tls) = (snapshot, options, resolver, tls)
        let counters = metrics.makeCounters()
        let started = try? loop.submit { () -> Result<Worker, StartFailure> in
            let worker = Worker(
                loop: loop, number: number, snapshot: snapshot, clock: options.clock,
                resolver: resolver, tls: tls, observer: options.observer?(number),
                options: options, counters: counters)
            worker.clockStepped = options.clockStepped
            if let host = options.pluginHost {
                do {
                    worker.host = try LoopHost(host: host, services: worker)
                } catch {
                    return .failure(.cannotStart("\(error)"))
                }
            }
            worker.start()
            return .success(worker)
        }.wait()
        guard let started else { throw .cannotStart("an event loop does not run") }
        return try started.get()
    }

    // MARK: Listeners

    /// Binds one address on every loop. The first bind is alone: it finds out whether another
    /// process has the port, which SO_REUSEPORT would hide, and which port the kernel chooses.
    private func bind(
        _ address: ListenAddress, _ listener: Int, _ workers: [Worker],
        _ channels: inout [any Channel]
    ) throws(StartFailure) -> ListenAddress {
        if address.port != 0, let reason = PortProbe.whyTaken(address) {
            throw .cannotBind(address, reason: reason)
        }
        var bound = address
        for worker in workers {
            let channel = try bind(bound, listener, on: worker)
            channels.append(channel)
            if let port = channel.localAddress?.port { bound.port = UInt16(clamping: port) }
        }
        return bound
    }

    private func bind(
        _ address: ListenAddress, _ listener: Int, on worker: Worker
    ) throws(StartFailure) -> any Channel {
        let bootstrap = ServerBootstrap(group: worker.loop)
            .serverChannelOption(ChannelOptions.backlog, value: 1024)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(
                ChannelOptions.socket(SocketOptionLevel(SOL_SOCKET), SO_REUSEPORT), value: 1
            )
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptGate(worker))
                }
            }
            .childChannelOption(
                ChannelOptions.socket(SocketOptionLevel(IPPROTO_TCP), TCP_NODELAY), value: 1
            )
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: ProxyLimits.receiveBytesMin, initial: ProxyLimits.receiveBytesClient,
                    maximum: ProxyLimits.receiveBytesMax)
            )
            .childChannelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try worker.admit(channel, listener)
                }
            }
        let port = Int(address.port)
        do {
            if let host = address.host {
                return try bootstrap.bind(host: host, port: port).wait()
            }
            do {
                return try bootstrap.bind(host: "::", port: port).wait()
            } catch let error as IOError
                where [EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.errnoCode)
            {
                return try bootstrap.bind(host: "0.0.0.0", port: port).wait()
            }
        } catch {
            throw .cannotBind(address, reason: PortProbe.describe(error))
        }
    }
}

extension Worker {
    /// Takes a new connection, refuses it, or closes it by throwing.
    fileprivate func admit(_ channel: any Channel, _ listener: Int) throws {
        switch budget.admit() {
        case .serve:
            try channel.pipeline.syncOperations.addHandler(
                DownstreamConnection(worker: self, listener: listener))
        case .refuse:
            counters.add(CounterLayout.connectionsRefused)
            try channel.pipeline.syncOperations.addHandler(RefusedConnection(worker: self))
        case .drop:
            counters.add(CounterLayout.connectionsDropped)
            throw ChannelError.connectPending
        }
    }
}

/// Whether a port can be bound by us alone.
enum PortProbe {
    /// Binds without SO_REUSEPORT and lets go: nil, or why it is taken.
    static func whyTaken(_ address: ListenAddress) -> String? {
        let target = try? SocketAddress(
            ipAddress: address.host ?? "::", port: Int(address.port))
        guard let target else { return nil }
        let descriptor = socket(
            Int32(target.protocol.rawValue), Int32(SOCK_STREAM.rawValue) | 0o2000000, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let result = target.withSockAddr { Glibc.bind(descriptor, $0, socklen_t($1)) }
        return result == 0 ? nil : String(cString: strerror(errno))
    }

    static func describe(_ error: any Error) -> String {
        if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
        return "\(error)"
    }
}
