internal import CGatehouse
public import GatehouseJSON

/// Something that is wrong, or doubtful, in a document that was passed.
public struct Diagnostic: Sendable, Hashable {
    /// Whether the document is refused.
    public let isError: Bool
    /// Where in the document.
    public let pointer: JSONPointer
    /// A clause for a person; never a secret.
    public let message: String
    /// What to write instead; empty for none.
    public let suggestion: String

    /// Something for which the document is refused.
    public static func error(
        _ pointer: JSONPointer, _ message: String, suggestion: String = ""
    ) -> Diagnostic {
        Diagnostic(isError: true, pointer: pointer, message: message, suggestion: suggestion)
    }

    /// Something that works, but perhaps not as meant.
    public static func warning(
        _ pointer: JSONPointer, _ message: String, suggestion: String = ""
    ) -> Diagnostic {
        Diagnostic(isError: false, pointer: pointer, message: message, suggestion: suggestion)
    }
}

/// Where an instance says what is wrong with its configuration. Valid for the call.
///
/// The host turns each pointer into file, line and column.
public struct Diagnostics {
    let pointer: UnsafePointer<gh_diagnostics>?

    /// Reports one.
    public func report(_ diagnostic: Diagnostic) {
        guard let pointer, let report = pointer.pointee.report else { return }
        let severity: UInt32 = diagnostic.isError ? 1 : 2
        borrowing(diagnostic.pointer.description) { place in
            borrowing(diagnostic.message) { message in
                borrowing(diagnostic.suggestion) {
                    report(pointer.pointee.ctx, severity, place, message, $0)
                }
            }
        }
    }
}

/// Receives the diagnostics of a hook.
final class DiagnosticCollector {
    private(set) var found: [Diagnostic] = []
    private static let most = 64

    func lent<Result>(_ body: (UnsafePointer<gh_diagnostics>) -> Result) -> Result {
        var table = gh_diagnostics()
        table.ctx = Unmanaged.passUnretained(self).toOpaque()
        table.report = { context, severity, pointer, message, suggestion in
            guard let context else { return }
            Unmanaged<DiagnosticCollector>.fromOpaque(context)._withUnsafeGuaranteedRef {
                $0.add(severity, pointer, message, suggestion)
            }
        }
        return withExtendedLifetime(self) { body(&table) }
    }

    private func add(
        _ severity: UInt32, _ pointer: gh_str, _ message: gh_str, _ suggestion: gh_str
    ) {
        guard found.count < Self.most else { return }
        let place = JSONPointer(BorrowedBytes(pointer).text) ?? JSONPointer()
        let text = BorrowedBytes(message).text
        let hint = BorrowedBytes(suggestion).text
        found.append(
            severity == 1
                ? .error(place, text, suggestion: hint) : .warning(place, text, suggestion: hint))
    }
}
