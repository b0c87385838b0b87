/// A length of time as the configuration writes it: `500ms`, `30s`, `5m`, `1h`.
enum DurationText {
    /// The milliseconds of `text`, or `nil` where it is no duration or beyond 24 hours.
    static func milliseconds(_ text: String) -> Int64? { milliseconds(text, atMost: 86_400_000) }

    /// The whole seconds of `text`, or `nil` where it is no duration or beyond `limit` seconds.
    static func seconds(_ text: String, atMost limit: Int64) -> Int64? {
        milliseconds(text, atMost: limit * 1000).map { $0 / 1000 }
    }

    private static func milliseconds(_ text: String, atMost limit: Int64) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, digits.utf8.count <= 9, let number = Int64(digits) else {
            return nil
        }
        let factor: Int64
        switch text.dropFirst(digits.count) {
        case "ms": factor = 1
        case "s": factor = 1000
        case "m": factor = 60_000
        case "h": factor = 3_600_000
        default: return nil
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow || product > limit ? nil : product
    }
}
