/// One node of a configuration file, with its place.
struct Node: Sendable {
    enum Content: Sendable {
        case scalar(Scalar)
        case sequence([Node])
        case mapping([Member])
    }

    /// One key of a mapping and its value; keys are unique, in the order of the file.
    struct Member: Sendable {
        var key: String
        var keyRange: Range<Mark>
        var value: Node
    }

    var content: Content
    var range: Range<Mark>
    /// What it and everything below it counts against `FileLimits.nodesMax`.
    var count = 1
    /// The levels below it.
    var height = 0

    /// The members of a mapping; a missing value counts as an empty mapping.
    var members: [Member]? {
        switch content {
        case .mapping(let members): members
        case .scalar(let scalar) where scalar.value == .null: []
        default: nil
        }
    }

    /// The items of a list; a missing value counts as an empty list.
    var items: [Node]? {
        switch content {
        case .sequence(let items): items
        case .scalar(let scalar) where scalar.value == .null: []
        default: nil
        }
    }

    /// The scalar, unless it is a collection.
    var scalar: Scalar? {
        if case .scalar(let scalar) = content { scalar } else { nil }
    }

    /// A member's value; nil where there is none.
    subscript(_ key: String) -> Node? {
        members?.first { $0.key == key }?.value
    }

    /// `a mapping`, `a list`, `text`, for messages.
    var kindName: String {
        switch content {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar(let scalar): scalar.value.kindName
        }
    }
}

/// A scalar after `${VAR}` was expanded.
struct Scalar: Sendable {
    /// The text as it counts.
    var text: String
    /// What it is by the YAML 1.2 core schema; quoted scalars are text.
    var value: Value

    enum Value: Sendable, Hashable {
        case null
        case boolean(Bool)
        /// Decimal digits with an optional minus, no leading zeros.
        case integer(String)
        /// A JSON number.
        case decimal(String)
        /// `.inf`, `.nan`: no JSON value.
        case notFinite
        case text
        /// A variable in it could not be expanded, which was reported: nothing is known of it.
        case unresolved

        var kindName: String {
            switch self {
            case .null: "nothing"
            case .boolean: "a boolean"
            case .integer: "an integer"
            case .decimal, .notFinite: "a number"
            case .text, .unresolved: "text"
            }
        }
    }
}
