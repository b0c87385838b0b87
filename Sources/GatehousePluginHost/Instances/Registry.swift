import Synchronization

/// Objects of the whole process that plugins name by handle: instances and providers.
///
/// A look-up takes no lock. An object that was removed stays alive until `quarantine` others were
/// removed after it, so that a thread which is just looking at it does not lose it.
/// **Thread:** any.
final class Registry<Object: AnyObject & Sendable>: Sendable {
    private struct Slot: ~Copyable {
        let generation = Atomic<UInt32>(0)
        let object = Atomic<UInt>(0)
    }

    private struct State: Sendable {
        var free: [Int] = []
        var used = 0
        var generations: [UInt32] = []
        var quarantine: [Object] = []
    }

    private static var chunkSize: Int { 1_024 }
    private static var chunkCount: Int { 64 }
    private let tag: Int
    private let quarantine: Int
    // Safety: the chunks are allocated under the lock, published with release and never freed.
    nonisolated(unsafe) private let chunks: UnsafeMutablePointer<Atomic<UInt>>
    private let state = Mutex(State())

    /// A registry for the life of the process; `tag` (0 to 3) keeps kinds of handles apart.
    init(tag: Int, quarantine: Int) {
        self.tag = tag
        self.quarantine = quarantine
        chunks = .allocate(capacity: Self.chunkCount)
        for index in 0..<Self.chunkCount { (chunks + index).initialize(to: Atomic(0)) }
    }

    /// Keeps an object and gives it a handle; nil when 65536 are there.
    func add(_ object: Object) -> Handle? {
        state.withLock { state in
            let index: Int
            if state.free.count > Limits.quarantinedInstances
                || state.used == Self.chunkCount * Self.chunkSize
            {
                guard !state.free.isEmpty else { return nil }
                index = state.free.removeFirst()
            } else {
                index = state.used
                state.used += 1
                state.generations.append(0)
            }
            state.generations[index] &+= 1
            if state.generations[index] == 0 { state.generations[index] = 1 }
            let generation = state.generations[index]
            let slot = slotForWriting(index)
            slot.pointee.object.store(
                UInt(bitPattern: Unmanaged.passRetained(object).toOpaque()), ordering: .releasing)
            slot.pointee.generation.store(generation, ordering: .releasing)
            return Handle(
                domain: Handle.processDomain, slot: tag << 22 | index, generation: generation)
        }
    }

    /// The object of a live handle.
    func find(_ handle: Handle) -> Object? {
        guard let slot = slot(handle),
            slot.pointee.generation.load(ordering: .acquiring) == handle.generation,
            let raw = UnsafeRawPointer(
                bitPattern: slot.pointee.object.load(ordering: .acquiring))
        else { return nil }
        return Unmanaged<Object>.fromOpaque(raw).takeUnretainedValue()
    }

    /// The handle is stale from now on.
    func remove(_ handle: Handle) {
        state.withLock { state in
            guard let slot = slot(handle),
                slot.pointee.generation.load(ordering: .relaxed) == handle.generation,
                let raw = UnsafeRawPointer(
                    bitPattern: slot.pointee.object.load(ordering: .relaxed))
            else { return }
            slot.pointee.generation.store(0, ordering: .releasing)
            slot.pointee.object.store(0, ordering: .releasing)
            state.free.append(handle.slot & 0x3f_ffff)
            state.quarantine.append(Unmanaged<Object>.fromOpaque(raw).takeRetainedValue())
            if state.quarantine.count > quarantine { state.quarantine.removeFirst() }
        }
    }

    private func slot(_ handle: Handle) -> UnsafeMutablePointer<Slot>? {
        let index = handle.slot & 0x3f_ffff
        guard handle.domain == Handle.processDomain, handle.slot >> 22 == tag,
            handle.generation != 0, index < Self.chunkCount * Self.chunkSize
        else { return nil }
        let chunk = chunks[index / Self.chunkSize].load(ordering: .acquiring)
        return UnsafeMutablePointer(bitPattern: chunk).map { $0 + index % Self.chunkSize }
    }

    private func slotForWriting(_ index: Int) -> UnsafeMutablePointer<Slot> {
        let cell = chunks + index / Self.chunkSize
        if let chunk = UnsafeMutablePointer<Slot>(
            bitPattern: cell.pointee.load(ordering: .relaxed))
        {
            return chunk + index % Self.chunkSize
        }
        let chunk = UnsafeMutablePointer<Slot>.allocate(capacity: Self.chunkSize)
        for at in 0..<Self.chunkSize { (chunk + at).initialize(to: Slot()) }
        cell.pointee.store(UInt(bitPattern: chunk), ordering: .releasing)
        return chunk + index % Self.chunkSize
    }
}
