/// Bounds of a JSON text that comes from somebody else.
public struct JSONLimits: Sendable, Hashable {
    /// The largest text, in bytes.
    public var maxBytes: Int
    /// How deep arrays and objects may nest, from 0 (a scalar only) to 512.
    public var maxDepth: Int
    /// How many values there may be in all, the outermost included.
    public var maxValues: Int

    /// 1 MiB, 32 levels and 100,000 values unless told otherwise.
    public init(maxBytes: Int = 1 << 20, maxDepth: Int = 32, maxValues: Int = 100_000) {
        self.maxBytes = maxBytes
        self.maxDepth = min(max(maxDepth, 0), 512)
        self.maxValues = maxValues
    }

    /// 1 MiB, 32 levels, 100,000 values.
    public static let `default` = JSONLimits()
}

/// Why a text is not the JSON that we take.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One clause, without the text's own content.
    public let reason: String
    /// The byte at which it was noticed, from 0.
    public let offset: Int

    /// Makes an error of its two parts.
    public init(reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// The reason and the offset.
    public var description: String { "\(reason) at byte \(offset)" }
}

extension JSONValue {
    /// Parses a text (RFC 8259), stricter than the RFC asks: a name that occurs twice in an object,
    /// a lone surrogate, a byte order mark and invalid UTF-8 are refused.
    ///
    /// - Throws: ``JSONError`` for the first thing that is wrong.
    public init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
        let outcome = bytes.withUnsafeBytes { JSONValue.outcome($0, limits) }
        self = try outcome.get()
    }

    /// Parses the UTF-8 of a string.
    public init(parsing text: String, limits: JSONLimits = .default) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }

    /// Parses bytes that are borrowed for the call.
    public init(
        parsing bytes: UnsafeRawBufferPointer, limits: JSONLimits = .default
    ) throws(JSONError) {
        self = try JSONValue.outcome(bytes, limits).get()
    }

    private static func outcome(
        _ bytes: UnsafeRawBufferPointer, _ limits: JSONLimits
    ) -> Result<JSONValue, JSONError> {
        var parser = JSONParser(bytes: bytes, limits: limits)
        do throws(JSONError) {
            return .success(try parser.parseText())
        } catch {
            return .failure(error)
        }
    }
}

/// A recursive-descent parser whose depth the limits bound.
struct JSONParser {
    let bytes: UnsafeRawBufferPointer
    let limits: JSONLimits
    var at = 0
    private var values = 0

    init(bytes: UnsafeRawBufferPointer, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func parseText() throws(JSONError) -> JSONValue {
        guard bytes.count <= limits.maxBytes else {
            throw JSONError(reason: "longer than \(limits.maxBytes) bytes", offset: limits.maxBytes)
        }
        skipWhitespace()
        let value = try parseValue(depth: 0)
        skipWhitespace()
        guard at == bytes.count else { throw error("something follows the value") }
        return value
    }

    private mutating func parseValue(depth: Int) throws(JSONError) -> JSONValue {
        values += 1
        guard values <= limits.maxValues else {
            throw error("more than \(limits.maxValues) values")
        }
        switch peek() {
        case UInt8(ascii: "{"): return try parseObject(depth: depth + 1)
        case UInt8(ascii: "["): return try parseArray(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseLiteral("true", .bool(true))
        case UInt8(ascii: "f"): return try parseLiteral("false", .bool(false))
        case UInt8(ascii: "n"): return try parseLiteral("null", .null)
        case nil: throw error("the text ends where a value is expected")
        default: return try parseNumber()
        }
    }

    private mutating func parseObject(depth: Int) throws(JSONError) -> JSONValue {
        try open(depth: depth)
        var object = JSONObject()
        if take(UInt8(ascii: "}")) { return .object(object) }
        while true {
            guard peek() == UInt8(ascii: "\"") else { throw error("a member's name is expected") }
            let start = at
            let name = try parseString()
            skipWhitespace()
            guard take(UInt8(ascii: ":")) else { throw error("a colon is expected") }
            skipWhitespace()
            let value = try parseValue(depth: depth)
            guard object.append(name, value) else {
                throw JSONError(reason: "a member's name occurs twice", offset: start)
            }
            if try close(UInt8(ascii: "}")) { return .object(object) }
        }
    }

    private mutating func parseArray(depth: Int) throws(JSONError) -> JSONValue {
        try open(depth: depth)
        var elements: [JSONValue] = []
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try parseValue(depth: depth))
            if try close(UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    private mutating func open(depth: Int) throws(JSONError) {
        guard depth <= limits.maxDepth else {
            throw error("nested deeper than \(limits.maxDepth) levels")
        }
        at += 1
        skipWhitespace()
    }

    /// After an element: the end (true), or a comma and the next element (false).
    private mutating func close(_ end: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        if take(end) { return true }
        guard take(UInt8(ascii: ",")) else {
            throw error("a comma or the end of the \(end == 0x7d ? "object" : "array") is expected")
        }
        skipWhitespace()
        return false
    }

    private mutating func parseLiteral(
        _ text: StaticString, _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        let count = text.utf8CodeUnitCount
        guard bytes.count - at >= count,
            (0..<count).allSatisfy({ bytes[at + $0] == text.utf8Start[$0] })
        else { throw error("no JSON value") }
        at += count
        return value
    }

    private mutating func parseNumber() throws(JSONError) -> JSONValue {
        let count = NumberGrammar.count(bytes, from: at)
        guard count > 0 else { throw error("no JSON value") }
        let text = String(decoding: bytes[at..<at + count], as: UTF8.self)
        at += count
        return .number(JSONNumber(checked: text))
    }

    // MARK: Bytes

    func peek() -> UInt8? { at < bytes.count ? bytes[at] : nil }

    mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        at += 1
        return true
    }

    private mutating func skipWhitespace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            at += 1
        }
    }

    func error(_ reason: String) -> JSONError { JSONError(reason: reason, offset: at) }
}
