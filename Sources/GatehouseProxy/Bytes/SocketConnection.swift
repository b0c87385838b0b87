import Glibc
import NIOCore

/// What both connections of an exchange have in common: the way out. Confined to its loop.
///
/// Bytes go straight to the socket while the channel holds none back; what the kernel does not
/// take, and everything behind TLS, goes through the channel, which waits, closes and counts as it
/// always does. So a request costs the same `send` and none of a channel's book-keeping
/// (docs/adr/0004-straight-to-the-socket.md).
class SocketConnection {
    final var context: ChannelHandlerContext?
    /// The socket that may be written to past the channel; -1: none.
    private var descriptor: Int32 = -1
    /// The channel itself, to be told directly that reading goes on; nil: by the pipeline only.
    private var reader: (any ChannelCore)?
    /// Whether bytes may have left since this was last set to false. Where the connection ends
    /// within the first `send` after that, none did: each write is one attempt.
    final var hasSent = false
    /// How many writes the channel holds. While there are any, all others queue behind them.
    private var queued = 0

    /// From now on bytes may pass the channel by. Only for a channel without TLS, while it is open.
    final func takeSocket(of context: ChannelHandlerContext) {
        let found = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        descriptor = found ?? -1
        reader = found == nil ? nil : context.channel._channelCore
    }

    /// Reading goes on behind what has just been read. The channel would ask for it with a `read`
    /// that passes through the pipeline; told before, it does not ask. Only while nothing holds
    /// reading back.
    @inline(__always)
    final func readOn() { reader?.read0() }

    /// The channel closes: its descriptor may soon be another's. Before every `close`.
    final func leaveSocket() {
        descriptor = -1
        reader = nil
    }

    /// The peer may end its direction without ending ours.
    final func allowHalfClosure() {
        try? context?.channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
    }

    /// Ends our direction behind everything that was sent; `done` is called when it has left, or
    /// cannot leave any more. Nothing can be sent from now on.
    final func finishOutput(_ done: @escaping () -> Void) {
        guard let context else { return done() }
        leaveSocket()
        let promise = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(done, eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { _ in bound.value() }
        context.close(mode: .output, promise: promise)
    }

    /// Whether the peer takes more bytes.
    @inline(__always)
    final var isWritable: Bool {
        if queued == 0, descriptor >= 0 { return true }
        return context?.channel.isWritable ?? false
    }

    /// Sends what has been composed; one system call.
    @inline(__always)
    final func send(_ out: SendBuffer) {
        let sent = sendNow(out.bytes)
        if sent < out.count { queue(ByteBuffer(bytes: out.bytes[sent...])) }
    }

    /// Sends bytes; one system call, no copy.
    final func send(_ buffer: ByteBuffer) {
        let sent = buffer.withUnsafeReadableBytes { sendNow($0) }
        guard sent < buffer.readableBytes else { return }
        var rest = buffer
        rest.moveReaderIndex(forwardBy: sent)
        queue(rest)
    }

    /// How many bytes the kernel has taken; on an error none, the channel meets it then.
    @inline(__always)
    private func sendNow(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard descriptor >= 0, queued == 0 else { return 0 }
        let sent = Glibc.send(
            descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        guard sent > 0 else { return 0 }
        hasSent = true
        return sent
    }

    private func queue(_ rest: ByteBuffer) {
        guard let context else { return }
        defer { hasSent = true }
        guard descriptor >= 0 else { return context.writeAndFlush(NIOAny(rest), promise: nil) }
        queued += 1
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.writeAndFlush(NIOAny(rest)).whenComplete { result in
            bound.value.queued -= 1
            if case .failure = result { bound.value.leaveSocket() }
        }
    }
}
