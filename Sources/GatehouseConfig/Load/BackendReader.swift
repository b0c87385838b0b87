import GatehouseJSON

extension FileReader {
    /// The TLS of a route's `backendTLS` policy.
    mutating func routeTLS(_ policies: Node?) -> UpstreamTLS? {
        policies?.member("backendTLS").flatMap { tls($0.value) }
    }

    mutating func backends(_ route: Node, route name: String, place: String) -> [Backend] {
        let routeTLS = routeTLS(route["policies"])
        var found: [Backend] = []
        var pluginKeys: [Range<Mark>] = []
        for (number, item) in (route["backends"]?.items ?? []).enumerated() {
            guard let members = item.members,
                !members.contains(where: { isLater($0.key) })
            else { continue }
            let kinds = kinds(of: item, members)
            guard kinds.count == 1, let kind = kinds.first else {
                let range = members.first?.keyRange ?? item.range
                report(
                    range,
                    kinds.isEmpty
                        ? "a backend needs 'host', 'mcp' or the name of a backend plugin"
                        : "a backend is one thing: "
                            + kinds.map { "'\($0.key)'" }.joined(separator: " or "))
                continue
            }
            let isCore = CoreShape.backend.key(kind.key) != nil
            let own = ownTLS(item, isCore: isCore)
            if !isCore { pluginKeys.append(kind.keyRange) }
            let place = "\(place)/backends/\(number)/\(kind.key)"
            guard let target = target(kind, own ?? routeTLS, place, name) else { continue }
            found.append(
                Backend(
                    weight: item["weight"]?.integer ?? 1, target: target,
                    position: position(kind.keyRange)))
        }
        if found.count > 1, let key = pluginKeys.first {
            report(
                key, "a backend plugin takes every exchange of its route and stands alone",
                suggestion: "write a route for each")
        }
        if !found.isEmpty, found.count == pluginKeys.count,
            let member = route["policies"]?.member("backendTLS")
        {
            report(member.keyRange, "'backendTLS' is for backends of kind 'host' and 'mcp'")
        }
        return found
    }

    /// The TLS that stands at a backend itself, in one of its two places.
    private mutating func ownTLS(_ item: Node, isCore: Bool) -> UpstreamTLS? {
        let places = [item.member("tls"), item["policies"]?.member("backendTLS")].compactMap { $0 }
        guard let first = places.first else { return nil }
        if places.count > 1 {
            report(places[1].keyRange, "'backendTLS' says what 'tls' says already")
        }
        if !isCore { report(first.keyRange, "'\(first.key)' is for 'host' and 'mcp'") }
        return tls(first.value)
    }

    /// Reported already.
    private func isLater(_ key: String) -> Bool {
        CoreShape.backend.later[key] != nil && plugins.plugin(.backend, key) == nil
    }

    /// The members that say what a backend is.
    ///
    /// Beside `host` or `mcp` a key that is not known is a mistake and no plugin that is missing.
    private mutating func kinds(of node: Node, _ members: [Node.Member]) -> [Node.Member] {
        let shape = CoreShape.backend
        let found = members.filter { member in
            switch member.key {
            case "host", "mcp": true
            default:
                plugins.plugin(.backend, member.key) != nil
                    || shape.key(member.key) == nil && shape.later[member.key] == nil
            }
        }
        let core = found.filter { shape.key($0.key) != nil }
        guard !core.isEmpty else { return found }
        return found.filter { member in
            if shape.key(member.key) != nil || plugins.plugin(.backend, member.key) != nil {
                return true
            }
            report(
                member.keyRange, "unknown key '\(member.key)' in a backend",
                suggestion: Suggestion.text(for: member.key, among: shape.keys.map(\.name)))
            return false
        }
    }

    private mutating func target(
        _ kind: Node.Member, _ tls: UpstreamTLS?, _ place: String, _ route: String
    ) -> Backend.Target? {
        switch kind.key {
        case "host":
            guard let text = kind.value.text, let endpoint = try? Hosts.endpoint(text) else {
                return nil
            }
            return .upstream(Upstream(endpoint: endpoint, tls: tls, path: nil, isMCP: false))
        case "mcp": return mcp(kind, tls).map(Backend.Target.upstream)
        default:
            let known = CoreShape.backend.keys.map(\.name)
            return plugins.use(.backend, kind, known: known, place: place, route: route)
                .map(Backend.Target.plugin)
        }
    }

    private mutating func mcp(_ member: Node.Member, _ tls: UpstreamTLS?) -> Upstream? {
        guard let targets = member.value["targets"]?.items, let first = targets.first else {
            return nil
        }
        guard targets.count == 1 else {
            report(
                targets[1].range, "several targets are not supported yet",
                suggestion: "write a route for each")
            return nil
        }
        guard let server = first.member("mcp") else {
            let isLater = (first.members ?? []).contains { CoreShape.target.later[$0.key] != nil }
            if first.members != nil, !isLater { report(first.range, "a target needs 'mcp'") }
            return nil
        }
        guard let text = server.value["host"]?.text, var upstream = self.server(server, text) else {
            return nil
        }
        if let tls { upstream.tls = tls }
        return upstream
    }

    private mutating func server(_ member: Node.Member, _ host: String) -> Upstream? {
        guard let written = try? Hosts.mcpHost(host) else {
            return separate(member, host)
        }
        for key in ["port", "path"] {
            if let extra = member.value.member(key) {
                report(extra.keyRange, "'\(key)' stands in the URL already")
            }
        }
        return Hosts.upstream(written, isMCP: true)
    }

    /// `host`, `port` and `path` with keys of their own.
    private mutating func separate(_ member: Node.Member, _ host: String) -> Upstream? {
        // The check of the shape has reported what is neither a URL nor a name.
        guard !host.contains("://"), (try? Hosts.pattern(host)) != nil else { return nil }
        let port = member.value["port"]?.integer.flatMap(UInt16.init(exactly:))
        guard let port, let path = member.value["path"]?.text else {
            report(
                member.keyRange, "where host is only a name, 'port' and 'path' are needed",
                suggestion: "write host: http://name:port/path")
            return nil
        }
        let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return Upstream(
            endpoint: .host(name.lowercased(), port: port), tls: nil, path: path, isMCP: true)
    }

    private mutating func tls(_ node: Node) -> UpstreamTLS? {
        var tls = UpstreamTLS()
        guard node.members != nil else { return nil }
        if let member = node.member("hostname"), let name = member.value.text {
            if case .exact(let host)? = try? Hosts.pattern(name), !isAddress(host) {
                tls.hostname = host
            } else {
                report(
                    member.value.range, "'hostname' must be a name, without a wildcard",
                    suggestion: "leave it out where the backend is an address")
            }
        }
        tls.rootFile = node.member("root").flatMap { file($0, isKey: false) }
        let certificate = node.member("cert").flatMap { file($0, isKey: false) }
        let key = node.member("key").flatMap { file($0, isKey: true) }
        for (name, other) in [("cert", "key"), ("key", "cert")] {
            if let member = node.member(name), node.member(other) == nil {
                report(member.keyRange, "'\(name)' needs '\(other)' beside it")
            }
        }
        if let certificate, let key {
            tls.client = UpstreamTLS.ClientCertificate(certificateFile: certificate, keyFile: key)
        }
        if let member = node.member("insecure"), member.value.flag == true {
            tls.isInsecure = true
            report(member.keyRange, "the backend's certificate is not verified", .warning)
        }
        return tls
    }

    private func isAddress(_ host: String) -> Bool {
        host.hasPrefix("[") || IPAddress.bytes(host) != nil
    }

    /// A file that must exist; a private key may not be readable by everybody.
    private mutating func file(_ member: Node.Member, isKey: Bool) -> String? {
        guard let text = member.value.text, !text.isEmpty else { return nil }
        let path = Paths.absolute(text, in: directory)
        guard let isOpen = FileAccess.isWorldReadable(path) else {
            report(member.value.range, "the file '\(text)' does not exist")
            return nil
        }
        if isKey, isOpen {
            report(
                member.value.range, "the private key '\(text)' is readable by everybody",
                suggestion: "chmod 600 or 640")
        }
        return path
    }
}
