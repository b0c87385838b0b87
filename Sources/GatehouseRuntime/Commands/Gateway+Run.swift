import GatehouseConfig
import GatehouseHTTP
import GatehousePluginHost
import GatehouseProxy
import Glibc
import Logging
import Synchronization

extension Gateway {
    /// `gatehouse run`: serves until a signal ends it.
    ///
    /// Called on the main thread, before any other thread exists.
    /// - Throws: ``ExitStatus`` other than 0.
    public static func run(_ options: GatewayOptions) throws(ExitStatus) {
        Signals.block()
        DescriptorLimit.raise()
        forbidCoreDumps()
        let threads = options.threads ?? ProcessorCount.available()
        guard Thread.canStart(threads + Self.furtherThreads) else {
            note("this process may not start the threads that it needs: see ulimit -u, pids.max")
            throw .cannotStart
        }
        let plugins = Plugins(options.plugins, isOpening: true)
        let configuration = try load(options, plugins)
        let log = LineWriter(descriptor: STDERR_FILENO)
        let logger = Logger(label: "gatehouse") { label in
            DiagnosticLogHandler(label: label, writer: log, logLevel: options.logLevel)
        }
        defer { log.close(within: 1000) }
        let readiness = Readiness()
        let services = RuntimeServices(
            logger: logger, secrets: configuration.secrets, readiness: readiness)
        let host = try makeHost(configuration, plugins, services)
        let running = try RunningGateway(
            options: options, configuration: configuration, plugins: plugins, host: host,
            logger: logger, log: log, readiness: readiness)
        try running.serve(logger: logger, log: log)
    }

    /// Beside the loops: four that resolve names, [control], the admin listener, two logs, signals;
    /// and some to spare.
    private static let furtherThreads = 12

    /// A dump of the memory would hold tokens and keys: its size is 0, soft and hard (F49).
    private static func forbidCoreDumps() {
        var limit = rlimit()
        setrlimit(__rlimit_resource_t(UInt32(RLIMIT_CORE.rawValue)), &limit)
    }
}

/// A gateway that has been started.
final class RunningGateway {
    private let server: ProxyServer
    private let host: PluginHost
    private let access: LineWriter?
    private let admin: AdminServer?
    private let memory: MemoryWatch?
    private let readiness: Readiness
    private let drainMs: UInt32

    init(
        options: GatewayOptions, configuration: Configuration, plugins: Plugins, host: PluginHost,
        logger: Logger, log: LineWriter, readiness: Readiness
    ) throws(ExitStatus) {
        let built = SnapshotBuilder(
            configuration: configuration, plugins: plugins, host: host, isDryRun: false
        ).build()
        Gateway.show(built.diagnostics)
        guard let snapshot = built.snapshot else {
            host.shutdown()
            throw .invalid
        }
        Self.report(plugins, built.standIns, logger)
        let isLogging = configuration.accessLog != .off
        let access = isLogging ? LineWriter(descriptor: STDOUT_FILENO, limit: 4 << 20) : nil
        var server = Self.options(options, configuration, host, access)
        server.clockStepped = { nanoseconds in
            logger.notice(
                "the clock was set: tokens are judged by the new time, deadlines stay as they were",
                metadata: ["seconds": .stringConvertible(nanoseconds / 1_000_000_000)])
        }
        do throws(StartFailure) {
            self.server = try ProxyServer.start(snapshot, options: server)
        } catch {
            logger.error("\(error)")
            host.shutdown()
            throw .cannotStart
        }
        let logs = [("diagnostics", log)] + (access.map { [("access", $0)] } ?? [])
        let source = AdminSource(
            server: self.server, host: host, readiness: readiness,
            logs: logs.map { (name: $0.0, writer: $0.1) },
            standIns: built.standIns.map { ($0.route, $0.policy) },
            connections: server.connections, memory: server.memory, clock: server.clock)
        do throws(StartFailure) {
            admin = try Self.admin(configuration.admin, source)
        } catch {
            logger.error("\(error)")
            self.server.shutdown()
            host.shutdown()
            throw .cannotStart
        }
        memory = MemoryWatch(
            configuration.limits.maxMemory, pressure: server.memory, logger: logger)
        self.host = host
        self.access = access
        self.readiness = readiness
        drainMs = configuration.timeouts.drain.milliseconds
        Self.boundConnections(server.connections, configuration, logger)
        for address in self.server.addresses { logger.notice("listening on \(address)") }
        if let admin { logger.notice("health and metrics on \(admin.address)") }
        logger.notice(
            "serving \(options.file)",
            metadata: [
                "version": .string(Version.number), "threads": .stringConvertible(server.threads),
                "plugins": .stringConvertible(plugins.catalog.plugins.count),
            ])
    }

    private static func admin(
        _ admin: Admin?, _ source: AdminSource
    ) throws(StartFailure) -> AdminServer? {
        guard let admin else { return nil }
        return try AdminServer(
            ListenAddress(host: admin.address, port: admin.port),
            connectionsMax: admin.maxConnections, source: source)
    }

    private static func options(
        _ options: GatewayOptions, _ configuration: Configuration, _ host: PluginHost,
        _ access: LineWriter?
    ) -> ServerOptions {
        var out = ServerOptions()
        out.threads = options.threads ?? ProcessorCount.available()
        out.pluginHost = host
        if let access { out.observer = { _ in AccessLog(writer: access) } }
        out.limits = limits(configuration, threads: out.threads)
        out.connections = ConnectionBudget(configuration.limits.maxConnections)
        return out
    }

    /// Takes no more connections than the descriptors allow; says so where that is fewer.
    private static func boundConnections(
        _ budget: ConnectionBudget, _ configuration: Configuration, _ logger: Logger
    ) {
        let configured = configuration.limits.maxConnections
        let descriptors = DescriptorLimit.current()
        let most = ConnectionBound.connections(
            configured: configured, descriptors: descriptors,
            inUse: DescriptorLimit.inUse() ?? 0)
        guard most < configured else { return }
        budget.limit(to: most)
        logger.warning(
            "the limit of descriptors allows \(most) client connections, not \(configured)",
            metadata: ["descriptors": .stringConvertible(descriptors ?? 0)])
    }

    static func limits(_ configuration: Configuration, threads: Int) -> ServerLimits {
        var out = ServerLimits()
        let limits = configuration.limits
        out.head = HeadLimits(
            startLine: limits.maxRequestLine, head: limits.maxHead, fields: limits.maxFields)
        out.connectionsPerUpstream = limits.maxUpstreamConnections
        out.pendingPerUpstream = limits.maxPendingRequests
        out.upstreamIdleMs = configuration.timeouts.upstreamIdle.milliseconds
        out.exchangesPerLoop = max(1, limits.maxExchanges / threads)
        out.writeMs = configuration.timeouts.write.milliseconds
        out.headMs = configuration.timeouts.requestHead.milliseconds
        out.idleMs = configuration.timeouts.idle.milliseconds
        return out
    }

    private static func report(
        _ plugins: Plugins, _ standIns: [(route: String, policy: String, reason: String)],
        _ logger: Logger
    ) {
        for library in plugins.catalog.libraries {
            if case .failure(let refusal) = library.outcome {
                logger.error(
                    "a plugin library cannot be used: \(refusal.reason)",
                    metadata: ["library": .string(library.path)])
            }
            for warning in library.warnings {
                logger.warning("\(warning)", metadata: ["library": .string(library.path)])
            }
        }
        for (route, policy, reason) in standIns {
            logger.error(
                "a route answers 503 because a policy cannot be used: \(reason)",
                metadata: ["route": .string(route), "policy": .string(policy)])
        }
    }

    /// Waits for the signal that ends it, drains, and stops.
    func serve(logger: Logger, log: LineWriter) throws(ExitStatus) {
        let drain = Semaphore()
        Signals.watch { event in
            switch event {
            case .drain: drain.signal()
            case .exitNow:
                logger.warning("a second signal: exiting at once")
                log.close(within: 50)
                _exit(ExitStatus.cutShort.code)
            case .reload:
                logger.warning("SIGHUP: reload is not supported yet; restart to reconfigure")
            }
        }
        drain.wait()
        logger.notice("draining")
        readiness.beginDrain()
        let isClean = server.drain(deadlineMs: drainMs == 0 ? .max : drainMs)
        admin?.stop()
        memory?.end()
        server.shutdown()
        host.shutdown()
        access?.close(within: 1000)
        if !isClean {
            logger.warning("the drain deadline was hit: exchanges were cut short")
            throw .cutShort
        }
        logger.notice("stopped")
    }
}
