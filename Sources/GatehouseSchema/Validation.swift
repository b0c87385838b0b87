import GatehouseJSON

/// One run of the validator; it counts its steps.
struct Validation {
    let schema: JSONSchema
    private var steps = 0

    init(schema: JSONSchema) { self.schema = schema }

    mutating func check(
        _ value: JSONValue, _ index: Int, at place: JSONPointer, depth: Int
    ) -> [SchemaViolation] {
        let rule = schema.rules[index]
        steps += 1
        guard depth <= SchemaLimits.depthMax, steps <= SchemaLimits.stepsMax else {
            return [
                violation(rule, "", place, "is too deep or too large to be checked")
            ]
        }
        if let boolean = rule.boolean {
            return boolean ? [] : [violation(rule, "", place, "is not allowed here")]
        }
        // A value of another type fails every other rule too; one message is enough.
        if let wrong = checkType(value, rule, place) { return [wrong] }
        var found: [SchemaViolation] = []
        if let target = rule.referenced {
            found += check(value, target, at: place, depth: depth + 1)
        }
        if let wrong = checkAllowed(value, rule, place) { found.append(wrong) }
        switch value {
        case .string(let text): found += checkString(text, rule, place)
        case .number(let number): found += checkNumber(number, rule, place)
        case .array(let items): found += checkArray(items, rule, place, depth)
        case .object(let members): found += checkObject(members, rule, place, depth)
        default: break
        }
        return found + checkCombined(value, rule, place, depth)
    }

    func violation(
        _ rule: Rule, _ keyword: String, _ place: JSONPointer, _ message: String,
        suggestion: String? = nil
    ) -> SchemaViolation {
        SchemaViolation(
            instancePointer: place,
            schemaPointer: keyword.isEmpty ? rule.pointer : rule.pointer.appending(keyword),
            message: message, suggestion: suggestion)
    }

    private func checkType(
        _ value: JSONValue, _ rule: Rule, _ place: JSONPointer
    ) -> SchemaViolation? {
        guard !rule.types.isEmpty, !rule.types.contains(where: { $0.holds(value) }) else {
            return nil
        }
        let wanted = rule.types.map(\.phrase).joined(separator: " or ")
        var suggestion: String?
        if rule.types.contains(.string), value.boolValue != nil || value.numberValue != nil {
            suggestion = "quote it to make it text"
        } else if rule.types == [.array] {
            suggestion = "write it as a list: [...]"
        }
        return violation(rule, "type", place, "must be \(wanted)", suggestion: suggestion)
    }

    private func checkAllowed(
        _ value: JSONValue, _ rule: Rule, _ place: JSONPointer
    ) -> SchemaViolation? {
        guard let allowed = rule.allowed, !allowed.contains(value.normalized) else { return nil }
        let names = allowed.map { $0.stringValue ?? $0.serialized(.compact) }
        let message =
            names.count == 1
            ? "must be \(names[0])" : "must be one of \(names.joined(separator: ", "))"
        let near = value.stringValue.flatMap { Names.nearest(to: $0, among: names) }
        return violation(
            rule, "enum", place, message, suggestion: near.map { "did you mean '\($0)'?" })
    }

    private func checkString(
        _ text: String, _ rule: Rule, _ place: JSONPointer
    ) -> [SchemaViolation] {
        var found: [SchemaViolation] = []
        let count = text.unicodeScalars.count
        if let least = rule.length.least, count < least {
            let message =
                least == 1 ? "must not be empty" : "must have at least \(least) characters"
            found.append(violation(rule, "minLength", place, message))
        }
        if let most = rule.length.most, count > most {
            found.append(
                violation(rule, "maxLength", place, "must have at most \(most) characters"))
        }
        if let pattern = rule.pattern, !pattern.isFound(in: text) {
            found.append(
                violation(rule, "pattern", place, "must match the pattern \(pattern.text)"))
        }
        if let format = rule.format, let wrong = Format.problem(text, format) {
            found.append(violation(rule, "format", place, wrong))
        }
        return found
    }

    private func checkNumber(
        _ number: JSONNumber, _ rule: Rule, _ place: JSONPointer
    ) -> [SchemaViolation] {
        let range = rule.numbers
        var found: [SchemaViolation] = []
        if let least = range.least, number.order(least) < 0 {
            found.append(violation(rule, "minimum", place, "must be at least \(least.text)"))
        }
        if let most = range.most, number.order(most) > 0 {
            found.append(violation(rule, "maximum", place, "must be at most \(most.text)"))
        }
        if let above = range.above, number.order(above) <= 0 {
            found.append(
                violation(rule, "exclusiveMinimum", place, "must be more than \(above.text)"))
        }
        if let below = range.below, number.order(below) >= 0 {
            found.append(
                violation(rule, "exclusiveMaximum", place, "must be less than \(below.text)"))
        }
        return found
    }

    private mutating func checkArray(
        _ items: [JSONValue], _ rule: Rule, _ place: JSONPointer, _ depth: Int
    ) -> [SchemaViolation] {
        var found: [SchemaViolation] = []
        if let least = rule.itemCount.least, items.count < least {
            let message = least == 1 ? "must not be empty" : "must have at least \(least) items"
            found.append(violation(rule, "minItems", place, message))
        }
        if let most = rule.itemCount.most, items.count > most {
            found.append(violation(rule, "maxItems", place, "must have at most \(most) items"))
        }
        if rule.hasUniqueItems {
            var seen: Set<JSONValue> = []
            for (index, item) in items.enumerated()
            where !seen.insert(item.normalized).inserted {
                let at = place.appending(String(index))
                found.append(violation(rule, "uniqueItems", at, "stands in the list twice"))
            }
        }
        for (index, item) in items.enumerated() {
            let isPrefix = index < rule.prefixItems.count
            guard let next = isPrefix ? rule.prefixItems[index] : rule.items else { break }
            found += check(item, next, at: place.appending(String(index)), depth: depth + 1)
            if found.count > SchemaLimits.violationsMax { break }
        }
        return found
    }
}
