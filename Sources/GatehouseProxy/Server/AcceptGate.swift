import Glibc
import NIOCore

/// Stops a listener's accepting for a moment: when the process has no descriptors (accept fails,
/// and the socket stays readable: without a pause the loop would spin), and when not even a refusal
/// could be sent. What waits in the kernel's queue is accepted later. **Confined to:** its loop.
final class AcceptGate: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let worker: Worker
    private var isPaused = false

    init(_ worker: Worker) { self.worker = worker }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireChannelRead(data)
        if worker.budget.isExhausted { pause(context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        worker.counters.add(CounterLayout.acceptErrors)
        // A connection that its client gave up is no reason to wait for the next one.
        if (error as? IOError)?.errnoCode != ECONNABORTED { pause(context) }
    }

    private func pause(_ context: ChannelHandlerContext) {
        guard !isPaused else { return }
        isPaused = true
        // Holding back `read` would not do: after an error the channel still has one of its own, so
        // the poller would go on telling of the same connection.
        setAccepting(false, context)
        worker.counters.add(CounterLayout.acceptPauses)
        schedule(context)
    }

    private func schedule(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: worker.loop)
        worker.loop.scheduleTask(in: .milliseconds(Int64(ProxyLimits.acceptPauseMs))) {
            let (gate, context) = bound.value
            gate.resume(context)
        }
    }

    private func resume(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        if worker.budget.isExhausted { return schedule(context) }
        isPaused = false
        setAccepting(true, context)
    }

    private func setAccepting(_ isAccepting: Bool, _ context: ChannelHandlerContext) {
        try? context.channel.syncOptions?.setOption(.autoRead, value: isAccepting)
    }
}
