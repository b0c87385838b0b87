import Glibc

/// Bytes compared without copies; the only unsafe code of the routing.
enum Bytes {
    /// Whether both hold the same bytes.
    @inline(__always)
    static func equal(_ a: UnsafeRawBufferPointer, _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        guard let base = a.baseAddress, !b.isEmpty else { return true }
        return b.withUnsafeBytes { memcmp(base, $0.baseAddress ?? base, a.count) == 0 }
    }

    /// Whether `a` begins with `b`.
    @inline(__always)
    static func starts(_ a: UnsafeRawBufferPointer, with b: [UInt8]) -> Bool {
        guard a.count >= b.count else { return false }
        return equal(UnsafeRawBufferPointer(rebasing: a[..<b.count]), b)
    }

    /// Whether both are equal when the letters of US-ASCII in `a` are folded; `b` is lower case.
    static func equalFolded(_ a: UnsafeRawBufferPointer, lower b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        for at in 0..<a.count where fold(a[at]) != b[at] { return false }
        return true
    }

    /// The order by length, then by bytes of `a` folded against `b` in lower case: -1, 0, 1.
    static func orderFolded(_ a: UnsafeRawBufferPointer, lower b: [UInt8]) -> Int {
        if a.count != b.count { return a.count < b.count ? -1 : 1 }
        for at in 0..<a.count {
            let byte = fold(a[at])
            if byte != b[at] { return byte < b[at] ? -1 : 1 }
        }
        return 0
    }

    /// The order by length, then by bytes: -1, 0, 1.
    static func order(_ a: UnsafeRawBufferPointer, _ b: [UInt8]) -> Int {
        if a.count != b.count { return a.count < b.count ? -1 : 1 }
        for at in 0..<a.count where a[at] != b[at] { return a[at] < b[at] ? -1 : 1 }
        return 0
    }

    /// The text folded to lower case.
    static func lower(_ text: String) -> [UInt8] { text.utf8.map(fold) }

    @inline(__always)
    static func fold(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 0x20 : byte }
}

/// The order of byte strings by length, then by bytes, as `Bytes.order`.
func isShorterOrBefore(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count != b.count ? a.count < b.count : a.lexicographicallyPrecedes(b)
}
