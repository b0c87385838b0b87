import Glibc

/// The clock of everything that is not on a loop.
///
/// **Thread:** any.
public protocol HostClock: Sendable {
    /// Monotonic nanoseconds.
    func monotonicNs() -> UInt64
    /// Nanoseconds since the Unix epoch.
    func unixNs() -> Int64
    /// Whether its time passes by itself. A manual clock says no, and whoever advances it calls
    /// `ControlThread.clockAdvanced()`.
    var isReal: Bool { get }
}

/// The machine's clock.
public struct SystemClock: HostClock {
    /// A value without state.
    public init() {}

    /// Its time passes by itself.
    public var isReal: Bool { true }

    /// CLOCK_MONOTONIC.
    public func monotonicNs() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) &* 1_000_000_000 &+ UInt64(now.tv_nsec)
    }

    /// CLOCK_REALTIME.
    public func unixNs() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec)
    }
}
