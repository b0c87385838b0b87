/// A JSON text as a value (RFC 8259). Equality compares numbers by their text and objects by their
/// members in order.
public enum JSONValue: Sendable, Hashable {
    /// The literal null.
    case null
    /// true or false.
    case bool(Bool)
    /// A number, kept as it was written.
    case number(JSONNumber)
    /// A string of Unicode scalars.
    case string(String)
    /// The elements in order.
    case array([JSONValue])
    /// The members in order; no name occurs twice.
    case object(JSONObject)
}

extension JSONValue {
    /// Strings are equal when their bytes are (RFC 8259 §8.3), not when they are equivalent.
    public static func == (a: JSONValue, b: JSONValue) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }

    /// Whether this is the literal null.
    public var isNull: Bool { self == .null }

    /// The truth value; nil for every other kind.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number; nil for every other kind.
    public var numberValue: JSONNumber? {
        if case .number(let value) = self { value } else { nil }
    }

    /// The number as an integer, where it is one that fits.
    public var intValue: Int64? { numberValue?.int64 }

    /// The number as the nearest finite double.
    public var doubleValue: Double? { numberValue?.double }

    /// The string; nil for every other kind.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The elements; nil for every other kind.
    public var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members; nil for every other kind.
    public var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The member of that name; nil where there is none, or where this is no object.
    public subscript(_ name: String) -> JSONValue? { objectValue?[name] }

    /// The element at that index; nil out of range, or where this is no array.
    public subscript(_ index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else {
            return nil
        }
        return elements[index]
    }

    /// The kind as JSON Schema names it; "number" also for integers.
    public var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    /// null.
    public init(nilLiteral: ()) { self = .null }
    /// true or false.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An integer.
    public init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object; of a name that occurs twice the last value counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (name, value) in elements { object[name] = value }
        self = .object(object)
    }
}

/// A number as it was written, so that nothing is lost between reading and writing.
public struct JSONNumber: Sendable, Hashable {
    /// The text, of RFC 8259 §6.
    public let text: String

    /// Takes a text of RFC 8259 §6; nil for any other.
    public init?(_ text: String) {
        var bytes = Array(text.utf8)
        bytes.append(0)
        guard NumberGrammar.count(bytes, from: 0) == bytes.count - 1, bytes.count > 1 else {
            return nil
        }
        self.text = text
    }

    /// An integer.
    public init(_ value: Int64) { text = String(value) }

    /// Takes a text that the parser has checked.
    init(checked text: String) { self.text = text }

    /// The value, where the text has neither fraction nor exponent and fits.
    public var int64: Int64? { Self.digits(text) ?? Int64(text) }

    /// The value of a text of up to fifteen digits, which is a double exactly; nil for others.
    private static func digits(_ text: String) -> Int64? {
        var text = text
        return text.withUTF8 { bytes in
            guard (1...15).contains(bytes.count) else { return nil }
            var value: Int64 = 0
            for byte in bytes {
                guard byte &- 0x30 < 10 else { return nil }
                value = value &* 10 &+ Int64(byte &- 0x30)
            }
            return value
        }
    }

    /// The nearest double; nil where that is infinite.
    public var double: Double? {
        if let value = Self.digits(text) { return Double(value) }
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }
}

/// The grammar of RFC 8259 §6.
enum NumberGrammar {
    /// The length of the number that begins at `start`; 0 where there is none.
    ///
    /// `bytes` must end with a byte that is no part of a number.
    static func count(_ bytes: [UInt8], from start: Int) -> Int {
        bytes.withUnsafeBytes { count($0, from: start) }
    }

    static func count(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        func byte(_ at: Int) -> UInt8 { at < bytes.count ? bytes[at] : 0 }
        func digits(_ at: inout Int) -> Bool {
            let first = at
            while (0x30...0x39).contains(byte(at)) { at += 1 }
            return at > first
        }
        var at = start
        if byte(at) == 0x2d { at += 1 }
        if byte(at) == 0x30 {
            at += 1
        } else if !digits(&at) {
            return 0
        }
        if byte(at) == 0x2e {
            at += 1
            if !digits(&at) { return 0 }
        }
        if byte(at) | 0x20 == 0x65 {
            at += 1
            if byte(at) == 0x2b || byte(at) == 0x2d { at += 1 }
            if !digits(&at) { return 0 }
        }
        return at - start
    }
}
