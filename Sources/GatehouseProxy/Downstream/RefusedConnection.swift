import GatehouseHTTP
import NIOCore

/// A client's connection beyond the bound: 503 to its first bytes, then it closes. Nothing of what
/// it sends is looked at, and it has one deadline for everything. **Confined to:** its loop.
final class RefusedConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let worker: Worker
    private var deadline: Scheduled<Void>?
    private var hasAnswered = false

    init(worker: Worker) { self.worker = worker }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: worker.loop)
        let time = TimeAmount.milliseconds(Int64(ProxyLimits.refusalMs))
        deadline = worker.loop.scheduleTask(in: time) { bound.value.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        worker.budget.release(.refuse)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasAnswered else { return }
        hasAnswered = true
        let isHead = unwrapInboundIn(data).readableBytesView.starts(with: "HEAD ".utf8)
        worker.downstreamOut.clear()
        Self.compose(into: worker.downstreamOut, isHead: isHead, date: worker.date)
        let answer = wrapOutboundOut(ByteBuffer(bytes: worker.downstreamOut.bytes))
        let bound = NIOLoopBound(context, eventLoop: worker.loop)
        // What the client still sends is read and dropped until the deadline, so that a reset
        // does not destroy the answer (RFC 9112 §9.6).
        context.writeAndFlush(answer).whenComplete { _ in
            bound.value.close(mode: .output, promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed = event as? ChannelEvent { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private static func compose(into out: SendBuffer, isHead: Bool, date: [UInt8]) {
        let body = Problem.body(status: 503, code: Problem.tooManyConnections)
        out.compose(512) { sink in
            LocalResponse.writeStatusLine(503, into: &sink)
            date.withUnsafeBytes { sink.appendField("Date", $0) }
            Problem.writeFields(status: 503, into: &sink)
            LocalResponse.writeEnd(
                status: 503, framing: .length(UInt64(body.count)), keepAlive: false,
                minorVersion: 1, into: &sink)
            if !isHead { sink.append(body) }
        }
    }
}
