import Glibc
import NIOCore

/// Keeps the admin listener accepting when the process has no descriptors: it gives up one that it
/// holds for that, and waits a moment where it has none left. **Confined to:** its loop.
final class AdminAcceptor: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let home: AdminHome
    private var isHeld = false

    init(_ home: AdminHome) { self.home = home }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isHeld else { return }
        if let error = error as? IOError, [EMFILE, ENFILE].contains(error.errnoCode),
            home.giveSpare()
        {
            return
        }
        isHeld = true
        // What stops the poller from telling of the same connection again and again.
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        let bound = NIOLoopBound((self, context), eventLoop: home.loop)
        home.loop.scheduleTask(in: AdminLimits.retry) {
            let (handler, context) = bound.value
            handler.isHeld = false
            guard context.channel.isActive else { return }
            try? context.channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
