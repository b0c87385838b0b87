/// A part of a buffer: its offset from the first byte handed to the parser, and its length.
///
/// Both are bytes. A range never owns memory; it is read against the same buffer from which it
/// came, for as long as those bytes lie there.
public struct ByteRange: Sendable, Hashable {
    /// The offset of the first byte.
    public var start: UInt32
    /// The length in bytes.
    public var count: UInt32

    /// The offset after the last byte.
    @inlinable public var end: UInt32 { start &+ count }

    /// Whether the range holds no byte.
    @inlinable public var isEmpty: Bool { count == 0 }

    /// A range of `count` bytes that begins at `start`.
    @inlinable public init(start: UInt32, count: UInt32) {
        self.start = start
        self.count = count
    }

    /// The empty range at the start of the buffer.
    @inlinable public init() { self.init(start: 0, count: 0) }

    /// The bytes from `start` up to `end`, both below 2 GiB; empty where they are not in order.
    @inlinable init(_ start: Int, _ end: Int) {
        self.start = UInt32(clamping: start)
        self.count = UInt32(clamping: end - start)
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes of `range`, borrowed from this buffer; empty where the range lies outside it.
    @inlinable @inline(__always)
    public subscript(range: ByteRange) -> UnsafeRawBufferPointer {
        let end = Int(range.start) + Int(range.count)
        guard end <= count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(rebasing: self[Int(range.start)..<end])
    }
}
