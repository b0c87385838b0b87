import GatehouseJSON
import GatehouseSchema

/// A checked tree to the model; what the shapes cannot say is checked here.
struct FileReader {
    let source: SourceText
    let directory: String
    var plugins: PluginReader
    var findings: [Finding] = []
    var configuration = Configuration()
    private var routeNames: [String: Mark] = [:]

    init(source: SourceText, directory: String, plugins: PluginReader) {
        self.source = source
        self.directory = directory
        self.plugins = plugins
    }

    mutating func report(
        _ range: Range<Mark>, _ message: String, suggestion: String? = nil,
        _ severity: Diagnostic.Severity = .error
    ) {
        findings.append(
            Finding(severity: severity, range: range, message: message, suggestion: suggestion))
    }

    /// Reads the whole file.
    mutating func read(_ root: Node) {
        configuration.directory = directory
        configuration.admin = admin(root["admin"])
        if root["accessLog"]?.text == "off" { configuration.accessLog = .off }
        configuration.trustedProxies = (root["trustedProxies"]?.items ?? []).compactMap {
            $0.text.flatMap(AddressBlock.init)
        }
        timeouts(root["timeouts"], &configuration.timeouts)
        configuration.limits = limits(root["limits"], over: configuration.limits)
        configuration.fetchAllow = (root["fetch"]?["allow"]?.items ?? []).compactMap { item in
            item.text.flatMap { try? Hosts.origin($0) }
        }
        let short = ["port", "address", "upstream", "matches", "policies", "publicUrl", "upgrade"]
        let used = (root.members ?? []).first { short.contains($0.key) }
        if let binds = root.member("binds") {
            if let used {
                report(
                    used.keyRange,
                    "'\(used.key)' belongs to the short form, which has no 'binds'")
            }
            configuration.binds = (binds.value.items ?? []).enumerated().compactMap {
                bind($1, index: $0)
            }
        } else if let used {
            shortForm(root, used.keyRange)
        } else {
            report(
                root.range.lowerBound..<root.range.lowerBound,
                "the configuration needs 'binds', or 'port' and 'upstream'")
        }
        refuseSamePorts(root["binds"]?.items ?? [])
        refuseAdminPort(root)
        configuration.secrets = plugins.secrets
    }

    private mutating func shortForm(_ root: Node, _ range: Range<Mark>) {
        for key in ["port", "upstream"] where root[key] == nil {
            report(range, "the short form needs '\(key)'")
        }
        let port = root["port"]?.integer.flatMap(UInt16.init(exactly:)) ?? 0
        var backends: [Backend] = []
        if let member = root.member("upstream"), let text = member.value.text,
            var upstream = try? Hosts.upstream(text)
        {
            let tls = routeTLS(root["policies"])
            upstream.tls = tls ?? upstream.tls
            backends = [
                Backend(
                    weight: 1, target: .upstream(upstream), position: position(member.keyRange))
            ]
        }
        let publicURL = publicURL(root)
        let name = "route-0"
        let route = Route(
            name: name, hostnames: [], matches: matches(root),
            policies: policies(root["policies"], route: name, place: ""), backends: backends,
            upgrade: texts(root["upgrade"]), publicURL: publicURL, timeouts: configuration.timeouts,
            limits: configuration.limits,
            position: position(range))
        let listener = Listener(
            name: "listener-0", hostname: nil, publicURL: publicURL, routes: [route],
            position: position(range))
        configuration.binds = [
            Bind(
                port: port, address: root["address"]?.text, listeners: [listener],
                position: position(range))
        ]
    }

    private mutating func bind(_ node: Node, index: Int) -> Bind? {
        guard node.members != nil else { return nil }
        let port = node["port"]?.integer.flatMap(UInt16.init(exactly:)) ?? 0
        var listeners: [Listener] = []
        var hosts: Set<HostPattern?> = []
        for (number, item) in (node["listeners"]?.items ?? []).enumerated() {
            let place = "/binds/\(index)/listeners/\(number)"
            guard let next = listener(item, number, port, place) else { continue }
            if !hosts.insert(next.hostname).inserted {
                let host = next.hostname.map { "host name '\($0)'" } ?? "listener for every host"
                report(
                    item["hostname"]?.range ?? item.range.lowerBound..<item.range.lowerBound,
                    "a second \(host) on this port")
            }
            listeners.append(next)
        }
        return Bind(
            port: port, address: node["address"]?.text, listeners: listeners,
            position: position(node.range))
    }

    private mutating func listener(
        _ node: Node, _ index: Int, _ port: UInt16, _ place: String
    ) -> Listener? {
        guard node.members != nil else { return nil }
        let name = node["name"]?.text ?? "listener-\(index)"
        let publicURL = publicURL(node)
        var routes: [Route] = []
        for (number, item) in (node["routes"]?.items ?? []).enumerated() where item.members != nil {
            let standard = "\(port)/\(name)/route-\(number)"
            routes.append(route(item, standard, publicURL, "\(place)/routes/\(number)"))
        }
        return Listener(
            name: name, hostname: node["hostname"]?.text.flatMap { try? Hosts.pattern($0) },
            publicURL: publicURL, routes: routes, position: position(node.range))
    }

    private mutating func route(
        _ node: Node, _ standardName: String, _ outer: PublicURL?, _ place: String
    ) -> Route {
        let name = node["name"]?.text ?? standardName
        if let first = routeNames[name] {
            report(
                node["name"]?.range ?? node.range.lowerBound..<node.range.lowerBound,
                "a second route '\(name)'", suggestion: "the first is on line \(first.line + 1)")
        }
        routeNames[name] = node.range.lowerBound
        var timeouts = configuration.timeouts
        let limits = self.limits(node["limits"], over: configuration.limits)
        self.timeouts(node["timeouts"], &timeouts)
        let policies = policies(node["policies"], route: name, place: place)
        let backends = backends(node, route: name, place: place)
        if node.member("backends") == nil, node.member("policies") == nil {
            report(
                (node.members?.first?.keyRange ?? node.range),
                "route '\(name)' has neither backends nor policies; it answers 503", .warning)
        }
        return Route(
            name: name,
            hostnames: (node["hostnames"]?.items ?? []).compactMap { item in
                item.text.flatMap { try? Hosts.pattern($0) }
            },
            matches: matches(node), policies: policies, backends: backends,
            upgrade: texts(node["upgrade"]), publicURL: publicURL(node) ?? outer,
            timeouts: timeouts, limits: limits,
            position: position(node.range))
    }

    /// One address and port twice cannot be bound.
    private mutating func refuseSamePorts(_ nodes: [Node]) {
        var seen: Set<String> = []
        for node in nodes {
            guard let port = node["port"]?.integer, port != 0 else { continue }
            let address = node["address"]?.text ?? "::"
            if !seen.insert("\(address) \(port)").inserted {
                report(
                    node["port"]?.range ?? node.range, "a second bind of port \(port)",
                    suggestion: "put its listeners below the first")
            }
        }
    }

    private func admin(_ node: Node?) -> Admin? {
        guard let node, node.members != nil else { return nil }
        var admin = Admin()
        admin.port = node["port"]?.integer.flatMap(UInt16.init(exactly:)) ?? 0
        admin.address = node["address"]?.text ?? admin.address
        admin.maxConnections = node["maxConnections"]?.integer ?? admin.maxConnections
        return admin
    }

    /// The port of `admin` is not one that clients use.
    private mutating func refuseAdminPort(_ root: Node) {
        guard let port = root["admin"]?["port"], let number = port.integer, number != 0 else {
            return
        }
        guard configuration.binds.contains(where: { Int($0.port) == number }) else { return }
        report(
            port.range, "port \(number) is that of a bind",
            suggestion: "give 'admin' a port of its own, which clients cannot reach")
    }

    func position(_ range: Range<Mark>) -> Position { source.position(range.lowerBound) }

    private func texts(_ node: Node?) -> [String] { (node?.items ?? []).compactMap(\.text) }

    private func publicURL(_ node: Node) -> PublicURL? {
        node["publicUrl"]?.text.flatMap { try? Hosts.publicURL($0) }
    }

    private func timeouts(_ node: Node?, _ timeouts: inout Timeouts) {
        for setting in Settings.timeouts {
            guard let text = node?[setting.key.name]?.text,
                let value = try? Amounts.duration(text)
            else {
                if node?[setting.key.name]?.text == "off" { setting.set(&timeouts, nil) }
                continue
            }
            setting.set(&timeouts, value)
        }
    }

    private mutating func limits(_ node: Node?, over base: Limits) -> Limits {
        var limits = base
        for setting in Settings.limits {
            guard let value = node?[setting.key.name], let text = value.text else { continue }
            if text == "off" {
                setting.set(&limits, nil)
            } else if let size = try? Amounts.bytes(text, mayBeOff: true) {
                if let bounds = setting.bounds, !bounds.contains(size) {
                    report(
                        value.range,
                        "'\(setting.key.name)' must be \(bounds.lowerBound) to "
                            + "\(bounds.upperBound) bytes")
                }
                setting.set(&limits, size)
            }
        }
        return limits
    }
}

extension Node {
    /// The text of a scalar, numbers as they are written; nil for nothing and for collections.
    var text: String? {
        guard let scalar, scalar.value != .null, scalar.value != .unresolved else { return nil }
        return scalar.text
    }

    var integer: Int? {
        if case .integer(let digits) = scalar?.value { Int(digits) } else { nil }
    }

    var flag: Bool? {
        if case .boolean(let flag) = scalar?.value { flag } else { nil }
    }

    func member(_ key: String) -> Member? {
        members?.first { $0.key == key && $0.value.scalar?.value != .null }
    }
}
