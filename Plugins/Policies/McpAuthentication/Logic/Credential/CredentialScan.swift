/// What one place of a request says about the client's token.
enum CredentialScan: Sendable, Equatable {
    /// No credential of our kind was sent.
    case absent
    /// The token, as the half-open range of its bytes in what was scanned.
    case token(Range<Int>)
    /// Something of our kind was sent that cannot be a token: 401 `invalid_request`.
    case malformed
    /// More than one was sent: 400 `invalid_request` (RFC 6750 §3.1, RFC 9110 §11.6.2).
    case ambiguous
}

/// Finds a token in a field value, a query or a cookie, without copying.
///
/// The token itself is a `b64token` (RFC 6750 §2.1): everything else is malformed.
enum CredentialScanner {
    /// The token behind `prefix` in a field value; the comparison ignores ASCII case.
    ///
    /// A prefix that ends in a space takes one or more spaces (RFC 9110 §11.4). Another prefix,
    /// another scheme, counts as absent: it may be meant for somebody else.
    static func field<Bytes: RandomAccessCollection>(
        _ value: Bytes, prefix: [UInt8]
    ) -> CredentialScan where Bytes.Element == UInt8, Bytes.Index == Int {
        let scan = candidate(value, prefix: prefix)
        guard case .token(let range) = scan else { return scan }
        return isToken(value, range) ? scan : .malformed
    }

    /// As ``field(_:prefix:)``, but what stands behind the prefix need not be a token: for who
    /// looks first whether it is one that was verified before.
    @inline(__always)
    static func candidate<Bytes: RandomAccessCollection>(
        _ value: Bytes, prefix: [UInt8]
    ) -> CredentialScan where Bytes.Element == UInt8, Bytes.Index == Int {
        let takesSpaces = prefix.last == UInt8(ascii: " ")
        let wanted = takesSpaces ? prefix.count - 1 : prefix.count
        guard value.count >= wanted else { return .absent }
        var at = value.startIndex
        for index in 0..<wanted {
            guard lower(value[at]) == lower(prefix[index]) else { return .absent }
            at += 1
        }
        if takesSpaces {
            let first = at
            while at < value.endIndex, value[at] == UInt8(ascii: " ") { at += 1 }
            if at == first {
                return at == value.endIndex && at > value.startIndex ? .malformed : .absent
            }
        }
        return .token(at..<value.endIndex)
    }

    /// The value of the parameter `name` of a query; its name must be written without escapes.
    static func query<Bytes: RandomAccessCollection>(
        _ query: Bytes, name: [UInt8]
    ) -> CredentialScan where Bytes.Element == UInt8, Bytes.Index == Int {
        pairs(of: query, named: name, separator: UInt8(ascii: "&"))
    }

    /// The value of the cookie `name` (RFC 6265 §4.2.1); surrounding quotes are left out.
    static func cookie<Bytes: RandomAccessCollection>(
        _ value: Bytes, name: [UInt8]
    ) -> CredentialScan where Bytes.Element == UInt8, Bytes.Index == Int {
        pairs(of: value, named: name, separator: UInt8(ascii: ";"))
    }

    private static func pairs<Bytes: RandomAccessCollection>(
        of bytes: Bytes, named name: [UInt8], separator: UInt8
    ) -> CredentialScan where Bytes.Element == UInt8, Bytes.Index == Int {
        var found = CredentialScan.absent
        var at = bytes.startIndex
        while at < bytes.endIndex {
            let end = index(of: separator, in: bytes, from: at)
            var start = at
            while start < end, bytes[start] == UInt8(ascii: " ") { start += 1 }
            if let value = valueRange(in: bytes, start..<end, named: name) {
                guard found == .absent else { return .ambiguous }
                found = isToken(bytes, value) ? .token(value) : .malformed
            }
            at = end + 1
        }
        return found
    }

    private static func valueRange<Bytes: RandomAccessCollection>(
        in bytes: Bytes, _ pair: Range<Int>, named name: [UInt8]
    ) -> Range<Int>? where Bytes.Element == UInt8, Bytes.Index == Int {
        guard pair.count > name.count else { return nil }
        for (offset, byte) in name.enumerated() where bytes[pair.lowerBound + offset] != byte {
            return nil
        }
        let equals = pair.lowerBound + name.count
        guard bytes[equals] == UInt8(ascii: "=") else { return nil }
        var value = equals + 1..<pair.upperBound
        let quote = UInt8(ascii: "\"")
        if value.count >= 2, bytes[value.lowerBound] == quote, bytes[value.upperBound - 1] == quote
        {
            value = value.lowerBound + 1..<value.upperBound - 1
        }
        return value
    }

    private static func index<Bytes: RandomAccessCollection>(
        of byte: UInt8, in bytes: Bytes, from start: Int
    ) -> Int where Bytes.Element == UInt8, Bytes.Index == Int {
        var at = start
        while at < bytes.endIndex, bytes[at] != byte { at += 1 }
        return at
    }

    /// Whether `range` is `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
    static func isToken<Bytes: RandomAccessCollection>(
        _ bytes: Bytes, _ range: Range<Int>
    ) -> Bool where Bytes.Element == UInt8, Bytes.Index == Int {
        var end = range.upperBound
        while end > range.lowerBound, bytes[end - 1] == UInt8(ascii: "=") { end -= 1 }
        guard end > range.lowerBound else { return false }
        var areAll: UInt64 = 1
        for at in range.lowerBound..<end { areAll &= isTokenByte(bytes[at]) }
        return areAll == 1
    }

    /// 1 for a byte of a token, by a bit map of the 128 characters: letters, digits, `-._~+/`.
    @inline(__always)
    private static func isTokenByte(_ byte: UInt8) -> UInt64 {
        let low: UInt64 = 0x03ff_e800_0000_0000
        let high: UInt64 = 0x47ff_fffe_87ff_fffe
        return byte < 128 ? (byte < 64 ? low : high) &>> UInt64(byte & 63) & 1 : 0
    }

    @inline(__always)
    private static func lower(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
