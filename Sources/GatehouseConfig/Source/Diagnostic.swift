/// One thing that is wrong, or worth knowing, in a configuration.
///
/// It never holds the value of a secret: the source line is masked when the diagnostic is made.
public struct Diagnostic: Sendable, Hashable {
    /// How bad it is.
    public enum Severity: String, Sendable, Hashable {
        /// The configuration is refused.
        case error
        /// The configuration is used.
        case warning
    }

    /// How bad it is.
    public var severity: Severity
    /// Where.
    public var position: Position
    /// What is wrong, one sentence without a full stop.
    public var message: String
    /// What to write instead; nil: nothing.
    public var suggestion: String?
    /// The line of the file, masked; empty where there is none.
    public var sourceLine: String
    /// The characters of `sourceLine` before the caret.
    var caretColumn: Int
    /// How many characters are underlined, at least 1.
    var caretCount: Int

    init(
        severity: Severity, position: Position, message: String, suggestion: String? = nil,
        sourceLine: String = "", caretColumn: Int = 0, caretCount: Int = 1
    ) {
        self.severity = severity
        self.position = position
        self.message = message
        self.suggestion = suggestion
        self.sourceLine = sourceLine
        self.caretColumn = caretColumn
        self.caretCount = caretCount
    }

    /// An error that another part found at a place of the file; without the source line.
    public static func error(_ position: Position, _ message: String) -> Diagnostic {
        Diagnostic(severity: .error, position: position, message: message)
    }

    /// A warning at a position, without source line and suggestion.
    public static func warning(_ position: Position, _ message: String) -> Diagnostic {
        Diagnostic(severity: .warning, position: position, message: message)
    }

    /// `file:line:column: error: message`, the source line, the caret and the suggestion; lines
    /// are separated by `\n`, without one at the end.
    public func rendered() -> String {
        var lines = ["\(position): \(severity.rawValue): \(message)"]
        if !sourceLine.isEmpty {
            let number = String(position.line)
            let margin = String(repeating: " ", count: number.count)
            let indent = String(repeating: " ", count: caretColumn)
            lines.append(" \(number) | \(sourceLine)")
            lines.append(
                " \(margin) | \(indent)^" + String(repeating: "~", count: max(0, caretCount - 1)))
        }
        if let suggestion { lines.append("   help: \(suggestion)") }
        return lines.joined(separator: "\n")
    }
}

extension Sequence<Diagnostic> {
    /// In the order of the file, errors before warnings at one place, each once.
    public func sortedByPosition() -> [Diagnostic] {
        var seen: Set<Diagnostic> = []
        return filter { seen.insert($0).inserted }.sorted {
            ($0.position, $0.severity.rawValue, $0.message)
                < ($1.position, $1.severity.rawValue, $1.message)
        }
    }

    /// All of them as text, each ending in a line break.
    public func rendered() -> String { map { $0.rendered() + "\n" }.joined() }
}
