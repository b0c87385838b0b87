import GatehouseJSON
import GatehouseRegex

/// A schema document to rules; every keyword is known or refused.
struct SchemaCompiler {
    let document: JSONValue
    private(set) var rules: [Rule] = []
    private(set) var targets: [String: Int] = [:]

    init(document: JSONValue) { self.document = document }

    mutating func compile(
        _ value: JSONValue, at pointer: JSONPointer, depth: Int
    ) throws(SchemaError) -> Int {
        guard depth <= SchemaLimits.depthMax, rules.count < SchemaLimits.rulesMax else {
            throw SchemaError(pointer: pointer, reason: "the schema is too deep or too large")
        }
        let index = rules.count
        rules.append(Rule(pointer: pointer))
        targets[pointer.description] = index
        var rule = Rule(pointer: pointer)
        switch value {
        case .bool(let answer): rule.boolean = answer
        case .object(let members):
            for (key, value) in members {
                let place = Place(pointer: pointer.appending(key), depth: depth + 1)
                try keyword(key, value, place, &rule)
            }
        default: throw SchemaError(pointer: pointer, reason: "a schema is an object or a boolean")
        }
        rules[index] = rule
        return index
    }

    /// Finds what every `$ref` leads to.
    mutating func resolveReferences() throws(SchemaError) {
        for index in rules.indices {
            guard let reference = rules[index].reference else { continue }
            let pointer = rules[index].pointer.appending("$ref")
            guard reference.hasPrefix("#"),
                let target = targets[String(reference.dropFirst())]
            else {
                throw SchemaError(
                    pointer: pointer, reason: "$ref must be '#' and a JSON Pointer to a subschema")
            }
            rules[index].referenced = target
        }
    }

    struct Place {
        var pointer: JSONPointer
        var depth: Int

        func refused(_ reason: String) -> SchemaError {
            SchemaError(pointer: pointer, reason: reason)
        }

        func below(_ token: String) -> Place {
            Place(pointer: pointer.appending(token), depth: depth)
        }
    }

    private mutating func keyword(
        _ key: String, _ value: JSONValue, _ place: Place, _ rule: inout Rule
    ) throws(SchemaError) {
        switch key {
        case "$schema":
            let known = ["https://json-schema.org/draft/2020-12/schema"]
            guard let dialect = value.stringValue, known.contains(dialect) else {
                throw place.refused("only the 2020-12 dialect is supported")
            }
        case "$id":
            guard place.depth == 1 else { throw place.refused("$id is for the root only") }
        case "$comment", "description", "examples", "default", "deprecated", "readOnly",
            "writeOnly":
            break
        case "title": rule.title = value.stringValue
        case "$ref": rule.reference = try text(value, place)
        case "$defs": _ = try subschemas(value, place)
        case "type": rule.types = try types(value, place)
        case "enum":
            guard let values = value.arrayValue, !values.isEmpty else {
                throw place.refused("enum is a list that is not empty")
            }
            rule.allowed = values.map(\.normalized)
        case "const": rule.allowed = [value.normalized]
        case "format": rule.format = try text(value, place)
        case "pattern": rule.pattern = try pattern(text(value, place), place)
        default:
            if try numeric(key, value, place, &rule) { return }
            if try objects(key, value, place, &rule) { return }
            if try arrays(key, value, place, &rule) { return }
            if try combined(key, value, place, &rule) { return }
            throw place.refused("the keyword '\(key)' is not supported")
        }
    }

    private func numeric(
        _ key: String, _ value: JSONValue, _ place: Place, _ rule: inout Rule
    ) throws(SchemaError) -> Bool {
        switch key {
        case "minimum": rule.numbers.least = try number(value, place)
        case "maximum": rule.numbers.most = try number(value, place)
        case "exclusiveMinimum": rule.numbers.above = try number(value, place)
        case "exclusiveMaximum": rule.numbers.below = try number(value, place)
        case "minLength": rule.length.least = try count(value, place)
        case "maxLength": rule.length.most = try count(value, place)
        case "minItems": rule.itemCount.least = try count(value, place)
        case "maxItems": rule.itemCount.most = try count(value, place)
        case "minProperties": rule.propertyCount.least = try count(value, place)
        case "maxProperties": rule.propertyCount.most = try count(value, place)
        default: return false
        }
        return true
    }

    private mutating func objects(
        _ key: String, _ value: JSONValue, _ place: Place, _ rule: inout Rule
    ) throws(SchemaError) -> Bool {
        switch key {
        case "properties":
            for (name, index) in try subschemas(value, place) {
                rule.properties[name] = index
                rule.propertyOrder.append(name)
            }
        case "patternProperties":
            for (name, index) in try subschemas(value, place) {
                rule.patternProperties.append((try pattern(name, place.below(name)), index))
            }
        case "additionalProperties":
            rule.additionalProperties = try compile(value, at: place.pointer, depth: place.depth)
        case "propertyNames":
            rule.propertyNames = try compile(value, at: place.pointer, depth: place.depth)
        case "required": rule.required = try names(value, place)
        case "dependentRequired":
            guard let members = value.objectValue else { throw place.refused("not an object") }
            for (name, needed) in members {
                rule.dependentRequired.append((name, try names(needed, place.below(name))))
            }
        default: return false
        }
        return true
    }

    private mutating func arrays(
        _ key: String, _ value: JSONValue, _ place: Place, _ rule: inout Rule
    ) throws(SchemaError) -> Bool {
        switch key {
        case "items": rule.items = try compile(value, at: place.pointer, depth: place.depth)
        case "prefixItems": rule.prefixItems = try list(value, place)
        case "uniqueItems":
            guard let flag = value.boolValue else { throw place.refused("not a boolean") }
            rule.hasUniqueItems = flag
        default: return false
        }
        return true
    }

    private mutating func combined(
        _ key: String, _ value: JSONValue, _ place: Place, _ rule: inout Rule
    ) throws(SchemaError) -> Bool {
        switch key {
        case "allOf": rule.all = try list(value, place)
        case "anyOf": rule.any = try list(value, place)
        case "oneOf": rule.one = try list(value, place)
        case "not": rule.not = try compile(value, at: place.pointer, depth: place.depth)
        case "if": rule.condition = try compile(value, at: place.pointer, depth: place.depth)
        case "then": rule.then = try compile(value, at: place.pointer, depth: place.depth)
        case "else": rule.otherwise = try compile(value, at: place.pointer, depth: place.depth)
        default: return false
        }
        return true
    }

    private mutating func subschemas(
        _ value: JSONValue, _ place: Place
    ) throws(SchemaError) -> [(String, Int)] {
        guard let members = value.objectValue else { throw place.refused("not an object") }
        var found: [(String, Int)] = []
        for (name, schema) in members {
            let pointer = place.pointer.appending(name)
            found.append((name, try compile(schema, at: pointer, depth: place.depth)))
        }
        return found
    }

    private mutating func list(_ value: JSONValue, _ place: Place) throws(SchemaError) -> [Int] {
        guard let schemas = value.arrayValue, !schemas.isEmpty else {
            throw place.refused("not a list of schemas")
        }
        var found: [Int] = []
        for (index, schema) in schemas.enumerated() {
            let pointer = place.pointer.appending(String(index))
            found.append(try compile(schema, at: pointer, depth: place.depth))
        }
        return found
    }

    private func types(
        _ value: JSONValue, _ place: Place
    ) throws(SchemaError) -> [Rule.TypeName] {
        let names = value.arrayValue ?? [value]
        let types = names.compactMap { $0.stringValue.flatMap(Rule.TypeName.init(rawValue:)) }
        guard types.count == names.count, !types.isEmpty else {
            throw place.refused("not a type of JSON Schema")
        }
        return types
    }

    private func text(_ value: JSONValue, _ place: Place) throws(SchemaError) -> String {
        guard let text = value.stringValue else { throw place.refused("not a string") }
        return text
    }

    private func number(_ value: JSONValue, _ place: Place) throws(SchemaError) -> JSONNumber {
        guard case .number(let number) = value, number.double != nil else {
            throw place.refused("not a number")
        }
        return number
    }

    private func count(_ value: JSONValue, _ place: Place) throws(SchemaError) -> Int {
        guard let count = value.intValue, count >= 0, let small = Int(exactly: count) else {
            throw place.refused("not a count")
        }
        return small
    }

    private func names(_ value: JSONValue, _ place: Place) throws(SchemaError) -> [String] {
        let names = value.arrayValue?.compactMap(\.stringValue)
        guard let names, names.count == value.arrayValue?.count else {
            throw place.refused("not a list of names")
        }
        return names
    }

    private func pattern(_ text: String, _ place: Place) throws(SchemaError) -> Pattern {
        do { return try Pattern(text) } catch { throw place.refused(error.reason) }
    }
}
