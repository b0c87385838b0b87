import GatehouseHTTP
import Synchronization

/// Where a request is sent: address, protocol and what is changed for it.
///
/// **Immutable**, any thread.
public final class Upstream: Sendable {
    /// The place that a connection is made to.
    public enum Address: Sendable, Hashable {
        /// A host name or the text of an IP address (IPv6 without brackets), and a port.
        case host(String, port: UInt16)
        /// The path of a Unix domain socket.
        case unix(path: String)
    }

    /// Where to connect.
    public let address: Address
    /// The settings of TLS; nil: plain text.
    public let tls: UpstreamTLS?
    /// The authority for `Host` (RFC 9110 §7.2), with the port unless it is the scheme's default.
    public let authority: String
    /// The path that replaces the request's (issue: `mcp.targets[].mcp.host`); nil keeps it.
    public let path: String?
    /// Whether `Origin` is removed; a policy has checked it before.
    public let removesOrigin: Bool
    /// The share of this upstream among those of its route, 0 to 1,000,000; 0 gets nothing.
    public let weight: Int

    /// Its row in the counters of every loop.
    let row = Atomic<Int>(0)
    let key: UpstreamKey
    let authorityBytes: [UInt8]
    let pathBytes: [UInt8]?

    /// Describes an upstream. A weight outside 0 to 1,000,000 counts as the nearest one.
    public init(
        address: Address, tls: UpstreamTLS? = nil, authority: String? = nil, path: String? = nil,
        removesOrigin: Bool = false, weight: Int = 1
    ) {
        self.address = address
        self.tls = tls
        self.authority = authority ?? Self.authority(of: address, isTLS: tls != nil)
        self.path = path
        self.removesOrigin = removesOrigin
        self.weight = min(max(weight, 0), 1_000_000)
        key = UpstreamKey(address: address, tls: tls, pinned: nil)
        authorityBytes = Array(self.authority.utf8)
        pathBytes = path.map { Array($0.utf8) }
    }

    private static func authority(of address: Address, isTLS: Bool) -> String {
        switch address {
        case .unix: return "localhost"
        case .host(let name, let port):
            let host = name.utf8.contains(0x3A) ? "[\(name)]" : name
            return port == (isTLS ? 443 : 80) ? host : "\(host):\(port)"
        }
    }
}

/// What connections of one pool have in common: any of them can carry any request for this key.
struct UpstreamKey: Sendable, Hashable {
    var address: Upstream.Address
    /// The settings of TLS; nil: plain text.
    var tls: UpstreamTLS?
    /// The address that a checked name was pinned to, where the fetch was for public addresses.
    var pinned: IPAddress?
}
