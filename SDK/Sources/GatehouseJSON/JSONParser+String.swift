extension JSONParser {
    /// Parses a string from its opening quotation mark.
    mutating func parseString() throws(JSONError) -> String {
        at += 1
        let start = at
        let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
        var count = 0
        var all: UInt8 = 0
        while count < rest.count, rest[count] != 0x22, rest[count] != 0x5c, rest[count] >= 0x20 {
            all |= rest[count]
            count &+= 1
        }
        at = start + count
        if count < rest.count, rest[count] == 0x22 {
            let plain = UnsafeRawBufferPointer(rebasing: rest[..<count])
            let text = all < 0x80 ? Self.ascii(plain) : try decode(plain, start)
            at += 1
            return text
        }
        return try parseEscapedString(from: start)
    }

    /// The text of bytes below 0x80, which need no validation.
    private static func ascii(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: bytes.count) { buffer in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
            return bytes.count
        }
    }

    private mutating func parseEscapedString(from start: Int) throws(JSONError) -> String {
        var out = [UInt8](bytes[start..<at])
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case 0x22:
                let text = try decode(out, start)
                at += 1
                return text
            case 0x5c:
                at += 1
                try parseEscape(into: &out)
            case 0..<0x20:
                throw error("a control character stands in a string")
            default:
                out.append(byte)
                at += 1
            }
        }
        throw error("a string does not end")
    }

    private mutating func parseEscape(into out: inout [UInt8]) throws(JSONError) {
        guard let byte = peek() else { throw error("a string does not end") }
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0c)
        case UInt8(ascii: "n"): out.append(0x0a)
        case UInt8(ascii: "r"): out.append(0x0d)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "u"): out.append(contentsOf: String(try parseScalar()).utf8)
        default:
            at -= 1
            throw error("no escape of JSON")
        }
    }

    /// The scalar of `XXXX`, or of a pair of surrogates, behind `\u`.
    private mutating func parseScalar() throws(JSONError) -> Unicode.Scalar {
        let start = at
        let first = try parseHex()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xdc00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw JSONError(reason: "half of a surrogate pair", offset: start)
        }
        let second = try parseHex()
        guard (0xdc00..<0xe000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
        else { throw JSONError(reason: "half of a surrogate pair", offset: start) }
        return scalar
    }

    private mutating func parseHex() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue
            else {
                throw error("four hexadecimal digits are expected")
            }
            value = value << 4 | UInt32(digit)
            at += 1
        }
        return value
    }

    private func decode(
        _ slice: some Sequence<UInt8>, _ start: Int
    ) throws(JSONError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw JSONError(reason: "a string is not UTF-8", offset: start)
        }
        return text
    }
}
