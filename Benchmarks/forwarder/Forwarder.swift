import Glibc
import NIOCore
import NIOPosix

/// Forwards the bytes of one channel to another, unread: what NIO itself costs a proxied request.
///
/// Each accepted connection has a connection of its own to the upstream, on the same loop; both
/// ends have one of these as their only handler, so that nothing but NIO stands between them.
final class Forwarder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var context: ChannelHandlerContext?
    private var other: Forwarder?

    /// Two ends of one relay.
    static func pair() -> (downstream: Forwarder, upstream: Forwarder) {
        let ends = (downstream: Forwarder(), upstream: Forwarder())
        ends.downstream.other = ends.upstream
        ends.upstream.other = ends.downstream
        return ends
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        other?.context?.writeAndFlush(data, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let gone = other
        other = nil
        gone?.other = nil
        gone?.context?.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// `NIOForwarder PORT UPSTREAM-PORT`: relays 127.0.0.1:PORT to 127.0.0.1:UPSTREAM-PORT with one
/// loop, until it is told to stop.
@main
enum NIOForwarder {
    static func main() throws {
        let ports = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        guard ports.count == 2 else {
            print("usage: NIOForwarder PORT UPSTREAM-PORT")
            exit(2)
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try server(group, upstream: ports[1]).bind(host: "127.0.0.1", port: ports[0])
            .wait()
        try channel.closeFuture.wait()
    }

    private static func server(
        _ group: MultiThreadedEventLoopGroup, upstream port: Int
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(
                ChannelOptions.socket(SocketOptionLevel(IPPROTO_TCP), TCP_NODELAY), value: 1
            )
            .childChannelInitializer { channel in
                let loop = channel.eventLoop
                let ends = Forwarder.pair()
                let bound = NIOLoopBound(ends, eventLoop: loop)
                return ClientBootstrap(group: loop)
                    .channelOption(
                        ChannelOptions.socket(SocketOptionLevel(IPPROTO_TCP), TCP_NODELAY), value: 1
                    )
                    .channelInitializer { upstream in
                        upstream.eventLoop.makeCompletedFuture {
                            try upstream.pipeline.syncOperations.addHandler(bound.value.upstream)
                        }
                    }
                    .connect(host: "127.0.0.1", port: port)
                    .flatMapThrowing { _ in
                        try channel.pipeline.syncOperations.addHandler(bound.value.downstream)
                    }
            }
    }
}
