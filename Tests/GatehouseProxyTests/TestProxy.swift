import GatehousePluginHost

@testable import GatehouseProxy

/// A server with one listener on a port of the kernel's choice, stopped with the object.
final class TestProxy {
    let server: ProxyServer
    var port: UInt16 { server.addresses[0].port }

    init(_ routes: [Route], _ change: (inout ServerOptions) -> Void = { _ in }) throws {
        var options = ServerOptions()
        change(&options)
        let listener = Listener(
            address: ListenAddress(host: "127.0.0.1", port: 0), routes: try RouteTable(routes))
        server = try ProxyServer.start(ProxySnapshot(listeners: [listener]), options: options)
    }

    /// One route for everything, to this upstream.
    convenience init(to upstream: TestUpstream, _ change: (inout ServerOptions) -> Void = { _ in })
        throws
    {
        try self.init([Route(name: "all", upstreams: [.local(upstream)])], change)
    }

    deinit { server.shutdown() }

    func client() throws -> TestClient { try TestClient(port: port) }

    /// One request on a connection of its own.
    func exchange(_ request: String) throws -> String {
        let client = try client()
        client.send(request)
        return client.response()
    }
}

extension Upstream {
    static func local(_ upstream: TestUpstream) -> Upstream {
        Upstream(address: .host("127.0.0.1", port: upstream.port))
    }
}
