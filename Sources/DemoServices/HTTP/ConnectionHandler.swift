import NIOCore
import NIOHTTP1

/// Collects one request at a time and writes what the site answers.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// The most octets of a body that is kept.
    private static let bodyLimit = 4 << 20

    private let site: any Site
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var count = 0
    private var digest: StreamingDigest?

    init(site: any Site) { self.site = site }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context: context)
        case .body(let buffer): collect(buffer)
        case .end: answer(context: context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func begin(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        self.head = head
        body = []
        count = 0
        let path = String(head.uri.prefix { $0 != "?" })
        digest = site.isBodyOnlyCounted(path) ? StreamingDigest() : nil
        if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            let interim = HTTPResponseHead(version: head.version, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(interim)), promise: nil)
        }
    }

    private func collect(_ buffer: ByteBuffer) {
        count += buffer.readableBytes
        if let digest {
            digest.update(Array(buffer.readableBytesView))
        } else if count <= Self.bodyLimit {
            body += buffer.readableBytesView
        }
    }

    private func answer(context: ChannelHandlerContext) {
        guard let head else { return }
        self.head = nil
        let request = DemoRequest(
            method: head.method.rawValue, target: head.uri, version: "\(head.version)",
            headers: head.headers, body: body, bodyCount: count,
            bodyDigest: digest?.finish() ?? [])
        body = []
        let tooLarge = digest == nil && count > Self.bodyLimit
        let reply =
            tooLarge
            ? Reply.whole(.text("the body is too large", status: 413)) : site.reply(to: request)
        switch reply {
        case .whole(let response): write(response, for: head, context: context)
        case .stream(let response, let produce):
            let start = responseHead(response, for: head)
            context.writeAndFlush(wrapOutboundOut(.head(start)), promise: nil)
            let stream = ResponseStream(channel: context.channel, keepAlive: head.isKeepAlive)
            if head.method == .HEAD { stream.finish() } else { produce(stream) }
        }
    }

    private func write(
        _ response: DemoResponse, for head: HTTPRequestHead, context: ChannelHandlerContext
    ) {
        var start = responseHead(response, for: head)
        if response.status != 204, response.status != 304 {
            start.headers.replaceOrAdd(name: "Content-Length", value: "\(response.body.count)")
        }
        context.write(wrapOutboundOut(.head(start)), promise: nil)
        if head.method != .HEAD, !response.body.isEmpty {
            var buffer = context.channel.allocator.buffer(capacity: response.body.count)
            buffer.writeBytes(response.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
        let done = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if !head.isKeepAlive {
            let channel = context.channel
            done.whenComplete { _ in channel.close(promise: nil) }
        }
    }

    private func responseHead(
        _ response: DemoResponse, for head: HTTPRequestHead
    ) -> HTTPResponseHead {
        var headers = HTTPHeaders()
        for (name, value) in response.headers { headers.add(name: name, value: value) }
        if !head.isKeepAlive { headers.replaceOrAdd(name: "Connection", value: "close") }
        return HTTPResponseHead(
            version: head.version, status: HTTPResponseStatus(statusCode: response.status),
            headers: headers)
    }
}
