/// One field line of a head: where its name and its value lie.
public struct Field: Sendable {
    /// The name as it came, without the colon.
    public var name: ByteRange
    /// The value without the white space around it.
    public var value: ByteRange
    /// The number of the name, where the proxy knows it.
    public var known: KnownField
    /// Whether the field is of this connection only and is not forwarded: by its name, or because
    /// a Connection option nominates it (RFC 9110 §7.6.1).
    public var isHopByHop: Bool
}

/// The fields of one head, as ranges into the buffer that holds it.
///
/// It belongs to a connection and is reused for every message: it grows to the most fields that a
/// message of it had, and nothing is allocated after that. Not to be shared between threads.
public final class FieldIndex {
    @exclusivity(unchecked) private var storage: UnsafeMutablePointer<Field>
    /// How many fields have room now.
    @exclusivity(unchecked) private var room: Int
    private let firstOfKnown: UnsafeMutablePointer<UInt16>
    // One event loop uses an index, and no access overlaps another: the run-time check of that is
    // a tenth of a head's parsing.
    @exclusivity(unchecked) private var present: UInt64 = 0
    @exclusivity(unchecked) private var repeated: UInt64 = 0
    /// How many fields fit.
    public let capacity: Int
    /// How many fields there are.
    @exclusivity(unchecked) public private(set) var count = 0

    /// An empty index for up to `capacity` fields (1 to 1024).
    public init(capacity: Int = HeadLimits.standard.fields) {
        self.capacity = min(max(capacity, 1), 1024)
        room = min(self.capacity, 16)
        storage = .allocate(capacity: room)
        firstOfKnown = .allocate(capacity: 64)
    }

    deinit {
        storage.deallocate()
        firstOfKnown.deallocate()
    }

    /// Field number `position`, from 0; a position outside the index gives an empty field.
    public subscript(position: Int) -> Field {
        guard position >= 0, position < count else {
            return Field(name: .init(), value: .init(), known: .other, isHopByHop: false)
        }
        return storage[position]
    }

    /// Forgets all fields.
    public func reset() {
        count = 0
        present = 0
        repeated = 0
    }

    /// The position of the first field with this number, or nil.
    public func first(_ known: KnownField) -> Int? {
        guard has(known) else { return nil }
        return Int(firstOfKnown[Int(known.rawValue)])
    }

    /// Whether a field with this number is there.
    @inline(__always)
    public func has(_ known: KnownField) -> Bool {
        present & (1 << UInt64(known.rawValue)) != 0
    }

    /// Whether more than one field has this number.
    public func isRepeated(_ known: KnownField) -> Bool {
        repeated & (1 << UInt64(known.rawValue)) != 0
    }

    /// The value of the first field with this number, borrowed from `bytes`, or nil.
    public func value(
        _ known: KnownField, in bytes: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        guard let at = first(known) else { return nil }
        return bytes[storage[at].value]
    }

    /// The position of the next field called `name` at or after `start`, or nil. Names are compared
    /// by length first, then letters without case.
    public func position(
        of name: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer, from start: Int = 0
    ) -> Int? {
        var at = max(start, 0)
        while at < count {
            let candidate = storage[at].name
            if Int(candidate.count) == name.count,
                Syntax.equalsFolded(bytes[candidate], name)
            {
                return at
            }
            at += 1
        }
        return nil
    }

    /// Adds a field; false where the index is full.
    @inline(__always)
    func append(_ name: ByteRange, _ value: ByteRange, _ known: KnownField) -> Bool {
        if count == room, !grow() { return false }
        storage[count] = Field(
            name: name, value: value, known: known, isHopByHop: known.isHopByHop)
        let bit: UInt64 = 1 << UInt64(known.rawValue)
        if present & bit == 0 {
            present |= bit
            firstOfKnown[Int(known.rawValue)] = UInt16(truncatingIfNeeded: count)
        } else {
            repeated |= bit
        }
        count += 1
        return true
    }

    /// Twice the room, up to the capacity; false where that is reached.
    private func grow() -> Bool {
        guard room < capacity else { return false }
        let more = min(room * 2, capacity)
        let larger = UnsafeMutablePointer<Field>.allocate(capacity: more)
        larger.moveInitialize(from: storage, count: count)
        storage.deallocate()
        storage = larger
        room = more
        return true
    }

    func markHopByHop(_ position: Int) {
        guard position < count else { return }
        storage[position].isHopByHop = true
    }
}
