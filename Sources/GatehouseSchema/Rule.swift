import GatehouseJSON

/// One subschema; other subschemas are indices into the schema's list.
struct Rule: Sendable {
    var pointer: JSONPointer
    /// `true` or `false` instead of an object.
    var boolean: Bool?
    var title: String?
    var format: String?
    var reference: String?
    var referenced: Int?

    var types: [TypeName] = []
    var allowed: [JSONValue]?
    var numbers = NumberRange()
    var pattern: Pattern?
    var length = CountRange()

    var properties: [String: Int] = [:]
    var propertyOrder: [String] = []
    var patternProperties: [(pattern: Pattern, rule: Int)] = []
    var additionalProperties: Int?
    var propertyNames: Int?
    var required: [String] = []
    var dependentRequired: [(name: String, needed: [String])] = []
    var propertyCount = CountRange()

    var prefixItems: [Int] = []
    var items: Int?
    var itemCount = CountRange()
    var hasUniqueItems = false

    var all: [Int] = []
    var any: [Int] = []
    var one: [Int] = []
    var not: Int?
    var condition: Int?
    var then: Int?
    var otherwise: Int?

    /// The types of JSON Schema; an integer is a number without a fraction.
    enum TypeName: String, Sendable, CaseIterable {
        case null
        case boolean
        case integer
        case number
        case string
        case array
        case object

        var phrase: String {
            switch self {
            case .null: "null"
            case .boolean: "true or false"
            case .integer: "an integer"
            case .number: "a number"
            case .string: "text"
            case .array: "a list"
            case .object: "a mapping"
            }
        }

        func holds(_ value: JSONValue) -> Bool {
            switch (self, value) {
            case (.null, .null), (.boolean, .bool), (.number, .number), (.string, .string),
                (.array, .array), (.object, .object):
                true
            case (.integer, .number(let number)): number.isWhole
            default: false
            }
        }
    }

    struct CountRange: Sendable {
        var least: Int?
        var most: Int?
    }

    struct NumberRange: Sendable {
        var least: JSONNumber?
        var most: JSONNumber?
        var above: JSONNumber?
        var below: JSONNumber?
    }
}

extension JSONNumber {
    /// Whether it has no fraction: `2`, `2.0` and `2e3` are integers (JSON Schema Core 4.2.3).
    var isWhole: Bool {
        if Int64(text) != nil { return true }
        guard let value = double else { return false }
        return value.rounded(.towardZero) == value
    }

    /// -1, 0 or 1; numbers beyond 2^63 are compared as doubles.
    func order(_ other: JSONNumber) -> Int {
        if let a = Int64(text), let b = Int64(other.text) { return a < b ? -1 : a == b ? 0 : 1 }
        guard let a = double, let b = other.double else { return 1 }
        return a < b ? -1 : a == b ? 0 : 1
    }
}

extension JSONValue {
    /// The same value with numbers in one spelling, so that 1 equals 1.0 (Core 4.2.2).
    var normalized: JSONValue {
        switch self {
        case .number(let number):
            if Int64(number.text) == nil, let double = number.double, number.isWhole,
                let whole = Int64(exactly: double)
            {
                return .number(JSONNumber(whole))
            }
            return self
        case .array(let items): return .array(items.map(\.normalized))
        case .object(let members):
            var sorted = JSONObject()
            for key in members.keys.sorted() { sorted[key] = members[key]?.normalized }
            return .object(sorted)
        default: return self
        }
    }
}
