import Glibc

/// The character classes of RFC 9110 §5.6.2, RFC 9112 §3 and RFC 3986, as bit maps: a look-up is
/// two shifts, and nothing is initialised at run time.
@usableFromInline
enum Syntax {
    static let carriageReturn: UInt8 = 13
    static let lineFeed: UInt8 = 10
    static let space: UInt8 = 32
    static let tab: UInt8 = 9

    /// tchar: `!#$%&'*+-.^_`|~`, digits and letters.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        isIn(byte, low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    }

    /// A byte of a request target: visible US-ASCII without `#` (RFC 9112 §3.2 has no fragment).
    @inline(__always)
    static func isTarget(_ byte: UInt8) -> Bool {
        isIn(byte, low: 0xFFFF_FFF6_0000_0000, high: 0x7FFF_FFFF_FFFF_FFFF)
    }

    /// A byte of a field value: visible, space, tab, or obs-text (RFC 9110 §5.5).
    @inline(__always)
    static func isValue(_ byte: UInt8) -> Bool {
        (byte >= 32 && byte != 127) || byte == tab
    }

    /// unreserved of RFC 3986 §2.3: letters, digits, `-._~`.
    @inline(__always)
    static func isUnreserved(_ byte: UInt8) -> Bool {
        isIn(byte, low: 0x03FF_6000_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

    /// The value of one hexadecimal digit, or nil.
    @inline(__always)
    static func hex(_ byte: UInt8) -> UInt8? {
        if byte &- 48 < 10 { return byte &- 48 }
        let letter = byte | 0x20
        return letter &- 97 < 6 ? letter &- 87 : nil
    }

    /// The byte in lower case, where it is a letter of US-ASCII.
    @inline(__always)
    static func lower(_ byte: UInt8) -> UInt8 {
        byte &- 65 < 26 ? byte | 0x20 : byte
    }

    @inline(__always)
    private static func isIn(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
        guard byte < 128 else { return false }
        return ((byte < 64 ? low : high) >> UInt64(byte & 63)) & 1 == 1
    }
}

extension Syntax {
    static func areTokens(_ bytes: UnsafeRawBufferPointer) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(isToken)
    }

    /// Whether every byte may stand in a field value. Sixteen bytes at a time: a pair of words that
    /// holds a byte below 0x20 or 0x7F is looked at byte by byte, because the tab is allowed.
    static func areValue(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        var at = 0
        while at + 16 <= bytes.count {
            let first = base.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            let second = base.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)
            if (controls(first) | controls(second)) & 0x8080_8080_8080_8080 != 0 {
                for next in at..<at + 16 where !isValue(bytes[next]) { return false }
            }
            at += 16
        }
        return areValue(bytes, base, at)
    }

    /// The last bytes from `at` on, fewer than sixteen: words that overlap what was looked at.
    @inline(__always)
    private static func areValue(
        _ bytes: UnsafeRawBufferPointer, _ base: UnsafeRawPointer, _ start: Int
    ) -> Bool {
        if bytes.count >= 8, start < bytes.count {
            let last = base.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
            let first = base.loadUnaligned(
                fromByteOffset: min(start, bytes.count - 8), as: UInt64.self)
            if (controls(first) | controls(last)) & 0x8080_8080_8080_8080 == 0 { return true }
        }
        for at in start..<bytes.count where !isValue(bytes[at]) { return false }
        return true
    }

    /// The high bit of a byte is set where one at or before it may be below 0x20 or 0x7F; no high
    /// bit is set where none is.
    @inline(__always)
    private static func controls(_ word: UInt64) -> UInt64 {
        let delete = word ^ 0x7F7F_7F7F_7F7F_7F7F
        return ((word &- 0x2020_2020_2020_2020) & ~word)
            | ((delete &- 0x0101_0101_0101_0101) & ~delete)
    }

    /// The first position from `start` on that may hold another byte than letters, digits and the
    /// hyphen, of which nearly every field name is made. Eight bytes at a time: the bytes before
    /// the answer are such bytes, the one at it is for `isToken` to judge.
    ///
    /// It looks at whole words of `bytes`, beyond the line's end too; CR is no such byte.
    @inline(__always)
    static func afterNameBytes(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int {
        guard let base = bytes.baseAddress else { return start }
        var at = start
        while at &+ 8 <= bytes.count {
            let word = base.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            let others = ~nameBytes(UInt64(littleEndian: word)) & 0x8080_8080_8080_8080
            if others != 0 { return at &+ others.trailingZeroBitCount / 8 }
            at &+= 8
        }
        return at
    }

    /// The high bit of each byte that is a letter, a digit or a hyphen.
    @inline(__always)
    private static func nameBytes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let low = word & 0x7F7F_7F7F_7F7F_7F7F
        let folded = low | 0x2020_2020_2020_2020
        let letters = (folded &+ ones &* (128 - 0x61)) & ~(folded &+ ones &* (128 - 0x7B))
        let digits = (low &+ ones &* (128 - 0x30)) & ~(low &+ ones &* (128 - 0x3A))
        let hyphens = ~((low ^ (ones &* 0x2D)) &+ ones &* 0x7F)
        return (letters | digits | hyphens) & ~word
    }

    /// Whether `bytes` are `text`, letters of US-ASCII compared without case; `text` is lower case.
    /// In words: which bytes of `text` are letters is known when this is compiled.
    @inline(__always)
    static func equalsFolded(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count == count, let base = bytes.baseAddress else {
            return bytes.count == count
        }
        let wanted = UnsafeRawPointer(text.utf8Start)
        var at = 0
        while at + 8 <= count {
            guard isSameWord(base, wanted, at) else { return false }
            at += 8
        }
        if at == count { return true }
        if count >= 8 { return isSameWord(base, wanted, count - 8) }
        while at < count {
            guard lower(bytes[at]) == wanted.load(fromByteOffset: at, as: UInt8.self) else {
                return false
            }
            at += 1
        }
        return true
    }

    /// Whether eight bytes are the same but for the case of letters; `wanted` is lower case.
    @inline(__always)
    private static func isSameWord(
        _ base: UnsafeRawPointer, _ wanted: UnsafeRawPointer, _ at: Int
    ) -> Bool {
        let text = wanted.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        let ones: UInt64 = 0x0101_0101_0101_0101
        // `text` is US-ASCII: no byte carries into the next.
        let letters = (text &+ ones &* (128 - 0x61)) & ~(text &+ ones &* (128 - 0x7B))
        let difference = base.loadUnaligned(fromByteOffset: at, as: UInt64.self) ^ text
        return difference & ~((letters & (ones &* 0x80)) >> 2) == 0
    }

    /// Whether both are the same bytes but for the case of letters of US-ASCII.
    static func equalsFolded(
        _ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer
    ) -> Bool {
        guard one.count == other.count else { return false }
        for at in 0..<one.count where lower(one[at]) != lower(other[at]) { return false }
        return true
    }

    /// Whether `bytes` are exactly `text`.
    @inline(__always)
    static func equals(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount, let base = bytes.baseAddress else {
            return bytes.count == text.utf8CodeUnitCount
        }
        return memcmp(base, text.utf8Start, bytes.count) == 0
    }

    /// `bytes` from `start` up to `end` without spaces and tabs at either side (OWS).
    @inline(__always)
    static func trimmed(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> ByteRange {
        var first = start
        var last = end
        while first < last, bytes[first] == space || bytes[first] == tab { first += 1 }
        while last > first, bytes[last - 1] == space || bytes[last - 1] == tab { last -= 1 }
        return ByteRange(first, last)
    }

    /// A decimal number without sign, at most `Int64.max`; nil where it is none (RFC 9110 §8.6).
    static func decimal(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        guard !bytes.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in bytes {
            guard isDigit(byte), value <= (UInt64(Int64.max) - 9) / 10 else { return nil }
            value = value * 10 + UInt64(byte &- 48)
        }
        return value
    }
}

/// What may be written as a field, for those who make fields of their own (RFC 9110 §5.1, §5.5).
public enum FieldSyntax {
    /// Whether `name` is a token.
    public static func isName(_ name: UnsafeRawBufferPointer) -> Bool { Syntax.areTokens(name) }

    /// Whether `value` holds no control character but the tab, and no space or tab at its ends.
    public static func isValue(_ value: UnsafeRawBufferPointer) -> Bool {
        let whole = Syntax.trimmed(value, 0, value.count)
        return Int(whole.count) == value.count && Syntax.areValue(value)
    }

    /// Whether `value` holds no control character but the tab; unlike `isValue` it may begin and
    /// end with spaces, which a recipient drops.
    public static func isText(_ value: UnsafeRawBufferPointer) -> Bool { Syntax.areValue(value) }

    /// Whether two names are the same field name: letters compared without case.
    public static func areSame(
        _ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer
    ) -> Bool { Syntax.equalsFolded(one, other) }
}
