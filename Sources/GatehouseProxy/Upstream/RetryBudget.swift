/// How many exchanges with an upstream may be tried again, as a pure value: a fifth of them, and a
/// few a second where there are few. So an upstream that comes and goes is not asked for more
/// than it failed at.
struct RetryBudget {
    /// Fifths of a retry: every exchange adds one, every retry takes five.
    private var fifths: Int
    private let most: Int
    private var countedRequests: UInt64 = 0
    private var countedNs: UInt64

    /// A budget that begins with `first` retries and saves up to `most` of them.
    init(first: Int, most: Int, nowNs: UInt64) {
        fifths = first * 5
        self.most = most * 5
        countedNs = nowNs
    }

    /// Takes one retry out.
    /// - Parameter requests: how many exchanges there have been until now, retries included; those
    ///   earn nothing.
    /// - Returns: whether there was one.
    mutating func take(requests: UInt64, nowNs: UInt64) -> Bool {
        let earned = Int(clamping: max(requests, countedRequests) &- countedRequests)
        countedRequests = max(requests, countedRequests)
        let every = UInt64(1_000_000_000 / (5 * ProxyLimits.retriesPerSecond))
        let passed = Int(clamping: (nowNs &- countedNs) / every)
        countedNs &+= UInt64(passed) &* every
        fifths = min(fifths &+ min(earned, most) &+ min(passed, most), most)
        guard fifths >= 5 else { return false }
        fifths -= 5
        countedRequests &+= 1
        return true
    }
}
