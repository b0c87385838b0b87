import GatehouseJSON

extension Validation {
    mutating func checkCombined(
        _ value: JSONValue, _ rule: Rule, _ place: JSONPointer, _ depth: Int
    ) -> [SchemaViolation] {
        var found: [SchemaViolation] = []
        for next in rule.all { found += check(value, next, at: place, depth: depth + 1) }
        if !rule.any.isEmpty {
            let tried = rule.any.map { check(value, $0, at: place, depth: depth + 1) }
            if !tried.contains(where: \.isEmpty) {
                found += nearest(tried, rule.any, rule, "anyOf", place)
            }
        }
        if !rule.one.isEmpty {
            let tried = rule.one.map { check(value, $0, at: place, depth: depth + 1) }
            let fitting = tried.count(where: \.isEmpty)
            if fitting == 0 {
                found += nearest(tried, rule.one, rule, "oneOf", place)
            } else if fitting > 1 {
                let forms = zip(tried, rule.one).filter { $0.0.isEmpty }.map { label($0.1) }
                found.append(
                    violation(
                        rule, "oneOf", place,
                        "fits several forms at once: \(forms.joined(separator: ", "))"))
            }
        }
        if let not = rule.not, check(value, not, at: place, depth: depth + 1).isEmpty {
            let title = schema.rules[not].title.map { ": \($0)" } ?? ""
            found.append(violation(rule, "not", place, "is not allowed\(title)"))
        }
        if let condition = rule.condition {
            let holds = check(value, condition, at: place, depth: depth + 1).isEmpty
            if let next = holds ? rule.then : rule.otherwise {
                found += check(value, next, at: place, depth: depth + 1)
            }
        }
        return found
    }

    /// The violations of the branch that was most probably meant.
    ///
    /// That is the one whose first violation lies deepest in the value, then the one with the
    /// fewest, then the one that has a suggestion. Where no branch gets beyond the value itself
    /// and none has a suggestion, the forms are named instead.
    private func nearest(
        _ tried: [[SchemaViolation]], _ branches: [Int], _ rule: Rule, _ keyword: String,
        _ place: JSONPointer
    ) -> [SchemaViolation] {
        let level = place.tokens.count
        let scored = tried.map { found in
            (
                depth: found.map { $0.isAboutName ? level : $0.instancePointer.tokens.count }
                    .min() ?? level,
                count: found.count,
                helps: found.contains { $0.suggestion?.hasPrefix("did you mean") ?? false }
            )
        }
        guard tried.count > 1 else { return tried.first ?? [] }
        let best = scored.indices.min { a, b in
            (-scored[a].depth, scored[a].helps ? 0 : 1, scored[a].count)
                < (-scored[b].depth, scored[b].helps ? 0 : 1, scored[b].count)
        }
        if let best, scored[best].depth > level || scored[best].helps { return tried[best] }
        let forms = branches.map { label($0) }.joined(separator: ", ")
        return [violation(rule, keyword, place, "must have one of the forms \(forms)")]
    }

    /// A branch in a few words: its title, its required members, or its types.
    private func label(_ index: Int) -> String {
        let rule = schema.rules[index]
        if let title = rule.title { return title }
        if let target = rule.referenced { return label(target) }
        if !rule.required.isEmpty { return "{\(rule.required.joined(separator: ", "))}" }
        if let allowed = rule.allowed {
            return allowed.map { $0.stringValue ?? $0.serialized(.compact) }
                .joined(separator: " or ")
        }
        if !rule.types.isEmpty { return rule.types.map(\.phrase).joined(separator: " or ") }
        return "form \(rule.pointer)"
    }
}
