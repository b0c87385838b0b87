import GatehouseHTTP

/// Who the client is, by a list of X-Forwarded-For. Pure.
enum ForwardedFor {
    /// The first address from the right that is not of a trusted proxy; nil where there is none
    /// that can be read.
    static func client(_ values: [String], trusted: [AddressRange]) -> IPAddress? {
        var last: IPAddress?
        let hops = values.flatMap { $0.split(separator: ",") }
        for hop in hops.reversed().prefix(ProxyLimits.forwardedHopsMax) {
            guard let address = address(hop) else { return last }
            if !trusted.contains(where: { $0.contains(address) }) { return address }
            last = address
        }
        return last
    }

    /// An address, an address with port, or an IPv6 address in brackets.
    private static func address(_ hop: Substring) -> IPAddress? {
        var text = hop.drop { $0 == " " || $0 == "\t" }
        while let end = text.last, end == " " || end == "\t" { text.removeLast() }
        if let plain = IPAddress(String(text)) { return plain }
        if text.first == "[", let close = text.firstIndex(of: "]") {
            return IPAddress(String(text[text.index(after: text.startIndex)..<close]))
        }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        return IPAddress(String(text[..<colon]))
    }
}
