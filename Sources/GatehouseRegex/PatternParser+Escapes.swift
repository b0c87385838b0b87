extension PatternParser {
    /// What a backslash begins, outside a class.
    mutating func escape() throws(RegexError) -> PatternTree {
        let start = at
        at += 1
        guard let next = peek else { throw error("a backslash at the end", at: start) }
        if let ranges = ScalarSet.named(next.value) {
            at += 1
            return .set(ScalarSet(ranges: ranges))
        }
        switch next {
        case "A":
            at += 1
            return .assertion(.textStart)
        case "z":
            at += 1
            return .assertion(.textEnd)
        case "b":
            at += 1
            return .assertion(.wordBoundary)
        case "B":
            at += 1
            return .assertion(.notWordBoundary)
        case "1"..."9", "k": throw error("back references are not supported", at: start)
        default:
            at = start
            return literal(try escapedScalar())
        }
    }

    /// An escape that stands for one scalar; the parser stands at the backslash.
    mutating func escapedScalar() throws(RegexError) -> UInt32 {
        let start = at
        at += 1
        guard let next = peek else { throw error("a backslash at the end", at: start) }
        at += 1
        switch next {
        case "n": return 10
        case "r": return 13
        case "t": return 9
        case "f": return 12
        case "v": return 11
        case "a": return 7
        case "x": return try codePoint(digits: 2, start)
        case "u": return try codePoint(digits: 4, start)
        case "U": return try codePoint(digits: 8, start)
        case "p", "P": throw error("Unicode properties are not supported", at: start)
        default:
            guard next.value < 128, ScalarSet(ranges: ScalarSet.words).contains(next.value) == false
            else { throw error("unknown escape \\\(next)", at: start) }
            return next.value
        }
    }

    /// `\x7F`, `\x{10FFFF}`, `\u007F`, `\U0001F600`.
    private mutating func codePoint(digits: Int, _ start: Int) throws(RegexError) -> UInt32 {
        let hasBraces = take("{")
        var value: UInt32 = 0
        var count = 0
        while let next = peek, next.value < 128, let digit = Character(next).hexDigitValue {
            guard count < 8 else { break }
            value = value << 4 | UInt32(digit)
            count += 1
            at += 1
            if !hasBraces, count == digits { break }
        }
        let isClosed = hasBraces ? count > 0 && take("}") : count == digits
        guard isClosed, Unicode.Scalar(value) != nil else {
            throw error("a malformed code point", at: start)
        }
        return value
    }

    /// A class in brackets; the parser stands at the opening one.
    mutating func characterClass() throws(RegexError) -> ScalarSet {
        let start = at
        at += 1
        var set = ScalarSet(isNegated: take("^"), ignoresCase: flags.ignoresCase)
        let first = at
        while true {
            guard let next = peek else { throw error("a class is not closed", at: start) }
            if next == "]", at > first {
                at += 1
                return set
            }
            try classItem(next, into: &set)
        }
    }

    private mutating func classItem(
        _ next: Unicode.Scalar, into set: inout ScalarSet
    ) throws(RegexError) {
        if next == "[" {
            set.ranges += try posixClass()
            return
        }
        if isOperator(next) { throw error("operations on classes are not supported") }
        if next == "\\", at + 1 < scalars.count, let ranges = ScalarSet.named(scalars[at + 1].value)
        {
            at += 2
            set.ranges += ranges
            return
        }
        let start = at
        let low = try classScalar()
        guard peek == "-", at + 1 < scalars.count, scalars[at + 1] != "]" else {
            set.ranges.append(low...low)
            return
        }
        if scalars[at + 1] == "-" { throw error("operations on classes are not supported") }
        at += 1
        let high = try classScalar()
        guard low <= high else { throw error("a range's end is before its start", at: start) }
        set.ranges.append(low...high)
    }

    /// `&&`, `--` and `~~` are intersection and differences in the Rust crate.
    private func isOperator(_ next: Unicode.Scalar) -> Bool {
        guard next == "&" || next == "~", at + 1 < scalars.count else { return false }
        return scalars[at + 1] == next
    }

    private mutating func classScalar() throws(RegexError) -> UInt32 {
        guard let next = peek else { throw error("a class is not closed") }
        if next == "\\" {
            if at + 1 < scalars.count, scalars[at + 1] == "b" {
                throw error("\\b has no meaning in a class")
            }
            return try escapedScalar()
        }
        if next == "[" { throw error("a class in a class is not supported; write \\[") }
        at += 1
        return next.value
    }

    private mutating func posixClass() throws(RegexError) -> [ClosedRange<UInt32>] {
        let start = at
        at += 1
        guard take(":") else {
            throw error("a class in a class is not supported; write \\[", at: start)
        }
        let isNegated = take("^")
        var name = ""
        while let next = peek, next.value < 128, next.properties.isAlphabetic, name.count < 8 {
            name.unicodeScalars.append(next)
            at += 1
        }
        guard take(":"), take("]"), let ranges = ScalarSet.posix(name) else {
            throw error("unknown class", at: start)
        }
        return isNegated ? ScalarSet(ranges: ranges).inverted : ranges
    }
}
