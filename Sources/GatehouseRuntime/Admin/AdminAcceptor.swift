import Glibc
import NIOCore

/// Keeps the admin listener accepting when the process has no descriptors: it gives up one that it
/// holds for that, and waits a moment where it has none left. **Confined to:** its loop.
final class AdminAcceptor: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias OutboundIn = any Channel

    private let home: AdminHome
    private var isHeld = false
    private var hasPendingRead = false

    init(_ home: AdminHome) { self.home = home }

    func read(context: ChannelHandlerContext) {
        if isHeld { hasPendingRead = true } else { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isHeld else { return }
        if let error = error as? IOError, [EMFILE, ENFILE].contains(error.errnoCode),
            home.giveSpare()
        {
            return
        }
        isHeld = true
        let bound = NIOLoopBound((self, context), eventLoop: home.loop)
        home.loop.scheduleTask(in: AdminLimits.retry) {
            let (handler, context) = bound.value
            handler.isHeld = false
            guard handler.hasPendingRead else { return }
            handler.hasPendingRead = false
            context.read()
        }
    }
}
