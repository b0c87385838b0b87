/// Changes to the fields of a head, in the order in which they were made.
///
/// The bytes lie in one arena, which is reused: after a few messages nothing is allocated. The
/// caller validates names and values (`FieldSyntax`) and refuses framing fields. Not to be shared
/// between threads.
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

    struct Edit {
        let kind: Kind
        let name: ByteRange
        let value: ByteRange
    }

    private(set) var edits: [Edit] = []
    private(set) var arena: [UInt8] = []

    /// An empty list.
    public init() {}

    /// Whether there is no edit.
    public var isEmpty: Bool { edits.isEmpty }

    /// How many edits there are.
    public var count: Int { edits.count }

    /// Forgets all edits, keeping the memory.
    public func reset() {
        edits.removeAll(keepingCapacity: true)
        arena.removeAll(keepingCapacity: true)
    }

    /// Adds an edit; the bytes are copied. False, and no edit, beyond 1 MiB or 512 edits.
    @discardableResult
    public func append(
        _ kind: Kind, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) -> Bool {
        guard edits.count < 512, arena.count + name.count + value.count <= 1 << 20 else {
            return false
        }
        let nameStart = arena.count
        arena.append(contentsOf: name)
        let valueStart = arena.count
        arena.append(contentsOf: value)
        edits.append(
            Edit(
                kind: kind, name: ByteRange(nameStart, valueStart),
                value: ByteRange(valueStart, arena.count)))
        return true
    }

    /// Adds an edit from text.
    @discardableResult
    public func append(_ kind: Kind, _ name: String, _ value: String = "") -> Bool {
        let name = Array(name.utf8)
        let value = Array(value.utf8)
        return name.withUnsafeBytes { name in value.withUnsafeBytes { append(kind, name, $0) } }
    }

    /// Whether an edit at or after `start` takes away earlier fields of this name.
    func replaces(_ name: UnsafeRawBufferPointer, from start: Int = 0) -> Bool {
        guard start < edits.count else { return false }
        return arena.withUnsafeBytes { bytes in
            edits[start...].contains {
                $0.kind != .add && Int($0.name.count) == name.count
                    && Syntax.equalsFolded(bytes[$0.name], name)
            }
        }
    }

    /// Writes what the edits add, each unless a later edit takes it away again.
    func writeAdditions<Sink: ByteSink>(into sink: inout Sink) {
        arena.withUnsafeBytes { bytes in
            for (at, edit) in edits.enumerated() where edit.kind != .remove {
                guard !replaces(bytes[edit.name], from: at + 1) else { continue }
                sink.appendField(bytes[edit.name], bytes[edit.value])
            }
        }
    }
}
