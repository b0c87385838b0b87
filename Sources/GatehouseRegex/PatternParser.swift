/// Reads a pattern into a tree, by recursive descent over its scalars; depth is bounded.
struct PatternParser {
    let scalars: [Unicode.Scalar]
    let limits: RegexLimits
    var at = 0
    var flags = PatternFlags()
    private var depth = 0

    init(_ pattern: String, limits: RegexLimits) throws(RegexError) {
        guard pattern.utf8.count <= limits.patternBytes else {
            throw RegexError(
                reason: "the pattern is longer than \(limits.patternBytes) bytes",
                offset: limits.patternBytes)
        }
        scalars = Array(pattern.unicodeScalars)
        self.limits = limits
    }

    mutating func parse() throws(RegexError) -> PatternTree {
        let tree = try choice()
        guard at == scalars.count else { throw error("a group is closed that was not opened") }
        return tree
    }

    /// An error at scalar `position`, or where the parser stands.
    func error(_ reason: String, at position: Int? = nil) -> RegexError {
        let end = min(position ?? at, scalars.count)
        let offset = scalars[..<end].reduce(0) { $0 + UTF8.width($1) }
        return RegexError(reason: reason, offset: offset)
    }

    var peek: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        at += 1
        return true
    }

    private mutating func choice() throws(RegexError) -> PatternTree {
        depth += 1
        defer { depth -= 1 }
        guard depth <= limits.depth else { throw error("groups are nested too deeply") }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(RegexError) -> PatternTree {
        var items: [PatternTree] = []
        while let next = peek, next != "|", next != ")" {
            if flags.ignoresSpace, skipSpace() { continue }
            guard let item = try atom() else { continue }
            items.append(try repeats(of: item))
        }
        if items.isEmpty { return .empty }
        return items.count == 1 ? items[0] : .sequence(items)
    }

    /// White space and comments of `(?x)`.
    private mutating func skipSpace() -> Bool {
        guard let next = peek else { return false }
        if next.properties.isWhitespace {
            at += 1
            return true
        }
        guard next == "#" else { return false }
        while let next = peek, next != "\n" { at += 1 }
        return true
    }

    private mutating func repeats(of item: PatternTree) throws(RegexError) -> PatternTree {
        var item = item
        while let next = peek {
            switch next {
            case "*": item = .repeated(item, least: 0, most: nil)
            case "+": item = .repeated(item, least: 1, most: nil)
            case "?": item = .repeated(item, least: 0, most: 1)
            case "{":
                let (least, most) = try counts()
                item = .repeated(item, least: least, most: most)
                at -= 1
            default: return item
            }
            at += 1
            // Lazy or greedy, the same texts match.
            _ = take("?")
        }
        return item
    }

    private mutating func counts() throws(RegexError) -> (least: Int, most: Int?) {
        let start = at
        at += 1
        guard let least = try number() else {
            throw error("a repeat needs a number; write \\{ for the brace itself", at: start)
        }
        var most: Int? = least
        if take(",") { most = peek == "}" ? nil : try number() }
        guard take("}") else { throw error("a repeat is not closed by }", at: start) }
        if let most, most < least { throw error("a repeat's end is before its start", at: start) }
        return (least, most)
    }

    private mutating func number() throws(RegexError) -> Int? {
        var value: Int?
        while let next = peek, let digit = next.properties.numericType == nil ? nil : next.value,
            digit >= 48, digit <= 57
        {
            let grown = (value ?? 0) * 10 + Int(digit - 48)
            guard grown <= limits.repeats else {
                throw error("a repeat is greater than \(limits.repeats)")
            }
            value = grown
            at += 1
        }
        return value
    }

    /// One item; nil for flags, which stand for nothing.
    private mutating func atom() throws(RegexError) -> PatternTree? {
        guard let next = peek else { return .empty }
        switch next {
        case "(": return try group()
        case "[": return .set(try characterClass())
        case "\\": return try escape()
        case "*", "+", "?", "{": throw error("nothing to repeat")
        case ".":
            at += 1
            return .set(ScalarSet(ranges: flags.dotTakesNewline ? [] : [10...10], isNegated: true))
        case "^":
            at += 1
            return .assertion(flags.isMultiLine ? .lineStart : .textStart)
        case "$":
            at += 1
            return .assertion(flags.isMultiLine ? .lineEnd : .textEnd)
        default:
            at += 1
            return literal(next.value)
        }
    }

    func literal(_ scalar: UInt32) -> PatternTree {
        .set(ScalarSet(ranges: [scalar...scalar], ignoresCase: flags.ignoresCase))
    }

    private mutating func group() throws(RegexError) -> PatternTree? {
        let start = at
        let outer = flags
        at += 1
        if take("?") {
            if peek == "P" || peek == "<" {
                try groupName(start)
            } else if try flagLetters(start) {
                return nil
            }
        }
        let tree = try choice()
        guard take(")") else { throw error("a group is not closed", at: start) }
        flags = outer
        return tree
    }

    private mutating func groupName(_ start: Int) throws(RegexError) {
        let isPython = take("P")
        guard take("<") else { throw error("a group's name stands in < and >", at: start) }
        if !isPython, peek == "=" || peek == "!" {
            throw error("look-behind is not supported", at: start)
        }
        let first = at
        while let next = peek, next != ">" {
            let isWord = ScalarSet(ranges: ScalarSet.words).contains(next.value)
            guard isWord, at > first || next.value > 57 else {
                throw error("a group's name is of letters, digits and _")
            }
            at += 1
        }
        guard at > first, take(">") else { throw error("a group's name is not closed", at: start) }
    }

    /// Flags; true where they end the group, as in `(?i)`, and count for what follows.
    private mutating func flagLetters(_ start: Int) throws(RegexError) -> Bool {
        var isOn = true
        while let next = peek {
            at += 1
            switch next {
            case "i": flags.ignoresCase = isOn
            case "m": flags.isMultiLine = isOn
            case "s": flags.dotTakesNewline = isOn
            case "x": flags.ignoresSpace = isOn
            case "U", "u": break
            case "-" where isOn: isOn = false
            case ":": return false
            case ")" where at - start > 3: return true
            case "=", "!": throw error("look-ahead is not supported", at: start)
            default: throw error("unknown flag of a group", at: at - 1)
            }
        }
        throw error("a group is not closed", at: start)
    }
}
