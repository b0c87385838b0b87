import GatehouseHTTP
import Glibc
import NIOCore

/// A client's connection: the only handler of its channel. Confined to its loop.
///
/// It reads heads, runs one exchange after the other (pipelined requests wait), and closes. What
/// happens within an exchange is in `Exchange`.
final class DownstreamConnection: SocketConnection, ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let worker: Worker
    /// Which listener of the snapshot accepted it.
    let listener: Int
    /// Its place in the worker's list.
    var position = 0
    /// When `deadlineReached` is due, monotonic nanoseconds.
    var deadlineNs = UInt64.max
    private(set) var peer = Peer(nil)

    /// What has been received and not read; nil or empty: nothing.
    private var inbound: ByteBuffer?
    private var inboundCount: Int { inbound?.readableBytes ?? 0 }
    /// The exchange whose head is being read or that is running.
    private(set) var exchange: Exchange?
    private(set) var isRunning = false
    private(set) var isProcessing = false
    private(set) var isClosing = false
    /// The client has sent its FIN: `DownstreamConnection+HalfClose`.
    var isInputClosed = false
    /// The exchange that is watched since then.
    var watched: UInt64 = 0
    private var isHeldByExchange = false
    private var isHeld = false
    private var hasPendingRead = false

    init(worker: Worker, listener: Int) {
        self.worker = worker
        self.listener = listener
    }

    // MARK: What the channel tells

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        worker.budget.release(.serve)
    }

    func channelActive(context: ChannelHandlerContext) {
        worker.touch()
        peer = Peer(context.remoteAddress)
        takeSocket(of: context)
        worker.opened(self)
        deadlineNs = worker.after(worker.limits.headMs)
        if worker.isDraining { close(lingers: false) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        worker.touch()
        if inboundCount == 0 {
            inbound = unwrapInboundIn(data)
        } else {
            var more = unwrapInboundIn(data)
            inbound?.writeBuffer(&more)
        }
        process()
        if !isHeld { readOn() }
    }

    /// The handler is the last one: nobody behind it wants to know.
    func channelReadComplete(context: ChannelHandlerContext) {}

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        worker.touch()
        if isRunning { exchange?.clientWritabilityChanged(context.channel.isWritable) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed = event as? ChannelEvent { inputClosed() }
    }

    func read(context: ChannelHandlerContext) {
        if isHeld { hasPendingRead = true } else { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        worker.touch()
        isClosing = true
        leaveSocket()
        inbound = nil
        let gone = exchange
        exchange = nil
        if let gone {
            if isRunning { gone.clientGone() }
            gone.reset()
            worker.giveBack(gone)
        }
        isRunning = false
        worker.closed(self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        leaveSocket()
        context.close(promise: nil)
    }

    // MARK: Requests, one after the other

    /// Reads on in what was received, as far as it goes.
    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        while !isClosing, inboundCount > 0 {
            if isRunning {
                guard let exchange, exchange.wantsInput else { break }
                let before = inboundCount
                exchange.feed()
                if isRunning, inboundCount == before { break }
            } else if !readHead() {
                break
            }
        }
        isProcessing = false
        if isInputClosed { endOfInput() }
        updateHold()
    }

    /// Whether a head was complete, or the connection is closing.
    private func readHead() -> Bool {
        let isFirst = exchange == nil
        let exchange = self.exchange ?? worker.takeExchange()
        if isFirst {
            self.exchange = exchange
            exchange.prepare(limits: worker.limits.head)
        }
        guard let bytes = inbound.take() else { return false }
        switch exchange.parse(bytes) {
        case .needMore:
            inbound = bytes
            if isFirst { deadlineNs = worker.after(worker.limits.headMs) }
            return false
        case .fault(let fault):
            inbound = bytes
            exchange.refuse(fault, on: self)
        case .head(let head):
            if head.length < bytes.readableBytes {
                var rest = bytes
                rest.moveReaderIndex(forwardBy: head.length)
                inbound = rest
            }
            isRunning = true
            deadlineNs = .max
            exchange.begin(head, bytes, on: self)
        }
        return true
    }

    /// The exchange is over and has been recorded.
    func exchangeFinished(keepsAlive: Bool, lingers: Bool) {
        if let exchange = exchange.take() {
            exchange.reset()
            worker.giveBack(exchange)
        }
        isRunning = false
        isHeldByExchange = false
        guard keepsAlive, !worker.isClosing else { return close(lingers: lingers) }
        deadlineNs = worker.after(worker.limits.idleMs)
        if isProcessing { return }
        process()
    }

    // MARK: What the exchange does

    /// What was received and not read; give back what is left.
    func takeInput() -> ByteBuffer {
        inbound.take() ?? worker.none
    }

    func giveBack(_ input: ByteBuffer) {
        inbound = input.readableBytes > 0 ? input : nil
        // Reading may have stopped because the input was full while the upstream was connecting.
        if hasPendingRead, !isProcessing { updateHold() }
    }

    /// Whether something was received and not read.
    var hasInput: Bool { inboundCount > 0 }

    /// Holds reading while the upstream takes nothing.
    func setReading(_ isReading: Bool) {
        isHeldByExchange = !isReading
        updateHold()
        if isReading { process() }
    }

    /// The exchange wants what has been received by now (its upstream is there, a pause is over).
    func inputWanted() { process() }

    private func updateHold() {
        let isFull = inboundCount >= ProxyLimits.pipelinedBytesMax
        isHeld = isHeldByExchange || (isFull && isRunning)
        guard !isHeld, hasPendingRead else { return }
        hasPendingRead = false
        context?.read()
    }

    // MARK: The end

    /// Closes when everything has been sent; with `lingers` what the client still sends is read
    /// and dropped for a while, so that a reset does not destroy the answer (RFC 9112 §9.6).
    func close(lingers: Bool) {
        guard !isClosing, let context else { return }
        isClosing = true
        deadlineNs = worker.after(worker.limits.writeMs)
        let bound = NIOLoopBound((self, context), eventLoop: worker.loop)
        inbound = nil
        isHeldByExchange = false
        updateHold()
        context.writeAndFlush(NIOAny(worker.none)).whenComplete { _ in
            let (connection, context) = bound.value
            connection.leaveSocket()
            if lingers { connection.deadlineNs = connection.worker.after(ProxyLimits.lingerMs) }
            context.close(mode: lingers ? .output : .all, promise: nil)
        }
    }

    /// Closes at once: the client sees that the response is incomplete. With `resets` by RST,
    /// where the end of the connection would read as the end of the body.
    func abort(resets: Bool) {
        isClosing = true
        deadlineNs = .max
        if resets, let socket = context?.channel as? any SocketOptionProvider {
            _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        leaveSocket()
        context?.close(promise: nil)
    }

    /// The client has gone: ends the connection, and with it what runs.
    func leave() {
        leaveSocket()
        context?.close(promise: nil)
    }

    func deadlineReached() {
        deadlineNs = .max
        if isClosing {
            leaveSocket()
            context?.close(promise: nil)
        } else if isRunning {
            exchange?.deadlineReached()
        } else if let exchange {
            exchange.refuse(HTTPFault(408, .startLine), on: self)
        } else {
            worker.counters.add(CounterLayout.idleTimeouts)
            close(lingers: false)
        }
    }

    /// Draining: an idle connection closes now, a busy one after its response.
    func drain() {
        if exchange == nil { close(lingers: false) }
    }

    /// The drain deadline: whatever runs ends now.
    func abandon() {
        if isRunning { exchange?.drained() }
        abort(resets: false)
    }
}
