/// Where heads and chunk frames are written: a growing buffer of the caller.
///
/// The proxy adapts its send buffer, so that a rewritten head is copied once, from the receive
/// buffer into the send buffer.
public protocol ByteSink {
    /// Appends these bytes; they are borrowed for the call.
    mutating func append(_ bytes: UnsafeRawBufferPointer)
    /// Appends one byte.
    mutating func append(_ byte: UInt8)
}

extension ByteSink {
    /// Appends the UTF-8 bytes of a literal.
    @inlinable
    public mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a decimal number.
    public mutating func append(decimal number: UInt64) {
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var left = number
            var at = 20
            repeat {
                at -= 1
                digits[at] = 48 + UInt8(truncatingIfNeeded: left % 10)
                left /= 10
            } while left > 0
            append(UnsafeRawBufferPointer(rebasing: digits[at...]))
        }
    }

    /// Appends a hexadecimal number in lower case.
    public mutating func append(hexadecimal number: UInt64) {
        withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { digits in
            var left = number
            var at = 16
            repeat {
                at -= 1
                let digit = UInt8(truncatingIfNeeded: left & 15)
                digits[at] = digit < 10 ? 48 + digit : 87 + digit
                left >>= 4
            } while left > 0
            append(UnsafeRawBufferPointer(rebasing: digits[at...]))
        }
    }

    /// Appends `name: value` and a line end. Both must have passed `FieldSyntax`.
    @inlinable
    public mutating func appendField(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
        append(name)
        append(": " as StaticString)
        append(value)
        append("\r\n" as StaticString)
    }

    /// Appends `name: value` and a line end. Both must have passed `FieldSyntax`.
    @inlinable
    public mutating func appendField(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) {
        append(name)
        append(": " as StaticString)
        append(value)
        append("\r\n" as StaticString)
    }
}

extension ByteSink {
    /// Appends a received field as `name: value`: in one piece where it came with one space, so
    /// that what is forwarded has one form (RFC 9112 §5).
    @inline(__always)
    mutating func appendLine(_ field: Field, of bytes: UnsafeRawBufferPointer) {
        let gap = Int(field.name.end) + 1
        guard Int(field.value.start) == gap + 1, gap < bytes.count, bytes[gap] == Syntax.space
        else { return appendField(bytes[field.name], bytes[field.value]) }
        append(
            bytes[ByteRange(start: field.name.start, count: field.value.end - field.name.start)])
        append("\r\n" as StaticString)
    }
}

/// A sink that is an array, for tests and for what is written once.
public struct ArraySink: ByteSink, Sendable {
    /// What was written.
    public var bytes: [UInt8] = []

    /// An empty sink.
    public init() {}

    /// Appends these bytes.
    public mutating func append(_ more: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: more)
    }

    /// Appends one byte.
    public mutating func append(_ byte: UInt8) { bytes.append(byte) }
}
