import GatehouseJSON

extension Validation {
    mutating func checkObject(
        _ members: JSONObject, _ rule: Rule, _ place: JSONPointer, _ depth: Int
    ) -> [SchemaViolation] {
        let slips = slips(members, rule)
        var found = checkPresence(members, rule, place, written: Set(slips.values))
        for (name, value) in members {
            let at = place.appending(name)
            if let names = rule.propertyNames {
                found += check(.string(name), names, at: at, depth: depth + 1).map { wrong in
                    var wrong = wrong
                    wrong.message = "the name '\(name)' \(wrong.message)"
                    wrong.isAboutName = true
                    return wrong
                }
            }
            var isKnown = false
            if let next = rule.properties[name] {
                isKnown = true
                found += check(value, next, at: at, depth: depth + 1)
            }
            for entry in rule.patternProperties where entry.pattern.isFound(in: name) {
                isKnown = true
                found += check(value, entry.rule, at: at, depth: depth + 1)
            }
            if !isKnown, let rest = rule.additionalProperties {
                if schema.rules[rest].boolean == false {
                    found.append(unknown(name, meant: slips[name], rule, at))
                } else {
                    found += check(value, rest, at: at, depth: depth + 1)
                }
            }
            if found.count > SchemaLimits.violationsMax { break }
        }
        return found
    }

    /// The unknown members that are near to a known one that is not there.
    private func slips(_ members: JSONObject, _ rule: Rule) -> [String: String] {
        guard let rest = rule.additionalProperties, schema.rules[rest].boolean == false else {
            return [:]
        }
        let free = rule.propertyOrder.filter { members[$0] == nil }
        var found: [String: String] = [:]
        for name in members.keys where rule.properties[name] == nil {
            found[name] = Names.nearest(to: name, among: free)
        }
        return found
    }

    /// What must be there and is not; `written` stands there under a misspelt name.
    private func checkPresence(
        _ members: JSONObject, _ rule: Rule, _ place: JSONPointer, written: Set<String>
    ) -> [SchemaViolation] {
        var found: [SchemaViolation] = []
        for name in rule.required where members[name] == nil && !written.contains(name) {
            found.append(violation(rule, "required", place, "'\(name)' is missing"))
        }
        for (name, needed) in rule.dependentRequired where members[name] != nil {
            for other in needed where members[other] == nil {
                found.append(
                    violation(
                        rule, "dependentRequired", place.appending(name),
                        "needs '\(other)' beside it"))
            }
        }
        if let least = rule.propertyCount.least, members.count < least {
            let message = least == 1 ? "must not be empty" : "must have at least \(least) members"
            found.append(violation(rule, "minProperties", place, message))
        }
        if let most = rule.propertyCount.most, members.count > most {
            let message = "must have at most \(most) member\(most == 1 ? "" : "s")"
            found.append(violation(rule, "maxProperties", place, message))
        }
        return found
    }

    private func unknown(
        _ name: String, meant: String?, _ rule: Rule, _ place: JSONPointer
    ) -> SchemaViolation {
        var suggestion = meant.map { "did you mean '\($0)'?" }
        if suggestion == nil, !rule.propertyOrder.isEmpty, rule.propertyOrder.count <= 12 {
            suggestion = "known here: \(rule.propertyOrder.joined(separator: ", "))"
        }
        var wrong = violation(
            rule, "additionalProperties", place, "unknown key '\(name)'", suggestion: suggestion)
        wrong.isAboutName = true
        return wrong
    }
}
