import GatehouseHTTP
import NIOCore

/// The other end of a client's connection.
struct Peer {
    /// Its address; nil for a Unix domain socket.
    let ip: IPAddress?
    /// Its port; 0 where it has none.
    let port: UInt16
    /// The address as text, without port.
    let text: [UInt8]

    init(_ address: SocketAddress?) {
        ip = address?.ip
        port = UInt16(clamping: address?.port ?? 0)
        text = Array((ip?.description ?? "unix").utf8)
    }
}
