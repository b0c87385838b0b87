import CGatehouse

/// What policies changed in one head, in normal form: names whose original fields are hidden, and
/// fields that are written behind the others.
///
/// All bytes lie in the exchange's arena.
struct HeadEdits {
    private(set) var hidden: ContiguousArray<gh_str> = []
    private(set) var added: ContiguousArray<gh_field> = []

    var isEmpty: Bool { hidden.isEmpty && added.isEmpty }
    var count: Int { hidden.count + added.count }

    /// Applies one edit of the contract, GH_EDIT_*.
    mutating func apply(_ op: UInt32, _ name: gh_str, _ value: gh_str) {
        switch Int(op) {
        case GH_EDIT_SET: set(name, value)
        case GH_EDIT_ADD: add(name, value)
        default: remove(name)
        }
    }

    /// The one field of this name from now on.
    mutating func set(_ name: gh_str, _ value: gh_str) {
        remove(name)
        add(name, value)
    }

    /// A further field.
    mutating func add(_ name: gh_str, _ value: gh_str) {
        added.append(gh_field(name: name, value: value))
    }

    /// No field of this name from now on.
    mutating func remove(_ name: gh_str) {
        added.removeAll { sameName($0.name.bytes, name.bytes) }
        if !isHidden(name.bytes) { hidden.append(name) }
    }

    /// Whether the original fields of this name are left out.
    func isHidden(_ name: UnsafeRawBufferPointer) -> Bool {
        for other in hidden where sameName(other.bytes, name) { return true }
        return false
    }

    mutating func reset() {
        hidden.removeAll(keepingCapacity: true)
        added.removeAll(keepingCapacity: true)
    }
}
