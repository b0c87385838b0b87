import GatehouseHTTP
import NIOCore
import NIOPosix
import NIOSSL

/// Makes one connection: the shell of a `ConnectionRace`. Confined to the loop of its pool.
///
/// It calls `connected` or `connectFailed` of the pool once.
final class Connector {
    private let pool: UpstreamPool
    private let worker: Worker
    private let timeoutMs: UInt32
    private var race: ConnectionRace?
    private var delay: UInt64?
    private var deadline: UInt64?
    private var isStarting = false
    private var isOver = false
    /// Connections that are being made: in TCP, or in TLS.
    private var attempts: [UpstreamConnection] = []
    private var lastFailure = UpstreamFailure.refused

    init(pool: UpstreamPool, timeoutMs: UInt32) {
        self.pool = pool
        self.worker = pool.worker
        self.timeoutMs = timeoutMs
    }

    func start() {
        isStarting = true
        defer { isStarting = false }
        if timeoutMs > 0 {
            deadline = worker.startTimer(afterMs: timeoutMs) { [self] in finish(.timeout) }
        }
        switch pool.key.address {
        case .unix(let path):
            guard let address = try? SocketAddress(unixDomainSocketPath: path) else {
                return laterFail()
            }
            connect(address) { [self] in finish(lastFailure) }
        case .host(let name, _):
            if let pinned = pool.key.pinned ?? IPAddress(name) { return begin([pinned]) }
            if let known = worker.resolver.cached(name) { return begin(known) }
            let bound = NIOLoopBound(self, eventLoop: worker.loop)
            worker.resolver.resolve(name, on: worker.loop) { bound.value.begin($0) }
        }
    }

    private func begin(_ addresses: [IPAddress]) {
        guard !isOver else { return }
        guard !addresses.isEmpty else {
            lastFailure = .unresolved
            return laterFail()
        }
        var race = ConnectionRace(addresses)
        let actions = race.begin()
        self.race = race
        perform(actions)
    }

    private func perform(_ actions: [ConnectionRace.Action]) {
        for action in actions where !isOver {
            switch action {
            case .start(let number): attempt(number)
            case .startTimer:
                if let delay { worker.cancelTimer(task: delay) }
                delay = worker.startTimer(afterMs: ProxyLimits.attemptDelayMs) { [self] in
                    delay = nil
                    perform(race?.timerFired() ?? [])
                }
            case .fail: finish(lastFailure)
            }
        }
    }

    private func attempt(_ number: Int) {
        guard let race, case .host(_, let port) = pool.key.address,
            let address = SocketAddress(race.addresses[number], port: port)
        else { return }
        connect(address) { [self] in perform(self.race?.failed() ?? []) }
    }

    // MARK: One attempt

    private func connect(_ address: SocketAddress, failed: @escaping () -> Void) {
        let tls: NIOSSLClientHandler?
        switch tlsHandler() {
        case .success(let handler): tls = handler
        case .failure(let failure):
            lastFailure = failure
            return laterFail()
        }
        let connection = UpstreamConnection(
            isTLS: pool.key.tls != nil,
            expectedName: pool.key.tls?.isInsecure == true ? nil : serverName)
        let handlers = NIOLoopBound((tls, connection), eventLoop: worker.loop)
        let outcome = NIOLoopBound((self, failed), eventLoop: worker.loop)
        attempts.append(connection)
        ClientBootstrap(group: worker.loop)
            // `end` closes it before; NIO's own ten seconds would cut a longer time short.
            .connectTimeout(.hours(1))
            .channelOption(
                ChannelOptions.socket(SocketOptionLevel(IPPROTO_TCP), TCP_NODELAY), value: 1
            )
            .channelOption(ChannelOptions.writeSpin, value: 0)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (tls, connection) = handlers.value
                    if let tls { try channel.pipeline.syncOperations.addHandler(tls) }
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
            .connect(to: address)
            .whenComplete { result in
                let (connector, failed) = outcome.value
                let connection = handlers.value.1
                if case .failure(let error) = result {
                    connector.attempts.removeAll { $0 === connection }
                    connector.lastFailure = UpstreamFailure(connecting: error)
                    return failed()
                }
                connection.notify { isReady in
                    connector.attempted(connection, isReady: isReady, failed: failed)
                }
            }
    }

    private func attempted(
        _ connection: UpstreamConnection, isReady: Bool, failed: () -> Void
    ) {
        attempts.removeAll { $0 === connection }
        guard isReady else {
            lastFailure = pool.key.tls != nil ? .untrusted : .refused
            return isOver ? () : failed()
        }
        let isWinner = race == nil ? !isOver : race?.connected() == true
        guard isWinner, !isOver else { return connection.close() }
        end()
        pool.connected(connection)
    }

    private func tlsHandler() -> Result<NIOSSLClientHandler?, UpstreamFailure> {
        guard let tls = pool.key.tls else { return .success(nil) }
        guard let context = worker.tls.context(tls) else { return .failure(.untrusted) }
        guard
            let handler = try? NIOSSLClientHandler(context: context, serverHostname: serverName)
        else { return .failure(.untrusted) }
        return .success(handler)
    }

    /// The name that the certificate must hold; nil where an address was asked for.
    private var serverName: String? {
        if let name = pool.key.tls?.hostname { return name }
        guard case .host(let host, _) = pool.key.address, IPAddress(host) == nil else { return nil }
        return host
    }

    // MARK: The end

    /// Fails in a later turn: a user is never called back inside its own call.
    private func laterFail() {
        let bound = NIOLoopBound(self, eventLoop: worker.loop)
        worker.loop.execute { bound.value.finish(bound.value.lastFailure) }
    }

    private func finish(_ failure: UpstreamFailure) {
        guard !isOver else { return }
        guard !isStarting else {
            lastFailure = failure
            return laterFail()
        }
        race?.cancel()
        end()
        pool.connectFailed(failure)
    }

    private func end() {
        isOver = true
        // Those that lost, and those that never answered, must not stay open (F02).
        let late = attempts
        attempts = []
        for connection in late { connection.close() }
        if let delay { worker.cancelTimer(task: delay) }
        if let deadline { worker.cancelTimer(task: deadline) }
    }
}
