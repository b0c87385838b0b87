/// When the next part of a request's body is due: a client may be silent for a while, but not go on
/// for ever with a byte now and then. Pure; nanoseconds of the worker's clock.
struct BodyPace {
    private var sinceNs: UInt64 = 0
    private var base: UInt64 = 0

    /// The client is waited for from now on: what was before, such as an upstream that took
    /// nothing, is not its fault.
    mutating func restart(nowNs: UInt64, bytes: UInt64) {
        sinceNs = nowNs
        base = bytes
    }

    /// The deadline after so many bytes in all: the bound on silence, and where the body as a whole
    /// lags behind the rate, the time by which these bytes were due, the first of them one silence
    /// later.
    ///
    /// - Parameters:
    ///   - silenceMs: milliseconds between two parts; 0: without bound, and without a rate.
    ///   - rate: bytes a second; 0: none.
    func dueNs(nowNs: UInt64, bytes: UInt64, silenceMs: UInt32, rate: UInt64) -> UInt64 {
        guard silenceMs > 0 else { return .max }
        let silenceNs = UInt64(silenceMs) * 1_000_000
        guard rate > 0 else { return nowNs &+ silenceNs }
        let seconds = min((bytes &- base) / rate, 1_000_000_000)
        let rest = (bytes &- base) % rate
        let earnedNs = seconds * 1_000_000_000 + min(rest, 1 << 30) * 1_000_000_000 / rate
        return min(nowNs &+ silenceNs, sinceNs &+ silenceNs &+ earnedNs)
    }
}
