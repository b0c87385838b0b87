import GatehousePluginHost
import GatehouseProxy

/// What the admin listener tells about. **Thread:** any.
struct AdminSource: Sendable {
    let server: ProxyServer
    let host: PluginHost
    let readiness: Readiness
    /// The writers of logs, by name.
    let logs: [(name: String, writer: LineWriter)]
    /// Routes that answer 503 because a policy cannot be used.
    let standIns: [(route: String, policy: String)]
    /// The client connections that the process takes.
    let connections: ConnectionBudget
    /// How near the process is to its bound of memory.
    let memory: MemoryPressure
    /// The server's clock.
    let clock: any HostClock

    /// A loop that has not turned for so long is said to be stuck, nanoseconds: its sweep runs four
    /// times a second.
    private static let stuckNs: UInt64 = 5_000_000_000

    /// Everything that speaks against readiness.
    func reasons() -> [Readiness.Reason] {
        var reasons = readiness.reasons
        if !readiness.isDraining {
            let closed = server.closedListeners
            if closed > 0 {
                reasons.append(.init(code: "listener", detail: "\(closed) do not accept any more"))
            }
        }
        let now = clock.monotonicNs()
        let stuck = server.sample().sweptNs.filter { now > $0 && now - $0 > Self.stuckNs }.count
        if stuck > 0 {
            reasons.append(.init(code: "loop", detail: "\(stuck) event loops are stuck"))
        }
        if memory.level == .refusing {
            reasons.append(.init(code: "memory", detail: "the process uses too much memory"))
        }
        return reasons
    }

    /// The metrics now.
    func page() -> MetricsPage {
        var page = MetricsPage(server: server.sample())
        page.plugins = host.metrics.snapshot()
        page.pluginStates = readiness.plugins
        page.isReady = reasons().isEmpty
        page.process = .read()
        page.droppedLines = logs.map { ($0.name, $0.writer.droppedInAll) }
        page.connectionsMax = connections.most
        page.version = Version.number
        page.monotonicNs = clock.monotonicNs()
        page.unixSeconds = Double(clock.unixNs()) / 1e9
        return page
    }
}
