import GatehouseConfig
import GatehouseHTTP
import Glibc

@testable import GatehouseProxy

/// host and port: what is read is written again as the same, and an IPv6 literal is one.
enum AuthorityFuzz {
    static func check(_ input: UnsafeRawBufferPointer) throws {
        guard let authority = Authority(input) else { return }
        let host = input[authority.host]
        try hold(!host.isEmpty, "an empty host")
        if authority.kind == .ipv6 {
            try hold(isIPv6(host.part(1, host.count - 1).text), "no IPv6 literal: \(host.text)")
        } else {
            try hold(host.allSatisfy { $0 > 32 && $0 < 127 }, "a host with odd bytes")
            try hold(host.last != 0x2E, "a host ends in a dot")
        }
        let text = host.text + (authority.port.map { ":\($0)" } ?? "")
        try Array(text.utf8).withUnsafeBytes { bytes in
            let again = Authority(bytes)
            try hold(again?.host == authority.host, "another host when written")
            try hold(again?.port == authority.port && again?.kind == authority.kind, "another port")
        }
    }

    private static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return !text.utf8.contains(0) && inet_pton(AF_INET6, text, &address) == 1
    }
}

/// The list of X-Forwarded-For, a line for each field, and the addresses and blocks in it.
enum ForwardedFuzz {
    private static let trusted = ["10.0.0.0/8", "fd00::/8", "192.0.2.1"].compactMap(
        AddressRange.init)

    static func check(_ input: UnsafeRawBufferPointer) throws {
        let lines = input.split(separator: 10, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        if let client = ForwardedFor.client(lines, trusted: trusted) {
            try hold(IPAddress(client.description) == client, "\(client) is another when written")
            let hops = lines.flatMap { $0.split(separator: ",") }
            try hold(!hops.isEmpty, "a client out of nothing")
            let isTrusted = trusted.contains { $0.contains(client) }
            // With a hop that nobody may vouch for nothing further left counts.
            if isTrusted, hops.count <= ProxyLimits.forwardedHopsMax {
                let first = ForwardedFor.client([String(hops[0])], trusted: [])
                try hold(first == nil || first == client || hops.count > 1, "not the first")
            }
        }
        for line in lines { try checkBlock(line.trimmingSpaces) }
    }

    /// The configuration's reader and the proxy's agree: a block that is configured is matched.
    private static func checkBlock(_ text: String) throws {
        if let address = IPAddress(text) {
            try hold(AddressBlock(text) != nil, "an address that cannot be configured: \(text)")
            try hold(IPAddress(address.description) == address, "\(address) is another")
            try hold(AddressRange(text)?.contains(address) == true, "an address not in itself")
            _ = PublicAddress.isPublic(address)
        }
        guard let block = AddressBlock(text) else { return }
        guard let range = AddressRange(text), AddressRange(block.description) == range else {
            throw Broken(description: "configured, but not understood: \(text)")
        }
        for probe in ["10.1.2.3", "::1", "fd00::7", "192.0.2.1", "::ffff:10.0.0.1", "2001:db8::"] {
            guard let address = IPAddress(probe) else { continue }
            try hold(
                block.contains(bytes(address)) == range.contains(address),
                "\(text) and \(probe): the configuration and the proxy differ")
        }
    }

    private static func bytes(_ address: IPAddress) -> [UInt8] {
        [address.high, address.low].flatMap { half in
            (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) }
        }
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        var text = self[...]
        while let first = text.first, first == " " { text.removeFirst() }
        while let last = text.last, last == " " { text.removeLast() }
        return String(text)
    }
}
