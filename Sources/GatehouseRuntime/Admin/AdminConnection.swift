import GatehouseHTTP
import GatehousePluginHost
import GatehouseProxy
import Glibc
import NIOCore

/// A connection of the admin listener: one request after the other, no bodies.
/// **Confined to:** its loop.
final class AdminConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let home: AdminHome
    private let fields = FieldIndex(capacity: AdminLimits.headLimits.fields)
    private var parser = RequestHeadParser(limits: AdminLimits.headLimits)
    private var inbound = ByteBuffer()
    private var deadline: Scheduled<Void>?
    private var isAnswering = false
    private var isOver = false

    init(_ home: AdminHome) { self.home = home }

    func channelActive(context: ChannelHandlerContext) {
        guard home.opened() else {
            guard home.connections <= home.connectionsMax + AdminLimits.refusalsAtOnce else {
                return context.close(promise: nil)
            }
            return send(.problem(503), to: nil, context)
        }
        wait(AdminLimits.head, context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        isOver = true
        home.closed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        var more = unwrapInboundIn(data)
        if inbound.readableBytes == 0 { wait(AdminLimits.head, context) }
        inbound.writeBuffer(&more)
        guard inbound.readableBytes <= 2 * AdminLimits.headLimits.head else {
            return send(.problem(431), to: nil, context)
        }
        process(context)
    }

    private func process(_ context: ChannelHandlerContext) {
        guard !isAnswering, !isOver, inbound.readableBytes > 0 else { return }
        switch inbound.withUnsafeReadableBytes({ parser.parse($0, into: fields) }) {
        case .needMore: return
        case .fault(let fault): send(.problem(fault.status), to: nil, context)
        case .head(let head):
            let path = inbound.withUnsafeReadableBytes {
                String(decoding: head.path(in: $0), as: UTF8.self)
            }
            inbound.moveReaderIndex(forwardBy: min(head.length, inbound.readableBytes))
            if inbound.readableBytes == 0 { inbound.clear() }
            parser = RequestHeadParser(limits: AdminLimits.headLimits)
            answer(head, path, context)
        }
    }

    // MARK: Answers

    private func answer(_ head: RequestHead, _ path: String, _ context: ChannelHandlerContext) {
        isAnswering = true
        switch AdminPage.find(method: head.method, path: path) {
        case .failure(let refused): send(refused.answer, to: head, context)
        case .success(.health): send(AdminPage.healthy, to: head, context)
        case .success(.readiness):
            let source = home.source
            send(AdminPage.ready(source.reasons(), degraded: source.standIns), to: head, context)
        case .success(.metrics):
            home.whenRefreshed { [self] in
                guard !isOver else { return }
                var answer = AdminAnswer(status: 200, body: home.source.page().text())
                answer.contentType = "\(PrometheusText.contentType)"
                send(answer, to: head, context)
            }
        }
    }

    /// Sends an answer; `head` nil: to something that was no request, and the connection ends.
    private func send(
        _ answer: AdminAnswer, to head: RequestHead?, _ context: ChannelHandlerContext
    ) {
        let keepsAlive = head.map { $0.keepAlive && $0.framing == .none } ?? false
        var sink = AdminSink()
        LocalResponse.writeStatusLine(answer.status, into: &sink)
        sink.field("Date", HTTPDate.format(secondsSince1970: Int64(time(nil))))
        sink.field("Content-Type", Array(answer.contentType.utf8))
        sink.field("Cache-Control", Array("no-store".utf8))
        if let allow = answer.allow { sink.field("Allow", Array(allow.utf8)) }
        if answer.status == 503 { sink.field("Retry-After", Array("1".utf8)) }
        LocalResponse.writeEnd(
            status: answer.status, framing: .length(UInt64(answer.body.count)),
            keepAlive: keepsAlive, minorVersion: head?.minorVersion ?? 1, into: &sink)
        if head?.method != .head { sink.bytes += answer.body }
        isAnswering = true
        isOver = !keepsAlive
        wait(AdminLimits.write, context)
        let bound = NIOLoopBound((self, context), eventLoop: home.loop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: sink.bytes))).whenComplete { _ in
            let (connection, context) = bound.value
            connection.sent(context)
        }
    }

    private func sent(_ context: ChannelHandlerContext) {
        isAnswering = false
        guard !isOver else {
            inbound.clear()
            wait(.seconds(1), context)
            return context.close(mode: .output, promise: nil)
        }
        wait(inbound.readableBytes == 0 ? AdminLimits.idle : AdminLimits.head, context)
        process(context)
    }

    private func wait(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let bound = NIOLoopBound(context, eventLoop: home.loop)
        deadline = home.loop.scheduleTask(in: time) { bound.value.close(promise: nil) }
    }
}

/// Bytes that the writers of GatehouseHTTP append to.
private struct AdminSink: ByteSink {
    var bytes: [UInt8] = []

    mutating func append(_ byte: UInt8) { bytes.append(byte) }
    mutating func append(_ more: UnsafeRawBufferPointer) { bytes += more }

    mutating func field(_ name: StaticString, _ value: [UInt8]) {
        value.withUnsafeBytes { appendField(name, $0) }
    }
}
