/// What is known of an upstream from its connects, as a pure value; one for each loop and upstream.
///
/// Connects that fail in a row make it a candidate for ejection; who has another upstream ejects
/// it. When the time is over one connect is the trial: it ends the ejection, or doubles it.
/// A name with several addresses is one upstream: it fails when all of them did.
struct UpstreamHealth: Equatable {
    /// Connects that have failed since the last one that did not.
    private(set) var failures = 0
    /// How long the ejection is, milliseconds; 0: it is not ejected.
    private(set) var ejectionMs: UInt32 = 0
    /// When the ejection is over and a trial may be made, monotonic nanoseconds.
    private(set) var untilNs: UInt64 = 0
    /// The connect that decides is under way.
    private(set) var isOnTrial = false

    /// Whether it is not ejected.
    var isHealthy: Bool { ejectionMs == 0 }

    /// Whether it has failed so often that it should be ejected.
    var hasFailed: Bool { isHealthy && failures >= ProxyLimits.failuresBeforeEjection }

    /// Whether exchanges may be given to it.
    func takes(_ nowNs: UInt64) -> Bool { isHealthy || isDue(nowNs) }

    /// Whether the time of its ejection is over, so that the next connect is the trial.
    func isDue(_ nowNs: UInt64) -> Bool { !isHealthy && !isOnTrial && nowNs >= untilNs }

    /// Ejects it from now on.
    mutating func eject(_ nowNs: UInt64) {
        ejectionMs =
            isHealthy
            ? ProxyLimits.ejectionMs : min(ejectionMs &* 2, ProxyLimits.ejectionMsMax)
        untilNs = nowNs &+ UInt64(ejectionMs) &* 1_000_000
        isOnTrial = false
    }

    /// A connect begins.
    mutating func connecting(_ nowNs: UInt64) {
        if isDue(nowNs) { isOnTrial = true }
    }

    /// A connect has succeeded: all is forgotten.
    mutating func connected() { self = UpstreamHealth() }

    /// A connect has failed for want of something here: that says nothing of the upstream.
    mutating func connectImpossible() { isOnTrial = false }

    /// A connect has failed.
    /// - Returns: whether that was the trial, so that it is ejected for longer now.
    mutating func connectFailed(_ nowNs: UInt64) -> Bool {
        guard isHealthy else {
            // Connects from before the ejection say nothing new.
            guard isOnTrial else { return false }
            eject(nowNs)
            return true
        }
        failures = min(failures + 1, ProxyLimits.failuresBeforeEjection)
        return false
    }
}
