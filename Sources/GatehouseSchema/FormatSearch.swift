import GatehouseJSON

/// Where subschemas with a `format` apply in a value.
struct FormatSearch {
    let schema: JSONSchema
    let format: String
    private(set) var found: [JSONPointer] = []
    private var steps = 0

    init(schema: JSONSchema, format: String) {
        self.schema = schema
        self.format = format
    }

    mutating func visit(_ value: JSONValue, _ index: Int, at place: JSONPointer, depth: Int) {
        steps += 1
        guard depth <= SchemaLimits.depthMax, steps <= SchemaLimits.stepsMax else { return }
        let rule = schema.rules[index]
        if rule.format == format, !found.contains(place) { found.append(place) }
        var same = rule.all + rule.any + rule.one
        same += [rule.referenced, rule.condition, rule.then, rule.otherwise].compactMap(\.self)
        for next in same { visit(value, next, at: place, depth: depth + 1) }
        switch value {
        case .array(let items):
            for (index, item) in items.enumerated() {
                let isPrefix = index < rule.prefixItems.count
                guard let next = isPrefix ? rule.prefixItems[index] : rule.items else { break }
                visit(item, next, at: place.appending(String(index)), depth: depth + 1)
            }
        case .object(let members):
            for (name, member) in members {
                for next in rule.rules(for: name) {
                    visit(member, next, at: place.appending(name), depth: depth + 1)
                }
            }
        default: break
        }
    }
}

extension Rule {
    /// The subschemas that apply to a member of this name.
    func rules(for name: String) -> [Int] {
        var found = patternProperties.filter { $0.pattern.isFound(in: name) }.map(\.rule)
        if let direct = properties[name] { found.append(direct) }
        if found.isEmpty, let rest = additionalProperties { found.append(rest) }
        return found
    }
}
