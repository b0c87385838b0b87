internal import CGatehouse

/// Up to 16 edits of a message's fields, on the stack.
///
/// Names and values are borrowed: they must live until the edits are applied.
public struct FieldEdits: ~Copyable {
    private var edits = InlineArray<16, gh_edit>(repeating: gh_edit())
    private var count = 0
    private(set) var isOverfull = false

    /// No edit yet.
    public init() {}

    /// Whether there is nothing to apply.
    public var isEmpty: Bool { count == 0 }

    /// Gives the field this one value, whatever it had.
    public mutating func set(_ name: StaticString, _ value: BorrowedBytes) {
        add(GH_EDIT_SET, BorrowedBytes(name), value)
    }

    /// Adds a line to the field.
    public mutating func add(_ name: StaticString, _ value: BorrowedBytes) {
        add(GH_EDIT_ADD, BorrowedBytes(name), value)
    }

    /// Removes every line of the field.
    public mutating func remove(_ name: StaticString) {
        add(GH_EDIT_REMOVE, BorrowedBytes(name), BorrowedBytes())
    }

    /// Gives a field of a name that is known only at run time this one value.
    public mutating func set(named name: BorrowedBytes, _ value: BorrowedBytes) {
        add(GH_EDIT_SET, name, value)
    }

    /// Removes every line of a field of a name that is known only at run time.
    public mutating func remove(named name: BorrowedBytes) {
        add(GH_EDIT_REMOVE, name, BorrowedBytes())
    }

    /// Puts `query` in the place of the request target's query; empty leaves none.
    public mutating func setQuery(_ query: BorrowedBytes) {
        add(GH_EDIT_QUERY, BorrowedBytes(), query)
    }

    private mutating func add(
        _ operation: some BinaryInteger, _ name: BorrowedBytes, _ value: BorrowedBytes
    ) {
        guard count < edits.count else {
            isOverfull = true
            return
        }
        edits[count] = gh_edit(
            op: UInt32(operation), reserved: 0, name: name.abi, value: value.abi)
        count += 1
    }

    borrowing func lent<Result>(_ body: (UnsafePointer<gh_edit>?, UInt32) -> Result) -> Result {
        edits.span.withUnsafeBufferPointer { body($0.baseAddress, UInt32(count)) }
    }
}
