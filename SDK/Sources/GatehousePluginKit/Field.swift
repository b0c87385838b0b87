import CGatehouse

/// A field of a message: a name with a value (RFC 9110 §5).
public struct Field: Sendable, Hashable {
    /// The name, a token.
    public var name: String
    /// The value, without CR, LF and NUL.
    public var value: String

    /// Makes a field of the two.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A field that belongs to the host, to be read until the callback returns.
public struct BorrowedField {
    /// The name as it came.
    public let name: BorrowedBytes
    /// The value, without surrounding white space.
    public let value: BorrowedBytes

    init(_ field: gh_field) {
        name = BorrowedBytes(field.name)
        value = BorrowedBytes(field.value)
    }
}

/// Fields that belong to the host, to be read until the callback returns.
public struct BorrowedFields: RandomAccessCollection {
    private let raw: UnsafeBufferPointer<gh_field>

    init(_ start: UnsafePointer<gh_field>?, _ count: UInt32) {
        raw = UnsafeBufferPointer(start: start, count: start == nil ? 0 : Int(count))
    }

    /// The index of the first field.
    public var startIndex: Int { 0 }
    /// How many fields there are.
    public var endIndex: Int { raw.count }
    /// One field.
    public subscript(position: Int) -> BorrowedField { BorrowedField(raw[position]) }

    /// The value of the first field of that name.
    ///
    /// - Parameter lower: in lower case.
    public func first(_ lower: StaticString) -> BorrowedBytes? {
        for field in self where field.name.equalsIgnoringCase(lower) { return field.value }
        return nil
    }
}

/// The direction of a message.
public enum Direction: UInt32, Sendable {
    /// From the client to the upstream.
    case request = 0
    /// Back.
    case response = 1
}

/// A change of a head.
public struct Edit: Sendable, Hashable {
    /// What it does.
    public enum Operation: UInt32, Sendable {
        /// Replaces all fields of that name by one.
        case set = 0
        /// Adds one field behind the others.
        case add = 1
        /// Removes all fields of that name.
        case remove = 2
    }

    /// What it does.
    public var operation: Operation
    /// The field; the value is not looked at for a removal.
    public var field: Field

    /// Replaces all fields of that name by one.
    public static func set(_ name: String, _ value: String) -> Edit {
        Edit(operation: .set, field: Field(name, value))
    }

    /// Adds one field behind the others.
    public static func add(_ name: String, _ value: String) -> Edit {
        Edit(operation: .add, field: Field(name, value))
    }

    /// Removes all fields of that name.
    public static func remove(_ name: String) -> Edit {
        Edit(operation: .remove, field: Field(name, ""))
    }
}
