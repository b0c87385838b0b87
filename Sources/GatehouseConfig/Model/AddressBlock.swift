/// A block of addresses in CIDR form; an address alone is a block of one.
public struct AddressBlock: Sendable, Hashable {
    /// The network's address, 4 or 16 bytes; the bits behind the prefix are 0.
    public var bytes: [UInt8]
    /// The bits of the prefix, 0 to 32 or 0 to 128.
    public var prefixLength: Int

    /// Reads `10.0.0.0/8`, `::1`, `fd00::/8`; nil when it is none, or bits behind the prefix are
    /// set.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress.bytes(String(parts[0])) else { return nil }
        var length = address.count * 8
        if parts.count == 2 {
            guard let written = Int(parts[1]), parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
                written <= length, String(written) == parts[1]
            else { return nil }
            length = written
        }
        bytes = address
        prefixLength = length
        for bit in length..<(address.count * 8) where address[bit / 8] & (0x80 >> (bit % 8)) != 0 {
            return nil
        }
    }

    /// Whether an address (4 or 16 bytes) is in the block. What is IPv4-mapped counts as IPv4, in
    /// the block and in the address; no other IPv6 block holds an IPv4 address.
    public func contains(_ address: [UInt8]) -> Bool {
        let isMapped = prefixLength >= 96 && bytes.starts(with: Self.mapped)
        let own = isMapped ? bytes.dropFirst(12) : bytes[...]
        let plain = address.starts(with: Self.mapped) ? address.dropFirst(12) : address[...]
        guard plain.count == own.count else { return false }
        return (0..<(isMapped ? prefixLength - 96 : prefixLength)).allSatisfy { bit in
            let place = bit / 8
            let difference = plain[plain.startIndex + place] ^ own[own.startIndex + place]
            return difference & (0x80 >> (bit % 8)) == 0
        }
    }

    /// What stands before the four bytes of an IPv4-mapped address (RFC 4291 §2.5.5.2).
    private static let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
}

extension AddressBlock: CustomStringConvertible {
    /// In CIDR form; IPv6 without compression.
    public var description: String { "\(IPAddress.text(bytes))/\(prefixLength)" }
}

/// Address literals, strict: what `inet_pton` reads.
enum IPAddress {
    /// The 4 or 16 bytes; nil when it is no literal.
    static func bytes(_ text: String) -> [UInt8]? {
        text.contains(":") ? v6(text) : v4(text[...])
    }

    static func text(_ bytes: [UInt8]) -> String {
        if bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
        return stride(from: 0, to: bytes.count - 1, by: 2).map {
            String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16)
        }.joined(separator: ":")
    }

    private static func v4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let bytes = parts.compactMap { part in String(UInt8(part) ?? 0) == part ? UInt8(part) : nil
        }
        return bytes.count == 4 ? bytes : nil
    }

    private static func v6(_ text: String) -> [UInt8]? {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2, let head = groups(halves[0], isLast: halves.count == 1) else {
            return nil
        }
        guard halves.count == 2 else { return head.count == 16 ? head : nil }
        guard let tail = groups(halves[1], isLast: true), head.count + tail.count <= 14 else {
            return nil
        }
        return head + Array(repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    private static func groups(_ text: Substring, isLast: Bool) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if isLast, index == parts.count - 1, part.contains(".") {
                guard let dotted = v4(part) else { return nil }
                bytes += dotted
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit),
                    let group = UInt16(part, radix: 16)
                else { return nil }
                bytes += [UInt8(group >> 8), UInt8(group & 0xff)]
            }
        }
        return bytes
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
    }
}
