internal import CGatehouse
internal import Synchronization

/// What handles stand for. Handles are never used again, so a stale one is always known as such.
enum Registry {
    private struct Entry: @unchecked Sendable {
        weak var object: AnyObject?
    }

    private static let entries = Mutex<(next: UInt64, table: [UInt64: Entry])>((1, [:]))

    static func add(_ object: AnyObject) -> UInt64 {
        entries.withLock { state in
            let handle = state.next
            state.next += 1
            state.table[handle] = Entry(object: object)
            return handle
        }
    }

    static func remove(_ handle: UInt64) {
        entries.withLock { $0.table[handle] = nil }
    }

    static func object<Object: AnyObject>(_ handle: UInt64, _ type: Object.Type) -> Object? {
        entries.withLock { $0.table[handle] }?.object as? Object
    }
}

extension gh_str {
    /// A copy.
    var copied: [UInt8] {
        Array(UnsafeRawBufferPointer(start: ptr, count: Int(len)))
    }

    /// A copy as text.
    var text: String { String(decoding: copied, as: UTF8.self) }
}

/// Copies fields that a plugin lent.
func copied(_ fields: UnsafePointer<gh_field>?, _ count: UInt32) -> [(name: String, value: String)]
{
    guard let fields else { return [] }
    return (0..<Int(count)).map { (fields[$0].name.text, fields[$0].value.text) }
}

/// Writes to a plugin's sink from memory that is gone afterwards.
func write(_ bytes: [UInt8], to sink: UnsafePointer<gh_sink>?) -> gh_status {
    guard let sink, let write = sink.pointee.write else { return gh_status(GH_INVALID) }
    let memory = LentMemory()
    defer { memory.revoke() }
    return write(sink.pointee.ctx, memory.lend(bytes))
}

/// Collects what a plugin writes and says.
final class Reporter {
    var bytes: [UInt8] = []
    var diagnostics: [RecordedDiagnostic] = []

    private var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    private static func of(_ context: UnsafeMutableRawPointer?) -> Reporter? {
        context.map { Unmanaged<Reporter>.fromOpaque($0).takeUnretainedValue() }
    }

    var sink: gh_sink {
        gh_sink(ctx: context) { context, bytes in
            Reporter.of(context)?.bytes.append(contentsOf: bytes.copied)
            return 0
        }
    }

    var table: gh_diagnostics {
        gh_diagnostics(ctx: context) { context, severity, pointer, message, suggestion in
            Reporter.of(context)?.diagnostics.append(
                RecordedDiagnostic(
                    isError: severity == 1, pointer: pointer.text, message: message.text,
                    suggestion: suggestion.text))
        }
    }
}
