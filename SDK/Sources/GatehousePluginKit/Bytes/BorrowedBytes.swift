public import CGatehouse

/// Bytes that belong to somebody else: valid until the callback that gave them returns.
///
/// Copy what must live longer. A value of this type is two words, so passing it costs nothing. Its
/// indices go from 0 to `count`.
@frozen
public struct BorrowedBytes: RandomAccessCollection {
    /// Where the bytes lie.
    public let unsafeBytes: UnsafeRawBufferPointer

    /// No bytes.
    @inlinable
    public init() { unsafeBytes = UnsafeRawBufferPointer(start: nil, count: 0) }

    /// Bytes that the caller keeps alive.
    @inlinable
    public init(unsafe bytes: UnsafeRawBufferPointer) { unsafeBytes = bytes }

    /// The bytes of a literal, which live forever.
    @inlinable
    public init(_ literal: StaticString) {
        unsafeBytes = UnsafeRawBufferPointer(
            start: literal.utf8Start, count: literal.utf8CodeUnitCount)
    }

    @inlinable
    init(_ text: gh_str) {
        unsafeBytes = UnsafeRawBufferPointer(start: text.ptr, count: Int(text.len))
    }

    @inlinable
    var abi: gh_str {
        gh_str(
            ptr: unsafeBytes.baseAddress?.assumingMemoryBound(to: CChar.self),
            len: unsafeBytes.count)
    }

    /// 0.
    @inlinable public var startIndex: Int { 0 }
    /// The number of bytes.
    @inlinable public var endIndex: Int { unsafeBytes.count }
    /// The number of bytes.
    @inlinable public var count: Int { unsafeBytes.count }

    /// The byte at `index`, which must be in range.
    @inlinable
    public subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < unsafeBytes.count, "beyond the borrowed bytes")
        return unsafeBytes[index]
    }

    /// The bytes of a range, which must lie within; indices of the result begin at 0 again.
    @inlinable
    public func slice(_ range: Range<Int>) -> BorrowedBytes {
        BorrowedBytes(unsafe: UnsafeRawBufferPointer(rebasing: unsafeBytes[range]))
    }

    /// Gives the bytes as a buffer.
    @inlinable
    public func withContiguousStorageIfAvailable<Result>(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result? {
        try unsafeBytes.withMemoryRebound(to: UInt8.self, body)
    }

    /// Whether these are the same bytes.
    @inlinable
    public func equals(_ other: BorrowedBytes) -> Bool {
        count == other.count && unsafeBytes.elementsEqual(other.unsafeBytes)
    }

    /// Whether these are the same bytes; all of them are looked at, so that the time says nothing
    /// about where they differ.
    public func isSame(as other: BorrowedBytes) -> Bool {
        guard count == other.count else { return false }
        guard let a = unsafeBytes.baseAddress, let b = other.unsafeBytes.baseAddress else {
            return true
        }
        var difference: UInt64 = 0
        let whole = count & ~7
        for at in stride(from: 0, to: whole, by: 8) {
            difference |=
                a.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                ^ b.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        }
        for at in whole..<count {
            difference |= UInt64(
                a.load(fromByteOffset: at, as: UInt8.self)
                    ^ b.load(fromByteOffset: at, as: UInt8.self))
        }
        return difference == 0
    }

    /// Whether these are the bytes of a literal.
    @inlinable
    public func equals(_ literal: StaticString) -> Bool {
        equals(BorrowedBytes(literal))
    }

    /// Whether both are the same when A to Z count as a to z.
    @inlinable
    public func equalsIgnoringCase(_ other: BorrowedBytes) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where Self.lower(unsafeBytes[index]) != Self.lower(other[index]) {
            return false
        }
        return true
    }

    @inlinable
    static func lower(_ byte: UInt8) -> UInt8 {
        byte &- 65 < 26 ? byte | 0x20 : byte
    }

    /// A copy as text; bytes that are no UTF-8 become U+FFFD.
    public var text: String { String(decoding: unsafeBytes, as: UTF8.self) }

    /// A copy.
    public var array: [UInt8] { Array(unsafeBytes) }
}
