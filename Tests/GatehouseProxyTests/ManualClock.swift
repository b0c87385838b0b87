import GatehousePluginHost
import Synchronization

@testable import GatehouseProxy

/// A clock that stands still until a test advances it.
final class ManualClock: HostClock {
    private let passedNs = Atomic<UInt64>(0)

    var isReal: Bool { false }

    func monotonicNs() -> UInt64 { passedNs.load(ordering: .sequentiallyConsistent) &+ 1 << 40 }

    func unixNs() -> Int64 {
        1_800_000_000_000_000_000 &+ Int64(passedNs.load(ordering: .sequentiallyConsistent))
    }

    /// Lets time pass on a server.
    func advance(ms: UInt64, _ server: ProxyServer) {
        passedNs.add(ms * 1_000_000, ordering: .sequentiallyConsistent)
        server.clockAdvanced()
    }
}
