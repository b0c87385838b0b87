/// What may stand at one place of a configuration file.
///
/// One description serves three readers: the check of a file (`ShapeCheck`), the JSON Schema
/// (`ConfigurationSchema`) and the tables of docs/configuration.md.
indirect enum Shape: Sendable {
    /// Text of a format.
    case text(TextFormat)
    /// An integer in a range.
    case integer(ClosedRange<Int>)
    /// `true` or `false`.
    case flag
    /// A list with at least so many items.
    case list(Shape, atLeast: Int)
    /// A mapping.
    case object(ObjectShape)
}

/// A mapping with known keys.
struct ObjectShape: Sendable {
    /// What it is called in messages: `a route`.
    var name: String
    /// The keys, in the order of the documentation.
    var keys: [Key]
    /// agentgateway's keys that are not supported yet, each with what to say.
    var later: [String: String] = [:]
    /// What every other key names; nil: there are no others.
    var others: InstalledPlugin.Kind?

    func key(_ name: String) -> Key? { keys.first { $0.name == name } }
}

/// One key of a mapping.
struct Key: Sendable {
    var name: String
    var shape: Shape
    var isRequired = false
    /// One sentence for the schema and the documentation.
    var description: String
    /// The default as it would be written; nil: there is none.
    var standard: String?
    /// An example as it would be written.
    var example: String?

    init(
        _ name: String, _ shape: Shape, isRequired: Bool = false, default standard: String? = nil,
        example: String? = nil, _ description: String
    ) {
        self.name = name
        self.shape = shape
        self.isRequired = isRequired
        self.standard = standard
        self.example = example
        self.description = description
    }
}

/// Something that is wrong at a place of the text, before it is rendered.
struct Finding: Sendable, Hashable {
    var severity = Diagnostic.Severity.error
    var range: Range<Mark>
    var message: String
    var suggestion: String?

    /// The order in which findings are shown: that of the file.
    var order: (Mark, String, String) { (range.lowerBound, severity.rawValue, message) }
}
