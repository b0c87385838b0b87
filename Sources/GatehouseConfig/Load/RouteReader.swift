import GatehouseJSON
import GatehouseRegex

extension FileReader {
    /// The matches of a route; without any it matches every path.
    mutating func matches(_ route: Node) -> [RouteMatch] {
        guard let items = route["matches"]?.items, !items.isEmpty else { return [RouteMatch()] }
        return items.map { match($0) }
    }

    private mutating func match(_ node: Node) -> RouteMatch {
        var match = RouteMatch()
        if let path = node.member("path") { match.path = self.path(path) ?? match.path }
        match.method = node["method"]?.text
        match.headers = fields(node["headers"]).map { field in
            FieldMatch(name: field.name.lowercased(), value: field.value)
        }
        match.query = fields(node["query"])
        match.json = json(match).serialized(.canonical)
        return match
    }

    private mutating func path(_ member: Node.Member) -> PathMatch? {
        let kinds: [(String, (String) -> PathMatch)] = [
            ("exact", PathMatch.exact), ("pathPrefix", PathMatch.prefix),
            ("regex", PathMatch.regex),
        ]
        let found = kinds.compactMap { name, make in member.value[name]?.text.map(make) }
        if member.value.members != nil, found.count != 1 {
            report(member.keyRange, "a path is one of exact, pathPrefix and regex")
        }
        return found.first
    }

    private mutating func fields(_ node: Node?) -> [FieldMatch] {
        var found: [FieldMatch] = []
        for item in node?.items ?? [] {
            guard let name = item["name"]?.text, let value = item.member("value") else { continue }
            let exact = value.value["exact"]?.text
            let regex = value.value["regex"]?.text
            switch (exact, regex) {
            case (let text?, nil): found.append(FieldMatch(name: name, value: .exact(text)))
            case (nil, let text?): found.append(FieldMatch(name: name, value: .regex(text)))
            default: report(value.keyRange, "a value is one of exact and regex")
            }
        }
        return found
    }

    /// The match in the configuration's form, as plugins see it.
    private func json(_ match: RouteMatch) -> JSONValue {
        var object = JSONObject()
        switch match.path {
        case .exact(let text): object["path"] = ["exact": .string(text)]
        case .prefix(let text): object["path"] = ["pathPrefix": .string(text)]
        case .regex(let text): object["path"] = ["regex": .string(text)]
        }
        if let method = match.method { object["method"] = .string(method) }
        if !match.headers.isEmpty { object["headers"] = json(match.headers) }
        if !match.query.isEmpty { object["query"] = json(match.query) }
        return .object(object)
    }

    private func json(_ fields: [FieldMatch]) -> JSONValue {
        .array(
            fields.map { field in
                switch field.value {
                case .exact(let text):
                    ["name": .string(field.name), "value": ["exact": .string(text)]]
                case .regex(let text):
                    ["name": .string(field.name), "value": ["regex": .string(text)]]
                }
            })
    }

    /// The policies of a route that are plugins.
    mutating func policies(_ node: Node?, route: String, place: String) -> [PluginUse] {
        let core = CoreShape.policies.keys.map(\.name)
        return (node?.members ?? []).compactMap { member in
            if core.contains(member.key), plugins.plugin(.policy, member.key) == nil { return nil }
            if CoreShape.policies.later[member.key] != nil,
                plugins.plugin(.policy, member.key) == nil
            {
                return nil
            }
            return plugins.use(
                .policy, member, known: core, place: "\(place)/policies/\(member.key)",
                route: route)
        }
    }
}
