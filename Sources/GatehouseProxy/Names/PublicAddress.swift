import GatehouseHTTP

/// Which addresses a fetch for a URL that a peer supplied may reach.
///
/// Not the special-purpose ranges of RFC 6890 and its registries: loopback, private, link-local,
/// shared (CGNAT), multicast, documentation, benchmarking, reserved, and every IPv6 form in which
/// an IPv4 address hides.
enum PublicAddress {
    /// Whether the address is a global unicast address of the public Internet.
    static func isPublic(_ address: IPAddress) -> Bool {
        if address.isV4 { return !refusedV4.contains { $0.contains(address) } }
        guard globalUnicast.contains(address) else { return false }
        return !refusedV6.contains { $0.contains(address) }
    }

    private static func v4(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ bits: Int) -> AddressRange {
        AddressRange(IPAddress(v4: a << 24 | b << 16 | c << 8), bits: 96 + bits)
    }

    private static let refusedV4: [AddressRange] = [
        v4(0, 0, 0, 8),  // this network, RFC 1122
        v4(10, 0, 0, 8), v4(172, 16, 0, 12), v4(192, 168, 0, 16),  // private, RFC 1918
        v4(100, 64, 0, 10),  // shared, RFC 6598
        v4(127, 0, 0, 8),  // loopback
        v4(169, 254, 0, 16),  // link-local, where clouds keep their metadata
        v4(192, 0, 0, 24),  // protocol assignments
        v4(192, 0, 2, 24), v4(198, 51, 100, 24), v4(203, 0, 113, 24),  // documentation
        v4(192, 31, 196, 24), v4(192, 52, 193, 24), v4(192, 175, 48, 24),  // AS112, AMT
        v4(192, 88, 99, 24),  // 6to4 relays
        v4(198, 18, 0, 15),  // benchmarking
        v4(224, 0, 0, 4),  // multicast
        v4(240, 0, 0, 4),  // reserved, and the broadcast address
    ]

    /// 2000::/3; all else is reserved, local, mapped or multicast.
    private static let globalUnicast = AddressRange(IPAddress(high: 0x2000 << 48, low: 0), bits: 3)

    private static let refusedV6: [AddressRange] = [
        AddressRange(IPAddress(high: 0x2001_0000 << 32, low: 0), bits: 23),  // assignments, Teredo
        AddressRange(IPAddress(high: 0x2001_0db8 << 32, low: 0), bits: 32),  // documentation
        AddressRange(IPAddress(high: 0x2002 << 48, low: 0), bits: 16),  // 6to4 holds an IPv4
        AddressRange(IPAddress(high: 0x2620_004f_8000 << 16, low: 0), bits: 48),  // AS112
        AddressRange(IPAddress(high: 0x3fff << 48, low: 0), bits: 20),  // documentation, RFC 9637
    ]
}
