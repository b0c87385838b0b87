import GatehousePluginHost
import Synchronization

/// A clock that only a test advances.
final class TestClock: HostClock {
    private let now = Atomic<UInt64>(1_000_000_000)

    var isReal: Bool { false }
    func monotonicNs() -> UInt64 { now.load(ordering: .sequentiallyConsistent) }
    func unixNs() -> Int64 { 1_700_000_000_000_000_000 + Int64(monotonicNs()) }

    func advance(ms: UInt64) {
        now.add(ms * 1_000_000, ordering: .sequentiallyConsistent)
    }
}
