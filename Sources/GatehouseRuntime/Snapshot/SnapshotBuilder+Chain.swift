import GatehouseConfig
import GatehousePluginHost

extension SnapshotBuilder {
    /// The chain of a route: an instance of each of its plugins, or a stand-in that fails closed.
    func chain(
        _ route: Route, _ hosts: [String], _ bind: Bind, _ outcome: inout Outcome
    ) -> PolicyChain? {
        let uses = route.policies + route.backends.compactMap(\.pluginUse)
        guard !uses.isEmpty else { return nil }
        let description = describe(route, hosts, bind)
        var members: [PolicyChain.Member] = []
        for use in uses { members.append(member(use, description, route, &outcome)) }
        do throws(PluginHostError) {
            return try PolicyChain(host: host, members: members)
        } catch {
            outcome.diagnostics.append(.error(route.position, "\(error)"))
            return nil
        }
    }

    private func member(
        _ use: PluginUse, _ description: RouteDescription, _ route: Route,
        _ outcome: inout Outcome
    ) -> PolicyChain.Member {
        let kind: PluginKind = use.kind == .backend ? .backend : .policy
        guard use.missing == nil, let functions = plugins.functions(kind, use.name) else {
            let reason = use.missing ?? "it is not in the plugin folder"
            outcome.standIns.append((route.name, use.name, reason))
            return .standIn(
                name: use.name, orderClass: kind == .backend ? .backend : .normal, reason: reason)
        }
        let created = host.create(
            functions, configuration: use.configurationJSON, route: description,
            isDryRun: isDryRun)
        for diagnostic in created.diagnostics {
            outcome.diagnostics.append(
                use.sourceMap.diagnostic(
                    diagnostic.isError ? .error : .warning, at: diagnostic.pointer,
                    message: diagnostic.message, suggestion: diagnostic.suggestion))
        }
        if let instance = created.instance { return .instance(instance) }
        if !created.diagnostics.contains(where: \.isError) {
            outcome.diagnostics.append(
                .error(use.position, "\(use.name) refused its configuration without a reason"))
        }
        return .standIn(
            name: use.name, orderClass: functions.orderClass, reason: "it was not created")
    }

    // MARK: What a plugin may know

    private func describe(_ route: Route, _ hosts: [String], _ bind: Bind) -> RouteDescription {
        var out = RouteDescription()
        out.name = route.name
        out.matchesJSON = route.matches.map(\.json)
        out.hosts = hosts
        out.publicURL = route.publicURL?.description
        out.upstreams = route.backends.compactMap { backend in
            if case .upstream(let upstream) = backend.target { return upstream.description }
            return nil
        }
        out.policies = sortedByClass(route.policies)
        out.siblings = siblings(route, bind)
        return out
    }

    private func sortedByClass(
        _ uses: [PluginUse]
    ) -> [(name: String, orderClass: OrderClass)] {
        let all = uses.map { (name: $0.name, orderClass: orderClass($0.name)) }
        // Swift's sort keeps the order of equals.
        return all.sorted { $0.orderClass < $1.orderClass }
    }

    private func orderClass(_ policy: String) -> OrderClass {
        plugins.functions(.policy, policy)?.orderClass ?? .normal
    }

    /// How many other routes, of this port and with a host in common, have a policy of each name.
    private func siblings(_ route: Route, _ bind: Bind) -> [String: Int] {
        var out: [String: Int] = [:]
        for listener in bind.listeners {
            for other in listener.routes where other.name != route.name {
                guard sharesHost(route, other) else { continue }
                for name in Set(other.policies.map(\.name)) { out[name, default: 0] += 1 }
            }
        }
        return out
    }

    private func sharesHost(_ a: Route, _ b: Route) -> Bool {
        a.hostnames.isEmpty || b.hostnames.isEmpty
            || !Set(a.hostnames).isDisjoint(with: b.hostnames)
    }
}

extension Backend {
    fileprivate var pluginUse: PluginUse? {
        if case .plugin(let use) = target { return use }
        return nil
    }
}
