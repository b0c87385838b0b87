/// Bytes that live as long as their exchange: edits, notes, local responses. Nothing moves.
///
/// The first chunk stays with the pooled exchange, so the usual exchange allocates nothing.
struct ByteArena {
    private var chunks: ContiguousArray<UnsafeMutableRawBufferPointer> = []
    private var used = 0
    private var total = 0

    /// How many bytes may still be copied.
    var room: Int { Limits.exchangeArenaBytesMax - total }

    /// Copies bytes; nil at `Limits.exchangeArenaBytesMax`. An empty copy has a pointer.
    mutating func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard !bytes.isEmpty else { return SlotProgram.emptyBytes }
        guard let room = reserve(bytes.count) else { return nil }
        room.copyMemory(from: bytes)
        return UnsafeRawBufferPointer(room)
    }

    /// Copies a name and a value for which there is `room`, side by side.
    mutating func copy(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard let memory = reserve(name.count + value.count), let start = memory.baseAddress else {
            return (SlotProgram.emptyBytes, SlotProgram.emptyBytes)
        }
        if let base = name.baseAddress { start.copyMemory(from: base, byteCount: name.count) }
        let second = start + name.count
        if let base = value.baseAddress { second.copyMemory(from: base, byteCount: value.count) }
        return (
            UnsafeRawBufferPointer(start: start, count: name.count),
            UnsafeRawBufferPointer(start: second, count: value.count)
        )
    }

    private mutating func reserve(_ count: Int) -> UnsafeMutableRawBufferPointer? {
        guard count <= Limits.exchangeArenaBytesMax - total else { return nil }
        if chunks.isEmpty || chunks[chunks.count - 1].count - used < count {
            chunks.append(
                .allocate(
                    byteCount: max(count, Limits.exchangeArenaBytesKept), alignment: 16))
            used = 0
        }
        let chunk = chunks[chunks.count - 1]
        let room = UnsafeMutableRawBufferPointer(rebasing: chunk[used..<(used + count)])
        used += count
        total += count
        return room
    }

    /// Forgets everything; one small chunk is kept.
    mutating func reset() {
        while chunks.count > 1 { chunks.removeLast().deallocate() }
        if let first = chunks.first, first.count > Limits.exchangeArenaBytesKept {
            chunks.removeLast().deallocate()
        }
        used = 0
        total = 0
    }

    /// Gives everything back.
    mutating func deallocate() {
        for chunk in chunks { chunk.deallocate() }
        chunks = []
    }
}

/// A body that a policy reads whole, while it arrives.
struct WholeBody {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var count = 0

    /// What has arrived. Valid until more is appended.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: memory.baseAddress.map { UnsafeRawPointer($0) }
                ?? SlotProgram.emptyBytes.baseAddress,
            count: count)
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        if memory.count - count < bytes.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(count + bytes.count, memory.count * 2, 4_096), alignment: 16)
            larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[0..<count]))
            memory.deallocate()
            memory = larger
        }
        UnsafeMutableRawBufferPointer(rebasing: memory[count..<(count + bytes.count)])
            .copyMemory(from: bytes)
        count += bytes.count
    }

    mutating func reset() {
        memory.deallocate()
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        count = 0
    }
}
