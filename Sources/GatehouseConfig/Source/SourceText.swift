/// A place in one text: line and column from 0, the column in characters.
struct Mark: Sendable, Hashable, Comparable {
    var line: Int
    var column: Int

    static let start = Mark(line: 0, column: 0)

    static func < (a: Mark, b: Mark) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// The text of a configuration file, line by line, and which parts of it may not be shown.
struct SourceText: Sendable {
    /// The file's name in messages.
    var file: String
    /// The lines, split where libyaml splits them.
    private(set) var lines: [[Unicode.Scalar]]
    /// What is never shown: values of secrets, and of what looks like one.
    private(set) var masks: [Range<Mark>] = []

    init(file: String, text: String) {
        self.file = file
        lines = [[]]
        var before: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where before == "\r": break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": lines.append([])
            default: lines[lines.count - 1].append(scalar)
            }
            before = scalar
        }
    }

    /// Never show what stands in `range`.
    mutating func mask(_ range: Range<Mark>) {
        if !range.isEmpty { masks.append(range) }
    }

    func position(_ mark: Mark) -> Position {
        Position(file: file, line: mark.line + 1, column: mark.column + 1)
    }

    /// A diagnostic that points at `range`, of which the first line is underlined.
    func diagnostic(
        _ severity: Diagnostic.Severity, _ range: Range<Mark>, _ message: String,
        suggestion: String? = nil
    ) -> Diagnostic {
        let mark = range.lowerBound
        let shown = excerpt(line: mark.line, column: mark.column)
        let end = range.upperBound.line == mark.line ? range.upperBound.column : Int.max
        return Diagnostic(
            severity: severity, position: position(mark), message: message, suggestion: suggestion,
            sourceLine: shown.text, caretColumn: shown.caret,
            caretCount: max(1, min(min(end, lineLength(mark.line)) - mark.column, 40)))
    }

    /// Where `needle` first stands inside `range`.
    func find(_ needle: String, in range: Range<Mark>) -> Range<Mark>? {
        let wanted = Array(needle.unicodeScalars)
        guard !wanted.isEmpty else { return nil }
        for line in range.lowerBound.line...range.upperBound.line where line < lines.count {
            let text = lines[line]
            let from = line == range.lowerBound.line ? range.lowerBound.column : 0
            guard text.count >= wanted.count + from else { continue }
            for start in from...(text.count - wanted.count)
            where text[start..<start + wanted.count].elementsEqual(wanted) {
                let mark = Mark(line: line, column: start)
                return mark..<Mark(line: line, column: start + wanted.count)
            }
        }
        return nil
    }

    private func lineLength(_ line: Int) -> Int { line < lines.count ? lines[line].count : 0 }

    /// A line as it may be shown: masked, without control characters, and cut around the column.
    private func excerpt(line: Int, column: Int) -> (text: String, caret: Int) {
        guard line >= 0, line < lines.count else { return ("", 0) }
        let width = 160
        let first = column > width - 40 ? column - 60 : 0
        // More than is shown, so that the user information of a URL that begins before is seen.
        let base = max(0, first - 2_048)
        var shown = Array(lines[line].dropFirst(base).prefix(first - base + width + 2_048))
        for mask in masks where mask.lowerBound.line <= line && line <= mask.upperBound.line {
            let from = mask.lowerBound.line == line ? mask.lowerBound.column - base : 0
            let to = mask.upperBound.line == line ? mask.upperBound.column - base : shown.count
            let start = max(0, from)
            for at in start..<max(start, min(to, shown.count)) where shown[at] != " " {
                shown[at] = "*"
            }
        }
        maskUserInformation(&shown)
        for at in shown.indices where isControl(shown[at]) {
            shown[at] = shown[at] == "\t" ? " " : "\u{FFFD}"
        }
        let view = shown.dropFirst(first - base).prefix(width)
        var text = String(String.UnicodeScalarView(view))
        if lines[line].count > first + width { text += "..." }
        return (first > 0 ? "..." + text : text, column - first + (first > 0 ? 3 : 0))
    }

    /// `https://user:password@host` is shown as `https://****@host`.
    private func maskUserInformation(_ line: inout [Unicode.Scalar]) {
        let separator = Array("://".unicodeScalars)
        var at = 0
        while at + 3 < line.count {
            guard line[at..<at + 3].elementsEqual(separator) else {
                at += 1
                continue
            }
            let start = at + 3
            let end = line[start...].firstIndex { " /\"'?#,]}".unicodeScalars.contains($0) }
            if let sign = line[start..<(end ?? line.count)].lastIndex(of: "@") {
                for index in start..<sign { line[index] = "*" }
            }
            at = start
        }
    }

    private func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
