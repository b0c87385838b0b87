import GatehouseHTTP
import Synchronization

/// The counters of all loops, and whose rows are whose. **Thread:** any.
///
/// Rows are given by name for the life of the process: what an earlier snapshot counted goes on in
/// the next one.
final class ServerMetrics: Sendable {
    private struct State {
        var routes = RowNames<String>(first: "(none)", max: CounterLayout.routesMax)
        var upstreams = RowNames<UpstreamKey>(first: "(fetch)", max: CounterLayout.upstreamsMax)
        var blocks: [CounterBlock] = []
    }

    private let state = Mutex(State())

    /// The counters of another loop.
    func makeCounters() -> Counters {
        let block = CounterBlock(count: CounterLayout.count)
        state.withLock { $0.blocks.append(block) }
        return block.counters
    }

    /// Gives the routes and upstreams of a snapshot their rows; before any loop has it.
    func assignRows(_ snapshot: ProxySnapshot) {
        state.withLock { state in
            for route in snapshot.listeners.flatMap(\.routes.routes) {
                route.row.store(state.routes.row(route.name, route.name), ordering: .relaxed)
                for upstream in route.upstreams {
                    let row = state.upstreams.row(upstream.key, upstream.authority)
                    upstream.row.store(row, ordering: .relaxed)
                }
            }
        }
    }

    /// What has been counted so far.
    func sample() -> ServerSample {
        let (blocks, routes, upstreams) = state.withLock {
            ($0.blocks.map(\.counters), $0.routes.names, $0.upstreams.names)
        }
        var out = ServerSample(blocks)
        for (row, name) in routes.enumerated() {
            out.routes.append(RouteSample(name, blocks, CounterLayout.route(row)))
        }
        out.routes.removeAll { $0.name.first == "(" && $0.count == 0 }
        var merged: [String: Int] = [:]
        for (row, name) in upstreams.enumerated() {
            let sample = UpstreamSample(name, blocks, CounterLayout.upstream(row))
            if let at = merged[name] {
                out.upstreams[at].add(sample)
            } else {
                merged[name] = out.upstreams.count
                out.upstreams.append(sample)
            }
        }
        withExtendedLifetime(self) {}
        return out
    }
}

/// Rows by key, in the order of their first use. Row 0 is for what has no name, and for what comes
/// when all rows are taken there is the last one.
private struct RowNames<Key: Hashable & Sendable>: Sendable {
    private(set) var names: [String]
    private var rows: [Key: Int] = [:]
    private let max: Int

    init(first: String, max: Int) {
        names = [first]
        self.max = max
    }

    mutating func row(_ key: Key, _ name: String) -> Int {
        if let known = rows[key] { return known }
        if names.count >= max - 1 {
            if names.count < max { names.append("(others)") }
            return max - 1
        }
        rows[key] = names.count
        names.append(name)
        return names.count - 1
    }
}
