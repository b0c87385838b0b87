import GatehouseConfig
import GatehousePluginHost
import GatehouseProxy

/// What is written and could not take effect: said at load, never left out in silence.
extension SnapshotBuilder {
    /// The host names of a route: its own as far as the listener takes them; empty: every host.
    func hosts(
        _ route: GatehouseConfig.Route, _ listener: GatehouseConfig.Listener
    ) -> [GatehouseConfig.HostPattern] {
        guard let outer = listener.hostname else { return route.hostnames }
        guard !route.hostnames.isEmpty else { return [outer] }
        return route.hostnames.compactMap { $0.shared(with: outer) }
    }

    func problems(
        _ route: GatehouseConfig.Route, _ listener: GatehouseConfig.Listener
    ) -> [Diagnostic] {
        hostProblems(route, listener) + backendProblems(route)
    }

    private func hostProblems(
        _ route: GatehouseConfig.Route, _ listener: GatehouseConfig.Listener
    ) -> [Diagnostic] {
        guard let outer = listener.hostname, !route.hostnames.isEmpty else { return [] }
        let outside = route.hostnames.filter { $0.shared(with: outer) == nil }
        if outside.count == route.hostnames.count {
            return [
                .error(
                    route.position,
                    "route '\(route.name)' is for no host name of its listener, '\(outer)'")
            ]
        }
        return outside.map { name in
            Diagnostic.warning(
                route.position,
                "route '\(route.name)': '\(name)' is no host name of its listener, "
                    + "'\(outer)'")
        }
    }

    /// Routes that are never reached, because earlier ones of the listener match the same.
    func shadowed(_ listener: GatehouseConfig.Listener) -> [Diagnostic] {
        var seen: [String: String] = [:]
        return listener.routes.compactMap { route in
            let names = hosts(route, listener).map(\.description)
            let keys = (names.isEmpty ? ["*"] : names).flatMap { host in
                route.matches.map { "\(host) \($0.json)" }
            }
            let earlier = keys.compactMap { seen[$0] }
            for key in keys where seen[key] == nil { seen[key] = route.name }
            guard earlier.count == keys.count, let first = earlier.first else { return nil }
            return Diagnostic.warning(
                route.position,
                "route '\(route.name)' is never reached: '\(first)' matches the same")
        }
    }

    private func backendProblems(_ route: GatehouseConfig.Route) -> [Diagnostic] {
        route.backends.compactMap { backend in
            guard case .upstream(let upstream) = backend.target, let tls = upstream.tls else {
                return nil
            }
            if case .unix = upstream.endpoint, tls.hostname == nil, !tls.isInsecure {
                return .error(
                    backend.position,
                    "TLS over a Unix domain socket needs 'hostname', the name to verify")
            }
            return self.tls(tls).problem().map { .error(backend.position, $0) }
        }
    }
}

extension GatehouseConfig.HostPattern {
    /// What both patterns take; nil: nothing.
    func shared(with other: Self) -> Self? {
        switch (self, other) {
        case (.exact(let a), .exact(let b)): a == b ? self : nil
        case (.exact(let name), .wildcard(let suffix)):
            name.hasSuffix(".\(suffix)") && name.utf8.count > suffix.utf8.count + 1 ? self : nil
        case (.wildcard, .exact): other.shared(with: self)
        case (.wildcard(let a), .wildcard(let b)):
            if a == b || a.hasSuffix(".\(b)") {
                self
            } else if b.hasSuffix(".\(a)") {
                other
            } else {
                nil
            }
        }
    }
}
