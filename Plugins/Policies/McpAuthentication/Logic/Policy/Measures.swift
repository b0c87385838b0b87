import GatehousePluginKit

/// What became of a request's credential: the label of `tokens_total`.
enum TokenOutcome: String, CaseIterable {
    /// It is good; the request went on.
    case accepted
    /// The request has none.
    case missing
    /// It is no token at all.
    case malformed
    /// The request has several.
    case ambiguous
    /// A token that was good has expired.
    case expired
    /// The token is not good.
    case refused
    /// It is good, and lacks a scope that the route requires.
    case insufficientScope
    /// There is no key set to judge it by.
    case keysMissing
    /// Its issuer could not be asked about it.
    case unavailable
    /// Too many new tokens at once.
    case overload
}

/// What an instance counts at the host, where the host counts. **Thread:** [any].
///
/// Accepted tokens are counted by their loop and handed over now and then: see
/// ``AuthenticationLoop/accepted``.
struct Measures {
    private let host: Host
    private var tokens: [TokenOutcome: Host.Series] = [:]
    private var verifications: Host.Series?
    private var keysTime: Host.Series?
    private var keysCount: Host.Series?
    private var keysFailures: Host.Series?

    /// Milliseconds between an accepted token and its being counted at the host.
    static let delay: UInt32 = 5_000
    /// The number of the broadcast that asks the loops for what they counted.
    static let collect: UInt64 = 100

    /// Defines them. [control], while the instance is created.
    init(_ host: Host) {
        self.host = host
        if let metric = try? host.metric(
            .counter, "tokens_total", help: "Requests by what became of their credential.",
            labels: ["outcome"])
        {
            for outcome in TokenOutcome.allCases {
                tokens[outcome] = try? host.series(metric, [outcome.rawValue])
            }
        }
        verifications = Self.series(
            host, .counter, "verifications_total", "Tokens that were judged anew, not remembered.")
        keysTime = Self.series(
            host, .gauge, "jwks_timestamp_seconds", "When the key set was last found good.")
        keysCount = Self.series(host, .gauge, "jwks_keys", "Usable keys of the key set.")
        keysFailures = Self.series(
            host, .counter, "jwks_failures_total", "Key sets that could not be had or used.")
    }

    private static func series(
        _ host: Host, _ kind: Host.MetricKind, _ name: String, _ help: String
    ) -> Host.Series? {
        (try? host.metric(kind, name, help: help)).flatMap { try? host.series($0) }
    }

    /// Counts what became of a credential, so many times.
    func count(_ outcome: TokenOutcome, _ times: UInt64 = 1) {
        if let series = tokens[outcome] { host.add(Double(times), to: series) }
    }

    /// A token is judged by its signature and claims.
    func countVerification() {
        if let verifications { host.add(1, to: verifications) }
    }

    /// A key set could not be had or used. [control]
    func countKeysFailure() {
        if let keysFailures { host.add(1, to: keysFailures) }
    }

    /// The differences to what was said of the key set before. [control]
    func addKeys(seconds: Double, count: Int) {
        if let keysTime { host.add(seconds, to: keysTime) }
        if let keysCount { host.add(Double(count), to: keysCount) }
    }
}

extension McpAuthentication {
    /// A token was good. The first since the last hand-over asks for the next one.
    @inline(__always)
    func countAccepted(_ loop: AuthenticationLoop) {
        loop.accepted &+= 1
        if loop.accepted == 1 { askForCollection(loop) }
    }

    @inline(never)
    private func askForCollection(_ loop: AuthenticationLoop) {
        let token = KeeperPurpose.counted.timerToken()
        do throws(HostError) {
            try host.timer(token: token, afterMilliseconds: Measures.delay)
        } catch {
            handOver(loop)
        }
    }

    /// Hands over what a loop counted. [loop]
    func handOver(_ loop: AuthenticationLoop) {
        guard loop.accepted > 0 else { return }
        measures.count(.accepted, loop.accepted)
        loop.accepted = 0
    }
}
