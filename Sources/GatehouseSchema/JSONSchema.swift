public import GatehouseJSON

/// A JSON Schema (draft 2020-12), compiled: the part of the language that docs/configuration.md
/// lists.
///
/// A keyword outside of it is refused when the schema is made, so that no rule is silently not
/// checked. Work and recursion are bounded, whatever the schema and the value are.
/// **Thread:** any; immutable.
public struct JSONSchema: Sendable {
    /// The schema as it was given.
    public let document: JSONValue
    let rules: [Rule]
    /// The rules that `$ref` leads to, by JSON Pointer.
    let targets: [String: Int]

    /// Compiles a schema.
    ///
    /// - Throws: `SchemaError` with the place of what is not supported or wrong.
    public init(_ document: JSONValue) throws(SchemaError) {
        var compiler = SchemaCompiler(document: document)
        _ = try compiler.compile(document, at: JSONPointer(tokens: []), depth: 0)
        try compiler.resolveReferences()
        self.document = document
        rules = compiler.rules
        targets = compiler.targets
    }

    /// Everything that is wrong with a value, in the order of the value; at most
    /// `SchemaLimits.violationsMax`.
    public func validate(_ value: JSONValue) -> [SchemaViolation] {
        var validation = Validation(schema: self)
        let found = validation.check(value, 0, at: JSONPointer(tokens: []), depth: 0)
        return Array(found.prefix(SchemaLimits.violationsMax))
    }

    /// Where in a value a subschema with this `format` applies, whether the value fits or not.
    ///
    /// All branches of `oneOf` and the like count, so that what may be a secret is treated as one.
    public func locations(ofFormat format: String, in value: JSONValue) -> [JSONPointer] {
        var search = FormatSearch(schema: self, format: format)
        search.visit(value, 0, at: JSONPointer(tokens: []), depth: 0)
        return search.found
    }

    func target(of reference: String) -> Int? {
        reference.hasPrefix("#") ? targets[String(reference.dropFirst())] : nil
    }
}

/// Why a schema cannot be used.
public struct SchemaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The place in the schema.
    public let pointer: JSONPointer
    /// One sentence without a full stop.
    public let reason: String

    /// The reason and the place.
    public var description: String { "\(reason) at '\(pointer)'" }
}

/// One thing that is wrong with a value. It never holds a part of the value but names of members.
public struct SchemaViolation: Sendable, Hashable {
    /// The place in the value.
    public var instancePointer: JSONPointer
    /// The keyword in the schema that is violated.
    public var schemaPointer: JSONPointer
    /// What is wrong, without the place and without a full stop.
    public var message: String
    /// What to write instead.
    public var suggestion: String?
    /// The member itself is wrong, not its value: an unknown or misnamed one.
    public var isAboutName = false
}

/// The bounds of the validator.
public enum SchemaLimits {
    /// Nesting of a schema, and of rules in rules while validating.
    public static let depthMax = 96
    /// Subschemas of one schema.
    public static let rulesMax = 20_000
    /// Rules tried on one value: `oneOf` in `oneOf` may multiply.
    public static let stepsMax = 200_000
    /// Violations reported for one value.
    public static let violationsMax = 100
}
