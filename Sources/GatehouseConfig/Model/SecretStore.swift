/// The values that the references in the plugins' configurations stand for.
///
/// Neither a description nor a reflection of it shows a value.
public struct SecretStore: Sendable {
    private var values: [String: [UInt8]] = [:]

    /// No secrets.
    public init() {}

    /// The names, sorted; they tell where a secret comes from, never what it is.
    public var references: [String] { values.keys.sorted() }

    /// The value of a reference; nil where the configuration has none of that name.
    public func value(of reference: String) -> [UInt8]? { values[reference] }

    mutating func insert(_ value: [UInt8], as reference: String) { values[reference] = value }
}

extension SecretStore: CustomStringConvertible, CustomReflectable {
    /// How many there are.
    public var description: String { "SecretStore(\(values.count))" }
    /// The names only.
    public var customMirror: Mirror { Mirror(self, children: ["references": references]) }
}
