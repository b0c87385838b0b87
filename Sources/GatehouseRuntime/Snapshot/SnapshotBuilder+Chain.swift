import GatehouseConfig
import GatehousePluginHost

extension SnapshotBuilder {
    /// The chain of a route: an instance of each of its plugins, or a stand-in that fails closed.
    func chain(
        _ route: Route, _ hosts: [String], _ listener: Listener, _ outcome: inout Outcome
    ) -> PolicyChain? {
        let uses = route.policies + route.backends.compactMap(\.pluginUse)
        guard !uses.isEmpty else { return nil }
        let description = describe(route, hosts, listener)
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
                name: use.name,
                orderClass: kind == .backend ? .backend : orderClass(use.name), reason: reason)
        }
        let created = host.create(
            functions, configuration: use.configurationJSON, route: description,
            secrets: Set(use.secretReferences), isDryRun: isDryRun)
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

    private func describe(
        _ route: Route, _ hosts: [String], _ listener: Listener
    ) -> RouteDescription {
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
        out.siblings = siblings(route, listener)
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
        plugins.orderClass(ofPolicy: policy) ?? .normal
    }

    /// How many other routes, of this listener and with a host in common, have a policy of each
    /// name.
    private func siblings(_ route: Route, _ listener: Listener) -> [String: Int] {
        var out: [String: Int] = [:]
        let own = hosts(route, listener)
        for other in listener.routes where other.name != route.name {
            guard sharesHost(own, hosts(other, listener)) else { continue }
            for name in Set(other.policies.map(\.name)) { out[name, default: 0] += 1 }
        }
        return out
    }

    private func sharesHost(_ a: [HostPattern], _ b: [HostPattern]) -> Bool {
        a.isEmpty || b.isEmpty
            || a.contains { one in b.contains { $0.shared(with: one) != nil } }
    }
}

extension Backend {
    fileprivate var pluginUse: PluginUse? {
        if case .plugin(let use) = target, weight > 0 { return use }
        return nil
    }
}
