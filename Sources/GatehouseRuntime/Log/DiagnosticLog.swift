import Glibc
import Logging

/// The log of the gateway itself: one line a message on standard error, written by a
/// ``LineWriter``, so that a blocked terminal or a closed pipe holds nothing up.
///
/// `2026-11-24T17:00:00.123Z warning proxy: text key=value`. Control characters in what a peer or a
/// plugin said are escaped, so that nobody forges a line.
struct DiagnosticLogHandler: LogHandler {
    let label: String
    let writer: LineWriter
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = Timestamp.now() + " \(event.level) \(label): "
        line += Self.escaped(event.message.description)
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            line += " \(key)=" + Self.quoted(value.description)
        }
        line += "\n"
        writer.write(line.utf8)
    }

    /// Escapes control characters: C0, DEL and C1.
    static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                out += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
    }

    private static func quoted(_ text: String) -> String {
        let plain = escaped(text)
        guard plain.isEmpty || plain.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" })
        else {
            return plain
        }
        let inner = plain.split(separator: "\"", omittingEmptySubsequences: false)
        return "\"" + inner.joined(separator: "\\\"") + "\""
    }
}

/// Points in time as text.
enum Timestamp {
    /// The wall clock as RFC 3339 in UTC with milliseconds.
    static func now() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return text(seconds: time.tv_sec, milliseconds: time.tv_nsec / 1_000_000)
    }

    /// RFC 3339, UTC, with milliseconds (0 to 999).
    static func text(seconds: Int, milliseconds: Int) -> String {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return pad(Int(parts.tm_year) + 1900, 4) + "-" + pad(Int(parts.tm_mon) + 1, 2) + "-"
            + pad(Int(parts.tm_mday), 2) + "T" + pad(Int(parts.tm_hour), 2) + ":"
            + pad(Int(parts.tm_min), 2) + ":" + pad(Int(parts.tm_sec), 2) + "."
            + pad(milliseconds, 3) + "Z"
    }

    private static func pad(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
