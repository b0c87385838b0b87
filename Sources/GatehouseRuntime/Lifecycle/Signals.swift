import Glibc

/// What a signal asks of the process.
enum SignalEvent: Sendable, Equatable {
    /// The first SIGTERM or SIGINT: drain.
    case drain
    /// The second: exit at once.
    case exitNow
    /// SIGHUP: reload, which is not supported yet.
    case reload
}

/// Decides what a signal means. Pure.
struct SignalDecision: Sendable {
    private var isDraining = false

    mutating func event(for signal: Int32) -> SignalEvent {
        if signal == SIGHUP { return .reload }
        if isDraining { return .exitNow }
        isDraining = true
        return .drain
    }
}

/// Takes SIGTERM, SIGINT and SIGHUP on a thread of its own. SIGPIPE is ignored.
enum Signals {
    /// Blocks the signals in the calling thread; threads that it starts inherit that. Call it
    /// before
    /// any other thread exists.
    static func block() {
        signal(SIGPIPE, SIG_IGN)
        var set = watched()
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Starts the thread. `handle` runs on it, one event at a time.
    static func watch(_ handle: @escaping @Sendable (SignalEvent) -> Void) {
        Thread.start {
            var decision = SignalDecision()
            var set = watched()
            while true {
                var number: Int32 = 0
                if sigwait(&set, &number) == 0 { handle(decision.event(for: number)) }
            }
        }
    }

    private static func watched() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
        return set
    }
}
