import Synchronization

/// The tokens that are being asked about at their issuer: one question for each token, however many
/// requests carry it. **Thread:** [any]; a lock, on the way of tokens that are not known only.
///
/// The token is kept here while the question runs, and nowhere else.
final class RemoteChecks: Sendable {
    /// One question: its requests in order, and what came so far.
    struct Check: Sendable {
        let token: [UInt8]
        let isProbe: Bool
        /// Those that are still to be made; the first is under way.
        var requests: [FetchPlan]
        var answers: [FetchedAnswer] = []
    }

    /// What became of a request that wants to wait for an answer.
    enum Joining: Equatable {
        /// It waits; the first asks.
        case waits(isFirst: Bool)
        /// There are too many questions, or the issuer wants to be left alone, for so many seconds.
        case refused(reason: String, retryAfter: Int)
    }

    private struct State {
        var checks: [UInt64: Check] = [:]
        var byToken: [[UInt8]: UInt64] = [:]
        /// Questions that [control] has not begun.
        var new: [UInt64] = []
        var next: UInt64 = 1
        /// Nanoseconds of the monotonic clock until which nobody is asked.
        var quietUntil: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Questions at a time: an instance may have 256 operations.
    static let bound = 128

    /// What requests wait for.
    static func key(_ id: UInt64) -> String { "token \(id)" }

    /// Joins those who wait for what is said about `token`, or is the first of them.
    ///
    /// - Parameters:
    ///   - now: nanoseconds of the monotonic clock.
    ///   - make: the requests; called for the first only, `nil` where they cannot be made.
    ///   - wait: begins to wait under a key; under the lock, so that an answer cannot slip through.
    func join(
        _ token: [UInt8], now: UInt64, make: () -> Check?, wait: (String) -> Bool
    ) -> Joining {
        state.withLock { state in
            if let id = state.byToken[token] {
                return wait(Self.key(id))
                    ? .waits(isFirst: false)
                    : .refused(reason: "the request cannot wait", retryAfter: 1)
            }
            if now < state.quietUntil {
                let seconds = Int((state.quietUntil - now) / 1_000_000_000) + 1
                return .refused(reason: "the issuer wants to be left alone", retryAfter: seconds)
            }
            guard state.checks.count < Self.bound else {
                return .refused(reason: "too many tokens are being asked about", retryAfter: 1)
            }
            guard let check = make() else {
                return .refused(reason: "the question cannot be put: see the log", retryAfter: 30)
            }
            let id = state.next
            guard wait(Self.key(id)) else {
                return .refused(reason: "the request cannot wait", retryAfter: 1)
            }
            // The number fits beside a purpose in an operation's token.
            state.next = id >= 1 << 30 ? 1 : id + 1
            state.checks[id] = check
            state.byToken[token] = id
            state.new.append(id)
            return .waits(isFirst: true)
        }
    }

    /// The questions that are new. [control]
    func takeNew() -> [UInt64] {
        state.withLock { state in
            defer { state.new = [] }
            return state.new
        }
    }

    /// A question that is under way.
    subscript(_ id: UInt64) -> Check? { state.withLock { $0.checks[id] } }

    /// Takes an answer, and puts the question on; the question as it is now. [control]
    func advance(_ id: UInt64, _ answer: FetchedAnswer) -> Check? {
        state.withLock { state in
            guard var check = state.checks[id] else { return nil }
            check.answers.append(answer)
            if !check.requests.isEmpty { check.requests.removeFirst() }
            state.checks[id] = check
            return check
        }
    }

    /// Asks with a wider reach, after the host denied the first; `nil` where there is none.
    func widen(_ id: UInt64) -> Check? {
        state.withLock { state in
            guard var check = state.checks[id], let wider = check.requests.first?.wider else {
                return nil
            }
            check.requests[0] = wider
            state.checks[id] = check
            return check
        }
    }

    /// A question is answered: who comes now asks anew. [control]
    ///
    /// - Parameter quietUntil: until when nobody is asked, on the monotonic clock.
    func finish(_ id: UInt64, quietUntil: UInt64 = 0) {
        state.withLock { state in
            if let check = state.checks.removeValue(forKey: id) { state.byToken[check.token] = nil }
            state.quietUntil = max(state.quietUntil, quietUntil)
        }
    }
}
