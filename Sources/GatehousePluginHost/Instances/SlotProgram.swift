import CGatehouse
import GatehouseHTTP

/// Which fields the policies of a chain want in one direction, and where their values go.
///
/// A name that the parser numbers is read from the index of the head by its number; the fields are
/// walked, once for the whole chain, only where a policy wants another name, and a name is looked
/// for by its length first.
/// **Immutable**, any thread.
struct SlotProgram: @unchecked Sendable {
    // Safety: the arrays are written in `init` only; `PolicyChain` frees them at its end.

    private struct Name {
        var start: Int
        var count: Int
        var firstTarget: Int
        var targetCount: Int
        /// The parser's number of the name; `.other` where several names may have it.
        var known: KnownField
    }

    private struct Target {
        var slot: Int
        var policy: Int
        var bit: UInt32
    }

    /// The slots of all policies together.
    let slotCount: Int
    /// How many policies there are.
    let policyCount: Int
    private let lengths: UInt64
    /// As `lengths`, of the names without a number of their own.
    private let unnumberedLengths: UInt64
    /// Whether the names without a number of their own are all of the gateway's prefix: then most
    /// heads need no walk.
    private let areUnnumberedPrefixed: Bool
    private let names: UnsafeMutableBufferPointer<Name>
    private let targets: UnsafeMutableBufferPointer<Target>
    private let bytes: UnsafeMutableBufferPointer<UInt8>

    /// Lays out the slots policy by policy; `wanted[p][s]` is the name of slot s of policy p.
    init(wanted: [[[UInt8]]]) {
        var targetsOf: [[UInt8]: [Target]] = [:]
        var order: [[UInt8]] = []
        var slot = 0
        for (policy, fields) in wanted.enumerated() {
            for (position, name) in fields.enumerated() {
                let folded = name.map(FieldNames.lower)
                if targetsOf[folded] == nil { order.append(folded) }
                targetsOf[folded, default: []].append(
                    Target(slot: slot, policy: policy, bit: 1 << UInt32(position & 31)))
                slot += 1
            }
        }
        slotCount = slot
        policyCount = wanted.count
        names = .allocate(capacity: order.count)
        targets = .allocate(capacity: slot)
        bytes = .allocate(capacity: order.reduce(0) { $0 + $1.count })
        var lengths: UInt64 = 0
        var unnumberedLengths: UInt64 = 0
        var areUnnumberedPrefixed = true
        var byte = 0
        var target = 0
        for (index, name) in order.enumerated() {
            let list = targetsOf[name] ?? []
            let known = SlotProgram.number(of: name)
            names.initializeElement(
                at: index,
                to: Name(
                    start: byte, count: name.count, firstTarget: target,
                    targetCount: list.count, known: known))
            for one in list {
                targets.initializeElement(at: target, to: one)
                target += 1
            }
            for one in name {
                bytes.initializeElement(at: byte, to: one)
                byte += 1
            }
            lengths |= 1 << UInt64(min(name.count, 63))
            if known == .other {
                unnumberedLengths |= 1 << UInt64(min(name.count, 63))
                let isPrefixed = name.withUnsafeBytes { KnownField.of($0) } == .gatehouseOther
                areUnnumberedPrefixed = areUnnumberedPrefixed && isPrefixed
            }
        }
        self.lengths = lengths
        self.unnumberedLengths = unnumberedLengths
        self.areUnnumberedPrefixed = areUnnumberedPrefixed
    }

    /// The number that the parser gives to this name and to no other.
    private static func number(of name: [UInt8]) -> KnownField {
        let known = name.withUnsafeBytes { KnownField.of($0) }
        return [.mcpOther, .xForwardedOther, .gatehouseOther].contains(known) ? .other : known
    }

    /// The program of no policies.
    static let empty = SlotProgram(wanted: [])

    /// Gives the memory back.
    func deallocate() {
        names.deallocate()
        targets.deallocate()
        bytes.deallocate()
    }

    /// Empties the slots before a head is walked.
    @inline(__always)
    func clear(_ slots: UnsafeMutablePointer<gh_str>, _ repeated: UnsafeMutablePointer<UInt32>) {
        for index in 0..<slotCount { slots[index] = gh_str(ptr: nil, len: 0) }
        for index in 0..<policyCount { repeated[index] = 0 }
    }

    /// Puts the values of a head as it was received where they are wanted.
    @inline(__always)
    func fill(
        _ fields: HeadFields, _ slots: UnsafeMutablePointer<gh_str>,
        _ repeated: UnsafeMutablePointer<UInt32>
    ) {
        fields.withIndex { index in
            for at in 0..<names.count where names[at].known != .other {
                let known = names[at].known
                guard index.has(known), let value = index.value(known, in: fields.bytes) else {
                    continue
                }
                store(names[at], value, slots, repeated)
                if index.isRepeated(known) { store(names[at], value, slots, repeated) }
            }
            guard unnumberedLengths != 0 else { return }
            if areUnnumberedPrefixed, !index.has(.gatehouseOther) { return }
            for position in 0..<index.count {
                let field = index[position]
                let length = min(Int(field.name.count), 63)
                guard unnumberedLengths & (1 &<< UInt64(length)) != 0 else { continue }
                assign(
                    fields.bytes[field.name], fields.bytes[field.value], slots, repeated,
                    unnumberedOnly: true)
            }
        }
    }

    /// Puts the value of one field where it is wanted.
    @inline(__always)
    func assign(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer,
        _ slots: UnsafeMutablePointer<gh_str>, _ repeated: UnsafeMutablePointer<UInt32>,
        unnumberedOnly: Bool = false
    ) {
        guard lengths & (1 << UInt64(min(name.count, 63))) != 0 else { return }
        for index in 0..<names.count where names[index].count == name.count {
            let wanted = names[index]
            if unnumberedOnly, wanted.known != .other { continue }
            let folded = UnsafeRawBufferPointer(
                start: bytes.baseAddress.map { $0 + wanted.start }, count: wanted.count)
            guard FieldNames.equalFolded(name, folded) else { continue }
            store(wanted, value, slots, repeated)
            return
        }
    }

    private func store(
        _ wanted: Name, _ value: UnsafeRawBufferPointer,
        _ slots: UnsafeMutablePointer<gh_str>, _ repeated: UnsafeMutablePointer<UInt32>
    ) {
        for index in wanted.firstTarget..<(wanted.firstTarget + wanted.targetCount) {
            let target = targets[index]
            if slots[target.slot].ptr == nil {
                slots[target.slot] = gh_str(SlotProgram.present(value))
            } else {
                repeated[target.policy] |= target.bit
            }
        }
    }

    /// A present field with an empty value has a pointer: NULL means absent.
    @inline(__always)
    static func present(_ value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        value.baseAddress == nil ? emptyBytes : value
    }

    /// No bytes, but a pointer.
    // Safety: nobody writes there.
    nonisolated(unsafe) static let emptyBytes: UnsafeRawBufferPointer = {
        let byte = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)
        byte.storeBytes(of: 0, as: UInt8.self)
        return UnsafeRawBufferPointer(start: byte, count: 0)
    }()
}
