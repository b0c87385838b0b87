/// A set of Unicode scalars: sorted or unsorted ranges, perhaps negated, perhaps without case.
struct ScalarSet: Sendable, Hashable {
    var ranges: [ClosedRange<UInt32>] = []
    var isNegated = false
    var ignoresCase = false

    func contains(_ scalar: UInt32) -> Bool {
        var isIn = holds(scalar)
        if !isIn, ignoresCase {
            let (lower, upper) = Self.cases(of: scalar)
            isIn = holds(lower) || holds(upper)
        }
        return isIn != isNegated
    }

    private func holds(_ scalar: UInt32) -> Bool {
        for range in ranges where range.contains(scalar) { return true }
        return false
    }

    /// The simple lower and upper case of a scalar; itself where there is none of one scalar.
    static func cases(of scalar: UInt32) -> (lower: UInt32, upper: UInt32) {
        if scalar < 128 {
            if scalar &- 65 < 26 { return (scalar + 32, scalar) }
            if scalar &- 97 < 26 { return (scalar, scalar - 32) }
            return (scalar, scalar)
        }
        guard let value = Unicode.Scalar(scalar) else { return (scalar, scalar) }
        return (
            only(value.properties.lowercaseMapping) ?? scalar,
            only(value.properties.uppercaseMapping) ?? scalar
        )
    }

    private static func only(_ text: String) -> UInt32? {
        let scalars = text.unicodeScalars
        guard let first = scalars.first, scalars.count == 1 else { return nil }
        return first.value
    }

    /// All that the set does not hold, as a set that is not negated.
    var inverted: [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { result.append(next...range.lowerBound - 1) }
            next = max(next, range.upperBound + 1)
        }
        if next <= Self.last { result.append(next...Self.last) }
        return result
    }

    static let last: UInt32 = 0x10_FFFF
    static let digits: [ClosedRange<UInt32>] = [48...57]
    static let words: [ClosedRange<UInt32>] = [48...57, 65...90, 95...95, 97...122]
    static let spaces: [ClosedRange<UInt32>] = [9...13, 32...32]

    /// The ranges of `\d`, `\w`, `\s` and their negations; nil for another letter.
    static func named(_ letter: UInt32) -> [ClosedRange<UInt32>]? {
        switch letter {
        case 0x64: digits
        case 0x77: words
        case 0x73: spaces
        case 0x44: ScalarSet(ranges: digits).inverted
        case 0x57: ScalarSet(ranges: words).inverted
        case 0x53: ScalarSet(ranges: spaces).inverted
        default: nil
        }
    }

    /// The ranges of `[:name:]`; nil for another name.
    static func posix(_ name: String) -> [ClosedRange<UInt32>]? {
        switch name {
        case "alnum": [48...57, 65...90, 97...122]
        case "alpha": [65...90, 97...122]
        case "ascii": [0...127]
        case "blank": [9...9, 32...32]
        case "cntrl": [0...31, 127...127]
        case "digit": digits
        case "graph": [33...126]
        case "lower": [97...122]
        case "print": [32...126]
        case "punct": [33...47, 58...64, 91...96, 123...126]
        case "space": spaces
        case "upper": [65...90]
        case "word": words
        case "xdigit": [48...57, 65...70, 97...102]
        default: nil
        }
    }
}
