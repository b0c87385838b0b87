import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A listening demo site on the loopback interface, both families on one port.
struct DemoServer {
    let port: Int
    private let channels: [any Channel]

    /// Why no server could be started.
    enum StartError: Error, CustomStringConvertible {
        case cannotBind(port: Int, reason: String)
        case noPortOnBothFamilies

        var description: String {
            switch self {
            case .cannotBind(let port, let reason): "cannot listen on port \(port): \(reason)"
            case .noPortOnBothFamilies: "found no port that is free on 127.0.0.1 and ::1"
            }
        }
    }

    /// Listens; port 0 takes a free one. `makeSite` is told the port before any request comes.
    static func start(
        port: Int, group: any EventLoopGroup, makeSite: (Int) throws -> any Site
    ) async throws -> DemoServer {
        for _ in 0..<(port == 0 ? 20 : 1) {
            let holder = SiteHolder()
            let bootstrap = bootstrap(group: group, holder: holder)
            let first: any Channel
            do {
                first = try await bootstrap.bind(host: "127.0.0.1", port: port).get()
            } catch {
                throw StartError.cannotBind(port: port, reason: Self.reason(error))
            }
            let chosen = first.localAddress?.port ?? port
            holder.set(try makeSite(chosen))
            do {
                let second = try await bootstrap.bind(host: "::1", port: chosen).get()
                return DemoServer(port: chosen, channels: [first, second])
            } catch let error as IOError where error.errnoCode == EADDRINUSE {
                try await first.close()
                guard port == 0 else {
                    throw StartError.cannotBind(port: port, reason: Self.reason(error))
                }
            } catch {
                // A machine without IPv6 has no ::1.
                return DemoServer(port: chosen, channels: [first])
            }
        }
        throw StartError.noPortOnBothFamilies
    }

    private static func reason(_ error: any Error) -> String {
        (error as? IOError)?.errnoCode == EADDRINUSE ? "it is taken" : "\(error)"
    }

    /// Returns when the listeners are closed, which nothing in the program does.
    func wait() async throws {
        for channel in channels { try await channel.closeFuture.get() }
    }

    private static func bootstrap(
        group: any EventLoopGroup, holder: SiteHolder
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                guard let site = holder.site else {
                    return channel.eventLoop.makeFailedFuture(ChannelError.eof)
                }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(ConnectionHandler(site: site))
                }
            }
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
    }
}

/// The site of a server, known once its port is.
private final class SiteHolder: Sendable {
    private let value = Mutex<(any Site)?>(nil)
    var site: (any Site)? { value.withLock { $0 } }
    func set(_ site: any Site) { value.withLock { $0 = site } }
}
