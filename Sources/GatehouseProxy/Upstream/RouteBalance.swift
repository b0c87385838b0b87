/// The upstreams of one route on one loop: a shell of `UpstreamChoice` over their pools.
///
/// Only for routes with several upstreams; the others do not come here. Confined to its loop.
final class RouteBalance {
    let route: Route
    let pools: [UpstreamPool]
    private var choice: UpstreamChoice

    init(_ route: Route, worker: Worker) {
        self.route = route
        pools = route.upstreams.map { worker.pool(for: $0) }
        choice = UpstreamChoice(first: worker.number)
    }

    /// Which of the route's upstreams gets an exchange.
    /// - Parameter excluded: the one that has failed; nil: the exchange is new.
    /// - Returns: nil where an exchange that has failed at one cannot go to another.
    func pick(except excluded: Int? = nil, nowNs: UInt64) -> Int? {
        for pool in pools where pool.health.hasFailed && hasHealthy(beside: pool) { pool.eject() }
        return choice.pick(of: pools.count, except: excluded) { at in
            UpstreamChoice.Candidate(
                pending: pools[at].pendingCount, weight: route.upstreams[at].weight,
                takes: pools[at].health.takes(nowNs))
        }
    }

    /// Never the last one.
    private func hasHealthy(beside pool: UpstreamPool) -> Bool {
        pools.contains { $0 !== pool && $0.health.isHealthy }
    }
}
