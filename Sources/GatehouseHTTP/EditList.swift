/// Changes to the fields of a head, in normal form: names whose received fields are left out, and
/// fields that are written behind the others.
///
/// The bytes are the caller's and stay where they are until `reset`; names and values have passed
/// `FieldSyntax` and frame nothing. The list is reused: after a few messages nothing is allocated.
/// Not to be shared between threads.
public final class EditList {
    /// What an edit does.
    public enum Kind: UInt8, Sendable {
        /// Replaces all fields of this name by one.
        case set
        /// Adds a field behind all others.
        case add
        /// Takes all fields of this name away.
        case remove
    }

    private struct Line {
        var name: UnsafeRawBufferPointer
        var value: UnsafeRawBufferPointer
    }

    /// Hidden names and added fields together, at most.
    private static let most = 512

    // One event loop uses a list, and no access overlaps another.
    @exclusivity(unchecked) private var hidden: UnsafeMutablePointer<UnsafeRawBufferPointer>
    @exclusivity(unchecked) private var added: UnsafeMutablePointer<Line>
    @exclusivity(unchecked) private var capacity = 8
    @exclusivity(unchecked) private var hiddenCount = 0
    @exclusivity(unchecked) private var addedCount = 0
    /// A bit for each length of a hidden name; the last for 63 and more.
    @exclusivity(unchecked) private var hiddenLengths: UInt64 = 0
    private var owned: [UnsafeMutableRawBufferPointer] = []

    /// An empty list.
    public init() {
        hidden = .allocate(capacity: 8)
        added = .allocate(capacity: 8)
    }

    deinit {
        reset()
        hidden.deallocate()
        added.deallocate()
    }

    /// Whether there is no edit.
    public var isEmpty: Bool { hiddenCount | addedCount == 0 }

    /// How many names are hidden and fields added.
    public var count: Int { hiddenCount + addedCount }

    /// Forgets all edits, keeping the memory.
    public func reset() {
        hiddenCount = 0
        addedCount = 0
        hiddenLengths = 0
        guard !owned.isEmpty else { return }
        for block in owned { block.deallocate() }
        owned.removeAll()
    }

    /// Applies an edit to what there is; the bytes are borrowed until `reset`. False, and no edit,
    /// beyond 512 hidden names and added fields.
    @discardableResult
    public func append(
        _ kind: Kind, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) -> Bool {
        guard count + 2 <= EditList.most else { return false }
        if max(hiddenCount, addedCount) == capacity { grow() }
        if kind != .add { hide(name) }
        if kind != .remove {
            (added + addedCount).initialize(to: Line(name: name, value: value))
            addedCount += 1
        }
        return true
    }

    /// Applies an edit from text, which is copied.
    @discardableResult
    public func append(_ kind: Kind, _ name: String, _ value: String = "") -> Bool {
        append(kind, own(name), own(value))
    }

    private func own(_ text: String) -> UnsafeRawBufferPointer {
        let block = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(text.utf8.count, 1), alignment: 1)
        block.copyBytes(from: text.utf8)
        owned.append(block)
        return UnsafeRawBufferPointer(rebasing: block[..<text.utf8.count])
    }

    private func hide(_ name: UnsafeRawBufferPointer) {
        var kept = 0
        for at in 0..<addedCount where !Syntax.equalsFolded(added[at].name, name) {
            added[kept] = added[at]
            kept += 1
        }
        addedCount = kept
        guard !isHidden(name) else { return }
        (hidden + hiddenCount).initialize(to: name)
        hiddenCount += 1
        hiddenLengths |= EditList.bit(name.count)
    }

    private func grow() {
        let moreHidden = UnsafeMutablePointer<UnsafeRawBufferPointer>.allocate(
            capacity: capacity * 2)
        moreHidden.moveInitialize(from: hidden, count: hiddenCount)
        hidden.deallocate()
        hidden = moreHidden
        let moreAdded = UnsafeMutablePointer<Line>.allocate(capacity: capacity * 2)
        moreAdded.moveInitialize(from: added, count: addedCount)
        added.deallocate()
        added = moreAdded
        capacity *= 2
    }

    @inline(__always)
    private static func bit(_ length: Int) -> UInt64 { 1 &<< UInt64(min(length, 63)) }

    /// Whether the received fields of this name are left out.
    @inline(__always)
    public func isHidden(_ name: UnsafeRawBufferPointer) -> Bool {
        hiddenLengths & EditList.bit(name.count) != 0 && isAmongHidden(name)
    }

    private func isAmongHidden(_ name: UnsafeRawBufferPointer) -> Bool {
        for at in 0..<hiddenCount where Syntax.equalsFolded(hidden[at], name) { return true }
        return false
    }

    /// The added fields, in order, until `body` answers false.
    public func forEachAdded(
        _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
    ) {
        for at in 0..<addedCount {
            guard body(added[at].name, added[at].value) else { return }
        }
    }

    /// Writes the added fields.
    func writeAdditions<Sink: ByteSink>(into sink: inout Sink) {
        for at in 0..<addedCount { sink.appendField(added[at].name, added[at].value) }
    }
}
