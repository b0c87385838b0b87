import Glibc

/// A sink over raw memory of the caller: each append is one bounds check and one copy.
///
/// It is a type of this module so that the writing of heads is compiled for it.
public struct RawSink: ByteSink {
    private let base: UnsafeMutableRawPointer?
    private let capacity: Int
    /// How many bytes were written.
    public private(set) var count = 0
    /// Whether something did not fit; what was written is then useless.
    public private(set) var isOverflown = false

    /// A sink over `free`, which must stay where it is while the sink is used.
    public init(_ free: UnsafeMutableRawBufferPointer) {
        base = free.baseAddress
        capacity = free.count
    }

    /// Appends these bytes.
    @inline(__always)
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let from = bytes.baseAddress, let base else { return }
        guard bytes.count <= capacity - count else {
            isOverflown = true
            return
        }
        memcpy(base + count, from, bytes.count)
        count += bytes.count
    }

    /// Appends one byte.
    @inline(__always)
    public mutating func append(_ byte: UInt8) {
        guard count < capacity, let base else {
            isOverflown = true
            return
        }
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Appends the bytes of an array.
    public mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }
}

extension RequestHead {
    /// Writes the head for the upstream into raw memory, as for any sink.
    public func write(
        _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex,
        as forwarding: borrowing RequestForwarding, into sink: inout RawSink
    ) {
        writeAny(bytes, fields, forwarding, &sink)
    }

    private func writeAny<Sink: ByteSink>(
        _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex,
        _ forwarding: borrowing RequestForwarding, _ sink: inout Sink
    ) { write(bytes, fields, as: forwarding, into: &sink) }
}

extension ResponseHead {
    /// Writes the head for the client into raw memory, as for any sink.
    public func write(
        _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex,
        as forwarding: borrowing ResponseForwarding, into sink: inout RawSink
    ) {
        writeAny(bytes, fields, forwarding, &sink)
    }

    private func writeAny<Sink: ByteSink>(
        _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex,
        _ forwarding: borrowing ResponseForwarding, _ sink: inout Sink
    ) { write(bytes, fields, as: forwarding, into: &sink) }
}
