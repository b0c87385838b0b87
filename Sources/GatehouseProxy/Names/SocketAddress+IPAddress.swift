import GatehouseHTTP
import Glibc
import NIOCore

extension SocketAddress {
    /// The socket address of an IP address; an IPv4 address as AF_INET.
    init?(_ address: IPAddress, port: UInt16) {
        guard let made = try? SocketAddress(ipAddress: address.description, port: Int(port)) else {
            return nil
        }
        self = made
    }

    /// The IP address, an IPv4-mapped one as IPv4; nil for Unix domain sockets.
    var ip: IPAddress? {
        switch self {
        case .v4(let address):
            IPAddress(v4: UInt32(bigEndian: address.address.sin_addr.s_addr))
        case .v6(let address): IPAddress(address.address.sin6_addr)
        case .unixDomainSocket: nil
        }
    }
}
