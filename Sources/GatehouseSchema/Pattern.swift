import GatehouseRegex

/// A `pattern`: found anywhere in a text (JSON Schema Validation 6.3.3), in linear time.
struct Pattern: Sendable {
    let text: String
    private let regex: LinearRegex

    init(_ text: String) throws(RegexError) {
        self.text = text
        regex = try LinearRegex(text)
    }

    func isFound(in text: String) -> Bool { regex.contains(text) }
}
