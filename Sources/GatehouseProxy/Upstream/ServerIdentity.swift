import NIOSSL

/// Whether a certificate is one for the name that was asked for (RFC 9525 §6). Pure.
///
/// NIOSSL also takes a certificate that holds the *address* of a server that was asked for by name.
/// Whoever can answer a name look-up could then use a certificate for an address of their own, so
/// the name is compared here once more.
enum ServerIdentity {
    /// Whether one of the DNS names is `host`, or covers it by a wildcard as its first label.
    static func covers(_ host: String, _ names: [[UInt8]]) -> Bool {
        let wanted = labels(Bytes.lower(host))
        guard wanted.count > 0 else { return false }
        return names.contains { name in
            let offered = labels(name.map(Bytes.fold))
            guard offered.count == wanted.count else { return false }
            if offered == wanted { return true }
            return offered.count >= 3 && offered[0] == [0x2A]
                && offered.dropFirst().elementsEqual(wanted.dropFirst())
        }
    }

    /// The labels of a name; none where one of them is empty. A final dot does not count.
    private static func labels(_ name: [UInt8]) -> [[UInt8]] {
        let name = name.last == 0x2E ? name.dropLast() : name[...]
        let labels = name.split(separator: 0x2E, omittingEmptySubsequences: false).map(Array.init)
        return labels.contains([]) ? [] : labels
    }

    /// The DNS names in a certificate's subjectAltName.
    static func dnsNames(of certificate: NIOSSLCertificate) -> [[UInt8]] {
        certificate._subjectAlternativeNames().filter { $0.nameType == .dnsName }.map {
            Array($0.contents)
        }
    }
}
