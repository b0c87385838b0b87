import NIOCore
import NIOHTTP1
import Synchronization

/// The body of a response that is written piece by piece, on the connection's event loop.
final class ResponseStream: Sendable {
    private let channel: any Channel
    private let keepAlive: Bool
    private let isEnded = Mutex(false)

    init(channel: any Channel, keepAlive: Bool) {
        self.channel = channel
        self.keepAlive = keepAlive
    }

    /// Whether the client is there and the response has not ended.
    var isOpen: Bool { channel.isActive && !isEnded.withLock { $0 } }

    /// Sends octets at once; `next` runs when the socket has taken them.
    func write(_ bytes: [UInt8], then next: (@Sendable () -> Void)? = nil) {
        guard isOpen else { return }
        var buffer = channel.allocator.buffer(capacity: bytes.count)
        buffer.writeBytes(bytes)
        let written = channel.writeAndFlush(
            HTTPServerResponsePart.body(.byteBuffer(buffer)))
        if let next { written.whenSuccess { next() } }
    }

    func write(_ text: String) { write(Array(text.utf8)) }

    /// Ends the response properly.
    func finish() {
        let isFirst = isEnded.withLock { ended in
            defer { ended = true }
            return !ended
        }
        guard isFirst else { return }
        let done = channel.writeAndFlush(HTTPServerResponsePart.end(nil))
        if !keepAlive {
            let channel = channel
            done.whenComplete { _ in channel.close(promise: nil) }
        }
    }

    /// Closes the connection in the middle of the response.
    func abort() {
        isEnded.withLock { $0 = true }
        channel.close(promise: nil)
    }

    /// Runs `body` later unless the client has left by then.
    func after(milliseconds: Int64, _ body: @escaping @Sendable () -> Void) {
        channel.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) { [self] in
            if isOpen { body() }
        }
    }

    /// Runs `body` when the connection is gone.
    func onClose(_ body: @escaping @Sendable () -> Void) {
        channel.closeFuture.whenComplete { _ in body() }
    }
}
