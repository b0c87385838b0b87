import GatehouseConfig
import GatehouseHTTP
import GatehousePluginHost
import GatehouseProxy
import GatehouseRegex

/// Makes of a validated configuration what the proxy serves: instances, chains, route tables.
///
/// **Thread:** any but a loop's; it waits for the control thread.
struct SnapshotBuilder {
    let configuration: Configuration
    let plugins: Plugins
    let host: PluginHost
    /// Whether instances are made only to see whether they can be.
    let isDryRun: Bool

    /// What was built.
    struct Outcome {
        /// Nil when there is an error among the diagnostics.
        var snapshot: ProxySnapshot?
        /// What the plugins and the route tables have to say.
        var diagnostics: [Diagnostic] = []
        /// The routes that fail closed, with the policy and the reason.
        var standIns: [(route: String, policy: String, reason: String)] = []
    }

    func build() -> Outcome {
        var outcome = Outcome()
        var listeners: [GatehouseProxy.Listener] = []
        for bind in configuration.binds {
            var scopes: [(host: GatehouseProxy.HostPattern?, routes: [GatehouseProxy.Route])] = []
            for listener in bind.listeners {
                outcome.diagnostics += shadowed(listener)
                let host = listener.hostname.flatMap { HostPattern($0.description) }
                scopes.append(
                    (host, listener.routes.compactMap { self.route($0, of: listener, &outcome) }))
            }
            if let built = self.listener(bind, scopes, &outcome) { listeners.append(built) }
        }
        outcome.diagnostics = outcome.diagnostics.sortedByPosition()
        if !outcome.diagnostics.contains(where: { $0.severity == .error }) {
            outcome.snapshot = ProxySnapshot(listeners: listeners)
        }
        return outcome
    }

    private func listener(
        _ bind: Bind,
        _ scopes: [(host: GatehouseProxy.HostPattern?, routes: [GatehouseProxy.Route])],
        _ outcome: inout Outcome
    ) -> GatehouseProxy.Listener? {
        do throws(RouteTableError) {
            return GatehouseProxy.Listener(
                address: ListenAddress(host: bind.address, port: bind.port),
                routes: try RouteTable(listeners: scopes),
                trustedProxies: configuration.trustedProxies.compactMap {
                    AddressRange($0.description)
                })
        } catch {
            outcome.diagnostics.append(.error(bind.position, "\(error)"))
            return nil
        }
    }

    // MARK: Routes

    private func route(
        _ route: GatehouseConfig.Route, of listener: GatehouseConfig.Listener,
        _ outcome: inout Outcome
    ) -> GatehouseProxy.Route? {
        outcome.diagnostics += problems(route, listener)
        let hosts = hosts(route, listener).map(\.description)
        let chain = chain(route, hosts, listener, &outcome)
        let matches: [GatehouseProxy.RouteMatch]
        do throws(RegexError) {
            matches = try route.matches.map { (match) throws(RegexError) in try self.match(match) }
        } catch {
            outcome.diagnostics.append(.error(route.position, "\(error)"))
            return nil
        }
        return GatehouseProxy.Route(
            name: route.name, hosts: hosts.compactMap { HostPattern($0) }, matches: matches,
            chain: chain, upstreams: route.backends.compactMap(upstream),
            publicURL: route.publicURL?.description,
            timeouts: timeouts(route.timeouts, route.limits),
            bodyBytesMax: route.limits.maxBody.map { UInt64($0) },
            wholeBodyBytesMax: UInt64(route.limits.maxBufferedBody),
            upgrades: route.upgrade, isLogged: configuration.accessLog != .off)
    }

    private func match(
        _ match: GatehouseConfig.RouteMatch
    ) throws(RegexError) -> GatehouseProxy.RouteMatch {
        let path: GatehouseProxy.PathMatch =
            switch match.path {
            case .exact(let text): .exact(text)
            case .prefix(let text): .prefix(text)
            case .regex(let pattern): .regex(try LinearRegex(pattern))
            }
        return GatehouseProxy.RouteMatch(
            path: path, method: match.method, headers: try values(match.headers),
            query: try values(match.query))
    }

    private func values(_ matches: [FieldMatch]) throws(RegexError) -> [ValueMatch] {
        try matches.map { (match) throws(RegexError) in
            switch match.value {
            case .exact(let text): ValueMatch(name: match.name, value: .exact(text))
            case .regex(let pattern):
                ValueMatch(name: match.name, value: .regex(try LinearRegex(pattern)))
            }
        }
    }

    private func upstream(_ backend: Backend) -> GatehouseProxy.Upstream? {
        guard case .upstream(let upstream) = backend.target, backend.weight > 0 else { return nil }
        let address: GatehouseProxy.Upstream.Address =
            switch upstream.endpoint {
            case .host(let name, let port): .host(name, port: port)
            case .unix(let path): .unix(path: path)
            }
        return GatehouseProxy.Upstream(
            address: address, tls: upstream.tls.map(tls), authority: upstream.authority,
            path: upstream.path, removesOrigin: upstream.isMCP, weight: backend.weight)
    }

    func tls(_ tls: GatehouseConfig.UpstreamTLS) -> GatehouseProxy.UpstreamTLS {
        var out = GatehouseProxy.UpstreamTLS()
        out.hostname = tls.hostname
        out.rootFile = tls.rootFile
        out.certificateFile = tls.client?.certificateFile
        out.keyFile = tls.client?.keyFile
        out.isInsecure = tls.isInsecure
        return out
    }

    private func timeouts(
        _ timeouts: GatehouseConfig.Timeouts, _ limits: GatehouseConfig.Limits
    ) -> GatehouseProxy.Timeouts {
        var out = GatehouseProxy.Timeouts()
        out.connectMs = timeouts.connect.milliseconds
        out.responseHeadMs = timeouts.response.milliseconds
        out.requestBodyMs = timeouts.requestBody.milliseconds
        out.responseBodyMs = timeouts.responseBody.milliseconds
        out.upgradedMs = timeouts.upgraded.milliseconds
        out.requestBodyRate = UInt64(clamping: limits.minBodyRate ?? 0)
        out.writeMs = timeouts.write.milliseconds
        return out
    }
}

extension Duration? {
    /// Milliseconds as the proxy takes them: 0 is without limit, and nothing shorter than one.
    var milliseconds: UInt32 {
        guard let duration = self else { return 0 }
        let (seconds, attoseconds) = duration.components
        let whole = seconds.multipliedReportingOverflow(by: 1000)
        guard !whole.overflow else { return .max }
        return UInt32(clamping: max(1, whole.partialValue &+ attoseconds / 1_000_000_000_000_000))
    }
}
