import GatehouseHTTP
import Glibc
import NIOCore

/// Scratch of one loop in which a head, and what follows it at once, is composed before it is sent.
///
/// Raw memory and not a `ByteBuffer`: nothing of it outlives the call that sends it, so it needs
/// neither a reference count nor a copy on write. A pointer and no object for the same reason: it
/// is looked up a dozen times a request. Whoever made it frees it: the worker, which every user of
/// the scratch holds. Confined to its loop.
struct SendBuffer {
    private struct Memory {
        var base: UnsafeMutableRawPointer
        var capacity: Int
        var count = 0
    }

    private let memory: UnsafeMutablePointer<Memory>

    init() {
        memory = .allocate(capacity: 1)
        memory.initialize(
            to: Memory(
                base: .allocate(byteCount: ProxyLimits.scratchBytes, alignment: 16),
                capacity: ProxyLimits.scratchBytes))
    }

    /// Ends it, and every copy of it.
    func free() {
        base.deallocate()
        memory.deallocate()
    }

    private var base: UnsafeMutableRawPointer { memory.pointee.base }
    private var capacity: Int { memory.pointee.capacity }

    /// How many bytes are composed.
    @inline(__always)
    private(set) var count: Int {
        get { memory.pointee.count }
        nonmutating set { memory.pointee.count = newValue }
    }

    /// What has been composed; valid until the next change.
    @inline(__always)
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Forgets what was composed; memory that a large part needed goes back.
    @inline(__always)
    func clear() {
        count = 0
        if capacity > ProxyLimits.scratchBytesKept { shrink() }
    }

    /// Writes with a sink that has room for `expected` bytes; more is given when it does not do.
    @inline(__always)
    func compose(_ expected: Int, _ write: (inout RawSink) -> Void) {
        var room = expected
        while room <= 1 << 28 {
            reserve(room)
            var sink = RawSink(
                UnsafeMutableRawBufferPointer(start: base + count, count: capacity - count))
            write(&sink)
            if !sink.isOverflown {
                count += sink.count
                return
            }
            room = max(room, capacity - count) * 4
        }
    }

    @inline(__always)
    func append(_ bytes: UnsafeRawBufferPointer) {
        guard let from = bytes.baseAddress else { return }
        reserve(bytes.count)
        memcpy(base + count, from, bytes.count)
        count += bytes.count
    }

    func append(_ part: ByteBuffer) { part.withUnsafeReadableBytes { append($0) } }

    @inline(__always)
    private func reserve(_ more: Int) {
        if capacity - count < more { grow(count + more) }
    }

    private func grow(_ wanted: Int) {
        let larger = UnsafeMutableRawPointer.allocate(
            byteCount: max(wanted, capacity * 2), alignment: 16)
        memcpy(larger, base, count)
        base.deallocate()
        memory.pointee.capacity = max(wanted, capacity * 2)
        memory.pointee.base = larger
    }

    private func shrink() {
        base.deallocate()
        memory.pointee.capacity = ProxyLimits.scratchBytes
        memory.pointee.base = .allocate(byteCount: ProxyLimits.scratchBytes, alignment: 16)
    }
}
