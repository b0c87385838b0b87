/// A 64-bit handle: `loop:8 | slot:24 | generation:32`; 0 is none.
///
/// The loop part is a number of this process, not of one host: so a handle alone leads to its host,
/// and two hosts live side by side.
struct Handle: Hashable, Sendable {
    /// The loop part of what belongs to no loop: instances, providers, retained buffers.
    static let processDomain = 255

    let raw: UInt64

    init(raw: UInt64) { self.raw = raw }

    init(domain: Int, slot: Int, generation: UInt32) {
        raw =
            UInt64(truncatingIfNeeded: domain & 0xff) << 56
            | UInt64(truncatingIfNeeded: slot & 0xff_ffff) << 32 | UInt64(generation)
    }

    var domain: Int { Int(raw >> 56) }
    var slot: Int { Int((raw >> 32) & 0xff_ffff) }
    var generation: UInt32 { UInt32(truncatingIfNeeded: raw) }
}

/// The slots of one loop: a handle finds its object in two loads, a stale one finds nothing.
///
/// Slots are reused first in, first out, so that a generation comes back as late as possible.
/// **Confined to:** the loop that holds the domain.
struct SlotTable {
    /// What a slot holds; a handle of one kind never finds another.
    enum Kind: UInt8 {
        case free = 0
        case exchange = 1
        case operation = 2
    }

    private struct Slot {
        var generation: UInt32
        var next: UInt32
        var kind: Kind
        var object: Unmanaged<AnyObject>?
    }

    private static let none = UInt32.max
    private let domain: Int
    private var slots: UnsafeMutablePointer<Slot>
    private var capacity = 0
    private var head = SlotTable.none
    private var tail = SlotTable.none
    private(set) var used = 0

    init(domain: Int) {
        self.domain = domain
        slots = UnsafeMutablePointer<Slot>.allocate(capacity: 1)
    }

    /// Takes a slot for an object that the caller keeps alive; nil when all are taken.
    mutating func take(_ kind: Kind, _ object: AnyObject) -> Handle? {
        if head == SlotTable.none { grow() }
        guard head != SlotTable.none else { return nil }
        let index = Int(head)
        head = slots[index].next
        if head == SlotTable.none { tail = SlotTable.none }
        slots[index].kind = kind
        slots[index].object = Unmanaged.passUnretained(object)
        used += 1
        return Handle(domain: domain, slot: index, generation: slots[index].generation)
    }

    /// The object of a live handle of this kind.
    func find(_ kind: Kind, _ handle: Handle) -> Unmanaged<AnyObject>? {
        let index = handle.slot
        guard index < capacity, slots[index].generation == handle.generation,
            slots[index].kind == kind
        else { return nil }
        return slots[index].object
    }

    /// Gives a slot back; a stale handle is ignored.
    mutating func free(_ handle: Handle) {
        let index = handle.slot
        guard index < capacity, slots[index].generation == handle.generation,
            slots[index].kind != .free
        else { return }
        slots[index].kind = .free
        slots[index].object = nil
        slots[index].generation &+= 1
        if slots[index].generation == 0 { slots[index].generation = 1 }
        append(index)
        used -= 1
    }

    private mutating func append(_ index: Int) {
        slots[index].next = SlotTable.none
        if tail == SlotTable.none {
            head = UInt32(index)
        } else {
            slots[Int(tail)].next = UInt32(index)
        }
        tail = UInt32(index)
    }

    private mutating func grow() {
        let wanted = min(max(capacity * 2, 1_024), Limits.slotsPerLoopMax)
        guard wanted > capacity else { return }
        let larger = UnsafeMutablePointer<Slot>.allocate(capacity: wanted)
        larger.moveInitialize(from: slots, count: capacity)
        slots.deallocate()
        slots = larger
        for index in capacity..<wanted {
            (slots + index).initialize(
                to: Slot(generation: 1, next: SlotTable.none, kind: .free, object: nil))
            append(index)
        }
        capacity = wanted
    }
}
