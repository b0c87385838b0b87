package import Glibc

/// An IPv4 or IPv6 address as a value; an IPv4 address is kept in its IPv4-mapped form.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// The first and the last eight bytes in network order, as numbers.
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(v4 address: UInt32) { self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(address)) }

    /// Reads the text of an address; brackets and zones are not part of it.
    public init?(_ text: String) {
        // inet_pton would read up to a zero byte and leave the rest.
        guard !text.utf8.contains(0) else { return nil }
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(v4: UInt32(bigEndian: v4.s_addr))
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        self.init(v6)
    }

    package init(_ address: in6_addr) {
        let halves = withUnsafeBytes(of: address) {
            (
                $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            )
        }
        self.init(high: UInt64(bigEndian: halves.0), low: UInt64(bigEndian: halves.1))
    }

    /// Whether it is an IPv4 address, also when it came as `::ffff:a.b.c.d`.
    package var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// The IPv4 address as a number. Only where `isV4`.
    package var v4: UInt32 { UInt32(truncatingIfNeeded: low) }

    /// The text of the address; an IPv4 address in dotted form.
    public var description: String {
        if isV4 { return "\(v4 >> 24).\(v4 >> 16 & 255).\(v4 >> 8 & 255).\(v4 & 255)" }
        var address = in6_addr()
        withUnsafeMutableBytes(of: &address) {
            $0.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
            $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            inet_ntop(AF_INET6, &address, buffer.baseAddress, socklen_t(buffer.count)).map {
                String(cString: $0)
            }
        }
        return text ?? "::"
    }
}

/// A range of addresses, `10.0.0.0/8`.
public struct AddressRange: Sendable, Hashable {
    let base: IPAddress
    /// Bits of the 128 that must be equal.
    let bits: Int

    /// Reads `address` or `address/bits`; nil where it is neither.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, let base = IPAddress(String(name)) else { return nil }
        let width = base.isV4 && !name.utf8.contains(0x3A) ? 32 : 128
        var bits = width
        if parts.count == 2 {
            guard let written = Int(parts[1]), (0...width).contains(written) else { return nil }
            bits = written
        }
        self.base = base
        self.bits = bits + 128 - width
    }

    package init(_ base: IPAddress, bits: Int) {
        self.base = base
        self.bits = bits
    }

    /// Whether the address lies in the range; an IPv4 address lies in no range of IPv6, not in
    /// `::/0` either.
    public func contains(_ address: IPAddress) -> Bool {
        guard bits >= 96 || !address.isV4 else { return false }
        let high = bits >= 64 ? UInt64.max : Self.mask(bits)
        let low = bits >= 64 ? Self.mask(bits - 64) : 0
        return (address.high ^ base.high) & high == 0 && (address.low ^ base.low) & low == 0
    }

    private static func mask(_ bits: Int) -> UInt64 {
        bits <= 0 ? 0 : bits >= 64 ? .max : ~(UInt64.max >> UInt64(bits))
    }
}
