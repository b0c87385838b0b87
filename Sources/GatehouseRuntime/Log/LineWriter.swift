import Glibc
import Synchronization

/// Writes bytes to a file descriptor from a thread of its own, so that a slow, blocked or closed
/// reader never holds up the caller.
///
/// What does not fit into the queue is dropped whole and counted; the next write that goes through
/// is preceded by a line that says how many were lost. A descriptor that answers EPIPE or any other
/// permanent error is given up: everything after it is dropped.
///
/// Thread: ``write(_:)`` on any thread. The lock is held for an append only, never for a system
/// call. The descriptor is borrowed, not closed.
final class LineWriter: Sendable {
    /// What waits for the thread, and whether it is to end.
    private struct Queue {
        var bytes: [UInt8] = []
        var dropped = 0
        var droppedInAll: UInt64 = 0
        var isClosed = false
        var isBroken = false
        var isWriting = false
    }

    private let descriptor: Int32
    private let limit: Int
    private let queue = Mutex(Queue())
    private let wake: Semaphore
    private let idle: Semaphore

    /// - Parameters:
    ///   - descriptor: where to write; stays open for the life of the writer.
    ///   - limit: bytes that may wait, 1 MiB unless told otherwise.
    init(descriptor: Int32, limit: Int = 1 << 20) {
        self.descriptor = descriptor
        self.limit = limit
        wake = Semaphore()
        idle = Semaphore()
        Thread.start { [self] in run() }
    }

    /// Queues whole lines. Returns at once, always.
    func write(_ lines: some Collection<UInt8>) {
        let isNew = queue.withLock { queue -> Bool in
            guard !queue.isBroken, !queue.isClosed else {
                queue.droppedInAll += 1
                return false
            }
            guard queue.bytes.count + lines.count <= limit else {
                queue.dropped += 1
                queue.droppedInAll += 1
                return false
            }
            let wasEmpty = queue.bytes.isEmpty
            queue.bytes.append(contentsOf: lines)
            return wasEmpty
        }
        if isNew { wake.signal() }
    }

    /// Ends the writer and waits until what was queued is out, at most `milliseconds`.
    ///
    /// - Returns: false when something was still unwritten at the deadline.
    @discardableResult
    func close(within milliseconds: Int) -> Bool {
        queue.withLock { $0.isClosed = true }
        wake.signal()
        return idle.wait(milliseconds: milliseconds)
    }

    /// The lines that were dropped and not yet reported.
    var dropped: Int { queue.withLock { $0.dropped } }

    /// The writes that had no room, or nobody to take them, since the start.
    var droppedInAll: UInt64 { queue.withLock { $0.droppedInAll } }

    private func run() {
        while true {
            let (batch, isLast) = take()
            if !batch.isEmpty, !writeAll(batch) {
                queue.withLock {
                    $0.isBroken = true
                    $0.bytes = []
                }
            }
            if isLast {
                idle.signal()
                return
            }
            if batch.isEmpty { wake.wait() }
        }
    }

    private func take() -> (batch: [UInt8], isLast: Bool) {
        queue.withLock { queue in
            var batch: [UInt8] = []
            swap(&batch, &queue.bytes)
            if queue.dropped > 0, !batch.isEmpty {
                batch = Array("\(queue.dropped) log lines were dropped\n".utf8) + batch
                queue.dropped = 0
            }
            return (batch, queue.isClosed)
        }
    }

    private func writeAll(_ bytes: [UInt8]) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                // The reader made our descriptor non-blocking: wait here, nobody else does.
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&entry, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
