import GatehouseHTTP
import Glibc

/// A sink over the free part of a send buffer: each append is one bounds check and one copy.
struct RawSink: ByteSink {
    private let base: UnsafeMutableRawPointer?
    private let capacity: Int
    private(set) var count = 0
    /// Whether something did not fit; what was written is then useless.
    private(set) var isOverflown = false

    init(_ free: UnsafeMutableRawBufferPointer) {
        base = free.baseAddress
        capacity = free.count
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let from = bytes.baseAddress, let base else { return }
        guard bytes.count <= capacity - count else {
            isOverflown = true
            return
        }
        memcpy(base + count, from, bytes.count)
        count += bytes.count
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        guard count < capacity, let base else {
            isOverflown = true
            return
        }
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }
}
