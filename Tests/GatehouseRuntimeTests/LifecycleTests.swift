import GatehouseProxy
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

    @Test(
        arguments: [
            (16_384, 65_536, 30, 16_384), (16_384, 1_024, 24, 492), (10, 64, 30, 9),
            (10, 40, 30, 1),
            (10, 8, 30, 1), (5, .max, 0, 5), (1_000_000, nil, 0, 1_000_000),
        ] as [(Int, UInt64?, UInt64, Int)])
    func `connections take at most half of the descriptors (F30)`(
        configured: Int, descriptors: UInt64?, inUse: UInt64, expected: Int
    ) {
        #expect(
            ConnectionBound.connections(
                configured: configured, descriptors: descriptors, inUse: inUse) == expected)
    }

    @Test func `memory is read as the kernel writes it (F31)`() {
        #expect(MemoryWatch.residentBytes("1000 25 3 4 0 5 0\n", page: 4096) == 102_400)
        #expect(MemoryWatch.residentBytes("", page: 4096) == nil)
        #expect(ContainerMemory.parse("536870912\n") == 536_870_912)
        #expect(ContainerMemory.parse("max\n") == nil)
        #expect(ContainerMemory.parse("9223372036854771712\n") == nil)
        #expect(MemoryPressure.Level(used: 94, of: 100) == .none)
        #expect(MemoryPressure.Level(used: 95, of: 100) == .closing)
        #expect(MemoryPressure.Level(used: 98, of: 100) == .refusing)
        #expect(MemoryPressure.Level(used: .max, of: 1) == .refusing)
    }
}
