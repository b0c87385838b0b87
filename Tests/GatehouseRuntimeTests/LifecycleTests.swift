import Glibc
import Testing

@testable import GatehouseRuntime

@Suite("Lifecycle: signals and processors")
struct LifecycleTests {
    @Test func `the first signal drains, the second exits`() {
        var decision = SignalDecision()
        #expect(decision.event(for: SIGHUP) == .reload)
        #expect(decision.event(for: SIGTERM) == .drain)
        #expect(decision.event(for: SIGHUP) == .reload)
        #expect(decision.event(for: SIGINT) == .exitNow)
    }

    @Test(
        arguments: [
            (8, nil, 8), (8, 2.0, 2), (8, 1.5, 2), (8, 0.1, 1), (2, 4.0, 2), (0, nil, 1),
            (1024, nil, 255),
        ] as [(Int, Double?, Int)])
    func `threads are what affinity and quota allow`(
        affinity: Int, quota: Double?, expected: Int
    ) {
        #expect(ProcessorCount.bounded(affinity: affinity, quota: quota) == expected)
    }

    @Test func `cgroup files are read as the kernel writes them`() {
        #expect(ProcessorCount.parseMax("150000 100000\n") == 1.5)
        #expect(ProcessorCount.parseMax("max 100000\n") == nil)
        #expect(ProcessorCount.parseMax("-1\n 100000\n") == nil)
        #expect(ProcessorCount.parseMax("") == nil)
        #expect(ProcessorCount.unifiedFolder("1:cpu:/a\n0::/b/c\n") == "/b/c")
        #expect(ProcessorCount.unifiedFolder("1:cpu:/a\n") == nil)
        #expect(ProcessorCount.available() >= 1)
    }
}
