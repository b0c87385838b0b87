import CGatehouseHost
import Glibc

/// How a child process ended.
enum ChildEnd: Sendable, Hashable {
    /// By itself, with this status.
    case exited(Int32)
    /// By this signal.
    case signalled(Int32)
    /// Not in time: it was killed.
    case timedOut
    /// It wrote more than `LoadingLimits.reportBytesMax`: it was killed.
    case tooMuch
}

/// What a child process left behind.
struct ChildResult: Sendable, Hashable {
    /// How it ended.
    var end: ChildEnd
    /// What it wrote to descriptor 3.
    var report: [UInt8] = []
    /// The beginning of its standard output.
    var output: [UInt8] = []
    /// The beginning of its standard error.
    var errors: [UInt8] = []
}

/// Runs a program to its end or to a time limit, whichever comes first.
enum ChildProcess {
    /// Starts `arguments[0]` in a process group of its own; the group does not outlive this call.
    ///
    /// Blocks. - Throws: `notProbed` when the program could not be started.
    static func run(
        _ arguments: [String], environment: [String], limitMs: UInt32
    ) throws(PluginRefusal) -> ChildResult {
        var child = gatehouse_child()
        let error = withCStrings(arguments) { argv in
            withCStrings(environment) { envp in gatehouse_child_spawn(argv, envp, &child) }
        }
        guard error == 0 else {
            throw PluginRefusal(
                .notProbed,
                "the process that would try it could not be started: \(text(ofError: error))")
        }
        var reader = ChildReader(child: child, limitMs: limitMs)
        let end = reader.readToEnd()
        gatehouse_child_reap(child.pid)
        reader.close()
        return ChildResult(
            end: end, report: reader.report.bytes, output: reader.output.bytes,
            errors: reader.errors.bytes)
    }

    /// The text of an errno.
    static func text(ofError number: Int32) -> String {
        guard let text = strerror(number) else { return "error \(number)" }
        return String(cString: text)
    }

    private static func withCStrings<R>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R
    ) -> R {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}

/// Reads a child's three pipes until it has ended.
private struct ChildReader {
    /// One pipe and what came out of it.
    struct Pipe {
        var descriptor: Int32
        let most: Int
        var bytes: [UInt8] = []
        var isOverfull = false

        /// Takes what is there; what exceeds the bound is read and dropped.
        mutating func drain() {
            var chunk = [UInt8](repeating: 0, count: 16 << 10)
            while descriptor >= 0 {
                let count = chunk.withUnsafeMutableBytes {
                    Glibc.read(descriptor, $0.baseAddress, $0.count)
                }
                if count < 0, errno == EINTR { continue }
                if count == 0 { shut() }
                guard count > 0 else { return }
                let room = most - bytes.count
                isOverfull = isOverfull || count > room
                bytes += chunk.prefix(min(count, max(room, 0)))
                if isOverfull, most > LoadingLimits.noiseBytesMax { return }
            }
        }

        mutating func shut() {
            if descriptor >= 0 { Glibc.close(descriptor) }
            descriptor = -1
        }
    }

    let child: gatehouse_child
    let deadline: UInt64
    var report: Pipe
    var output: Pipe
    var errors: Pipe

    init(child: gatehouse_child, limitMs: UInt32) {
        self.child = child
        deadline = SystemClock().monotonicNs() + UInt64(limitMs) * 1_000_000
        report = Pipe(descriptor: child.report, most: LoadingLimits.reportBytesMax)
        output = Pipe(descriptor: child.output, most: LoadingLimits.noiseBytesMax)
        errors = Pipe(descriptor: child.errors, most: LoadingLimits.noiseBytesMax)
    }

    mutating func readToEnd() -> ChildEnd {
        while true {
            // In this order: what the child wrote before it ended is there when it has ended.
            let end = ended()
            report.drain()
            output.drain()
            errors.drain()
            if report.isOverfull { return .tooMuch }
            if let end { return end }
            let now = SystemClock().monotonicNs()
            guard now < deadline else { return .timedOut }
            wait(ms: Int32(clamping: (deadline - now) / 1_000_000 + 1))
        }
    }

    private func ended() -> ChildEnd? {
        var value: Int32 = 0
        switch gatehouse_child_ended(child.pid, &value) {
        case 0: return nil
        case 1: return .exited(value)
        case 2: return .signalled(value)
        default: return .exited(-1)
        }
    }

    /// Until a pipe has something, the child has ended, or the time is up. A kernel without
    /// pidfd is asked again every 20 milliseconds.
    private func wait(ms: Int32) {
        var polled = [report.descriptor, output.descriptor, errors.descriptor, child.pidfd].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        _ = poll(&polled, nfds_t(polled.count), child.pidfd < 0 ? min(ms, 20) : ms)
    }

    mutating func close() {
        report.shut()
        output.shut()
        errors.shut()
        if child.pidfd >= 0 { Glibc.close(child.pidfd) }
    }
}
