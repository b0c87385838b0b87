import NIOCore
import NIOSSL
import NIOTLS

/// One connection to an upstream: the only handler of its channel (behind TLS, if any).
///
/// Confined to its loop. It belongs to one user at a time, or is idle in its pool.
final class UpstreamConnection: SocketConnection, ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The exchange or fetch that the connection works for; nil: idle.
    var user: UpstreamUser?
    /// The pool that it belongs to, until it is closed.
    var pool: UpstreamPool?
    /// How many exchanges it has carried before this one.
    var usedBefore = 0
    /// When it became idle, monotonic nanoseconds.
    var idleSinceNs: UInt64 = 0
    /// Whether it can still be used.
    private(set) var isOpen = false

    private var isHeld = false
    private var hasPendingRead = false
    private var isTrusted: Bool
    private var isBroken = false
    private var whenReady: ((Bool) -> Void)?

    private let expectedName: String?

    /// With TLS, `expectedName` must be in the certificate; nil: the address was verified.
    init(isTLS: Bool, expectedName: String?) {
        isTrusted = !isTLS
        self.expectedName = expectedName
    }

    // MARK: What the user does

    /// Works for a user from now on.
    func begin(for user: UpstreamUser) {
        self.user = user
        hasSent = false
    }

    /// Whether reading goes on: off while the downstream takes nothing.
    func setReading(_ isReading: Bool) {
        isHeld = !isReading
        guard isReading, hasPendingRead else { return }
        hasPendingRead = false
        context?.read()
    }

    /// Ends the connection at once; the user hears nothing more of it.
    func close() {
        user = nil
        isOpen = false
        leaveSocket()
        context?.close(promise: nil)
    }

    /// Calls back once when the connection can be used (after TLS), or when it cannot.
    func notify(_ ready: @escaping (Bool) -> Void) {
        if isOpen && isTrusted { return ready(true) }
        whenReady = ready
    }

    // MARK: What the channel tells

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        isOpen = context.channel.isActive
        if isOpen, isTrusted { takeSocket(of: context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        isOpen = true
        guard isTrusted else { return }
        takeSocket(of: context)
        ready(true)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed = event as? ChannelEvent { user?.upstreamInputClosed() }
        if case .handshakeCompleted = event as? TLSUserEvent {
            guard hasExpectedName(context) else { return context.close(promise: nil) }
            isTrusted = true
            ready(true)
        }
    }

    private func hasExpectedName(_ context: ChannelHandlerContext) -> Bool {
        guard let expectedName else { return true }
        let certificate = try? context.channel.pipeline.syncOperations.nioSSL_peerCertificate()
        guard let certificate else { return false }
        return ServerIdentity.covers(expectedName, ServerIdentity.dnsNames(of: certificate))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let user else {
            // Bytes that nobody asked for: the next response could not be told apart.
            pool?.forget(self)
            return close()
        }
        // What is found in the way of a first write that fails is no answer to it.
        guard hasSent else { return }
        user.upstreamRead(unwrapInboundIn(data))
        if !isHeld { readOn() }
    }

    /// The handler is the last one: nobody behind it wants to know.
    func channelReadComplete(context: ChannelHandlerContext) {}

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        user?.upstreamWritabilityChanged(context.channel.isWritable)
    }

    func read(context: ChannelHandlerContext) {
        if isHeld { hasPendingRead = true } else { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) { ended() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        isBroken = true
        leaveSocket()
        context.close(promise: nil)
    }

    private func ended() {
        isOpen = false
        leaveSocket()
        pool?.forget(self)
        ready(false)
        let user = self.user
        self.user = nil
        user?.upstreamClosed(!isTrusted ? .untrusted : isBroken ? .broken : .closed)
        pool = nil
    }

    private func ready(_ isUsable: Bool) {
        let call = whenReady
        whenReady = nil
        call?(isUsable)
    }
}
