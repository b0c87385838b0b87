/// A bounded table from byte strings to plain values, for one loop: verified tokens, known keys.
///
/// A key is found by its ``KeyedHash`` and then compared in full. The capacity is fixed; where
/// the few slots that a hash may use are taken, the one that was used least recently gives way.
/// A look-up neither allocates nor counts a reference. **Confined to** the thread that owns it.
public final class ByteTable<Value: BitwiseCopyable> {
    /// One place of the table.
    @usableFromInline
    struct Slot {
        @usableFromInline var hash: UInt64
        @usableFromInline var usedAt: UInt64
        /// The key, then the text; nil: the slot is free.
        @usableFromInline var bytes: UnsafeMutableRawPointer?
        @usableFromInline var keyCount: Int
        @usableFromInline var textCount: Int
        @usableFromInline var value: Value?

        @inlinable
        init() {
            hash = 0
            usedAt = 0
            bytes = nil
            keyCount = 0
            textCount = 0
            value = nil
        }
    }

    /// How many slots a hash may use.
    @inlinable static var reach: Int { 8 }

    @usableFromInline let slots: UnsafeMutablePointer<Slot>
    @usableFromInline let mask: Int
    @usableFromInline let hash: KeyedHash
    @usableFromInline var clock: UInt64 = 0
    /// How many keys are held.
    public private(set) var count = 0

    /// - Parameters:
    ///   - capacity: how many keys at most; rounded up to a power of two from 16 to 2^20.
    ///   - key: 128 random bits.
    public init(capacity: Int, key: (UInt64, UInt64)) {
        var size = 16
        while size < capacity, size < 1 << 20 { size *= 2 }
        mask = size - 1
        slots = .allocate(capacity: size)
        slots.initialize(repeating: Slot(), count: size)
        hash = KeyedHash(key: key)
    }

    deinit {
        for at in 0...mask { slots[at].bytes?.deallocate() }
        slots.deallocate()
    }

    /// How many keys may be held.
    public var capacity: Int { mask + 1 }

    /// The slot of a key, which counts as used; nil where it is not held.
    @inlinable
    public func find(_ key: BorrowedBytes) -> Int? {
        let value = hash(key)
        let first = Int(truncatingIfNeeded: value) & mask
        for step in 0..<Self.reach {
            let at = (first &+ step) & mask
            guard slots[at].hash == value, slots[at].bytes != nil, self.key(at).isSame(as: key)
            else { continue }
            clock &+= 1
            slots[at].usedAt = clock
            return at
        }
        return nil
    }

    /// The value of a slot that ``find(_:)`` answered; nil for a free one.
    @inlinable
    public func value(_ slot: Int) -> Value? { slots[slot & mask].value }

    /// The text of a slot, valid until the table changes.
    @inlinable
    public func text(_ slot: Int) -> BorrowedBytes {
        let slot = slots[slot & mask]
        guard let bytes = slot.bytes else { return BorrowedBytes() }
        return BorrowedBytes(
            unsafe: UnsafeRawBufferPointer(start: bytes + slot.keyCount, count: slot.textCount))
    }

    @inlinable
    func key(_ slot: Int) -> BorrowedBytes {
        BorrowedBytes(
            unsafe: UnsafeRawBufferPointer(
                start: slots[slot].bytes.map { UnsafeRawPointer($0) },
                count: slots[slot].keyCount))
    }

    /// Holds a value under a key, in the place of what it had; copies key and text. An empty key
    /// is not held.
    public func insert(
        _ key: BorrowedBytes, _ value: Value, text: BorrowedBytes = BorrowedBytes()
    ) {
        guard !key.isEmpty else { return }
        let hash = hash(key)
        let first = Int(truncatingIfNeeded: hash) & mask
        var target = first
        for step in 0..<Self.reach {
            let at = (first + step) & mask
            if slots[at].bytes == nil || slots[at].hash == hash && self.key(at).isSame(as: key) {
                target = at
                break
            }
            if slots[at].usedAt < slots[target].usedAt { target = at }
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: key.count + text.count, alignment: 8)
        memory.copyMemory(from: key.unsafeBytes)
        UnsafeMutableRawBufferPointer(rebasing: memory[key.count...])
            .copyMemory(from: text.unsafeBytes)
        if let old = slots[target].bytes { old.deallocate() } else { count += 1 }
        clock &+= 1
        slots[target].hash = hash
        slots[target].usedAt = clock
        slots[target].bytes = memory.baseAddress
        slots[target].keyCount = key.count
        slots[target].textCount = text.count
        slots[target].value = value
    }

    /// Forgets everything.
    public func removeAll() {
        guard count > 0 else { return }
        count = 0
        for at in 0...mask {
            slots[at].bytes?.deallocate()
            slots[at] = Slot()
        }
    }
}
