import CGatehouse
import Synchronization

/// Copies of body chunks that plugins keep beyond a callback.
///
/// **Thread:** any; one lock. A buffer's bytes stay where they are until it is released.
final class RetainedBuffers: Sendable {
    private struct State: @unchecked Sendable {
        // Safety: guarded by the lock; the memory is written before it is shared.
        var buffers: [UInt64: UnsafeMutableRawBufferPointer] = [:]
        var bytes = 0
        var last: UInt64 = 0
    }

    /// The buffers of this process: `buffer` and `release_buffer` name no host.
    static let shared = RetainedBuffers()

    private let state = Mutex(State())

    func keep(_ bytes: UnsafeRawBufferPointer) -> (gh_status, UInt64) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        copy.copyMemory(from: bytes)
        nonisolated(unsafe) let kept = copy
        let count = bytes.count
        let handle = state.withLock { state -> UInt64? in
            guard count <= Limits.retainedBytesMax - state.bytes else { return nil }
            state.last &+= 1
            let handle = Handle(
                domain: Handle.processDomain,
                slot: 2 << 22 | Int(truncatingIfNeeded: state.last >> 32) & 0x3f_ffff,
                generation: UInt32(truncatingIfNeeded: state.last)
            ).raw
            state.buffers[handle] = kept
            state.bytes += count
            return handle
        }
        guard let handle else {
            copy.deallocate()
            return (gh_status(GH_LIMIT), 0)
        }
        return (gh_status(GH_OK), handle)
    }

    func bytes(_ handle: UInt64) -> gh_str {
        state.withLock { state -> gh_str in
            guard let buffer = state.buffers[handle] else { return gh_str(ptr: nil, len: 0) }
            return gh_str(UnsafeRawBufferPointer(buffer))
        }
    }

    func release(_ handle: UInt64) {
        state.withLock { state in
            guard let buffer = state.buffers.removeValue(forKey: handle) else { return }
            state.bytes -= buffer.count
            buffer.deallocate()
        }
    }
}
