import Glibc
import Synchronization

/// Numbers that one loop writes and any thread reads.
///
/// The writer adds by a load and a store, both relaxed: on the machine that is a plain addition.
/// A reader sees each number whole and not older than the writer's last turn, and no two of them
/// at the same moment. **Writer:** one loop at a time. **Reader:** any thread.
struct Counters: @unchecked Sendable {
    // Safety: the words are atomic and live as long as their block, which outlives the loops.
    fileprivate let words: UnsafeMutablePointer<Atomic<UInt64>>
    fileprivate let count: Int

    /// Adds to a number. The place comes from a layout of ours, never from a peer.
    @inline(__always)
    func add(_ at: Int, _ amount: UInt64 = 1) {
        assert(at >= 0 && at < count)
        let sum = words[at].load(ordering: .relaxed) &+ amount
        words[at].store(sum, ordering: .relaxed)
    }

    /// Takes from a number that goes up and down.
    @inline(__always)
    func subtract(_ at: Int, _ amount: UInt64 = 1) { add(at, 0 &- amount) }

    /// Sets a number.
    @inline(__always)
    func set(_ at: Int, _ value: UInt64) {
        assert(at >= 0 && at < count)
        words[at].store(value, ordering: .relaxed)
    }

    /// Reads a number.
    @inline(__always)
    func value(_ at: Int) -> UInt64 {
        assert(at >= 0 && at < count)
        return words[at].load(ordering: .relaxed)
    }
}

/// The memory of one loop's counters. Pages that nothing was counted in cost no memory.
final class CounterBlock: Sendable {
    /// The numbers, all 0 at first.
    let counters: Counters

    // Safety: written once, freed with the block.
    private nonisolated(unsafe) let memory: UnsafeMutableRawPointer

    /// Bytes between two loops' numbers: no two of them in one line, or in a pair of lines that
    /// the processor fetches together.
    private static let padding = 128

    init(count: Int) {
        let size = count * MemoryLayout<UInt64>.stride + 2 * Self.padding
        guard let memory = calloc(1, size) else { fatalError("no memory at the start") }
        self.memory = memory
        let words = (memory + Self.padding).bindMemory(to: Atomic<UInt64>.self, capacity: count)
        counters = Counters(words: words, count: count)
    }

    deinit { free(memory) }
}
