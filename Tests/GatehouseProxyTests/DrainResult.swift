import NIOPosix
import Synchronization

@testable import GatehouseProxy

/// A drain that runs on a thread of its own while the test goes on.
final class DrainResult: Sendable {
    private let threads = NIOThreadPool(numberOfThreads: 1)
    private let result = Mutex<Bool?>(nil)

    func start(_ server: ProxyServer, deadlineMs: UInt32) {
        threads.start()
        threads.submit { [self] _ in
            let isClean = server.drain(deadlineMs: deadlineMs)
            result.withLock { $0 = isClean }
        }
    }

    /// Waits for the end of the drain; whether everything finished by itself.
    func wait() -> Bool {
        while true {
            if let isClean = result.withLock({ $0 }) {
                threads.shutdownGracefully { _ in }
                return isClean
            }
        }
    }
}
