/// The preferred date form of RFC 9110 §5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
public enum HTTPDate {
    /// The 29 bytes for a time in seconds since 1970, from year 1970 to 9999; others are clamped.
    public static func format(secondsSince1970 seconds: Int64) -> [UInt8] {
        let time = min(max(seconds, 0), 253_402_300_799)
        let days = time / 86_400
        let rest = time % 86_400
        let (year, month, day) = civil(days)
        let weekdays: StaticString = "ThuFriSatSunMonTueWed"
        let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
        var text: [UInt8] = []
        text.reserveCapacity(29)
        text += three(weekdays, Int(days % 7)) + [0x2C, 0x20] + two(day)
        text += [0x20] + three(months, Int(month) - 1) + [0x20] + two(year / 100) + two(year % 100)
        text += [0x20] + two(rest / 3600) + [0x3A] + two(rest / 60 % 60) + [0x3A] + two(rest % 60)
        return text + Array(" GMT".utf8)
    }

    /// Days since 1970 as a date of the Gregorian calendar, counted in years that begin in March.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func two(_ number: Int64) -> [UInt8] {
        [48 + UInt8(truncatingIfNeeded: number / 10), 48 + UInt8(truncatingIfNeeded: number % 10)]
    }

    private static func three(_ names: StaticString, _ at: Int) -> [UInt8] {
        (0..<3).map { names.utf8Start[at * 3 + $0] }
    }
}
