import Glibc
import Synchronization

/// The counts of one loop.
final class MetricShard: Sendable {
    private struct Cell: ~Copyable {
        let sum = Atomic<UInt64>(0)
        let count = Atomic<UInt64>(0)
    }

    private static let chunkSize = 256
    private static let chunkCount = 256
    static var seriesMax: Int { chunkSize * chunkCount }

    // Safety: chunks are published with release and freed with the shard.
    nonisolated(unsafe) private let chunks: UnsafeMutablePointer<Atomic<UInt>>

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// The shard of the calling thread's loop; nil elsewhere.
    static var ofThread: MetricShard? {
        pthread_getspecific(key).map {
            Unmanaged<MetricShard>.fromOpaque($0).takeUnretainedValue()
        }
    }

    /// The registry that it belongs to.
    let registry: ObjectIdentifier?

    /// What the calling thread adds goes here from now on.
    func bindToThread() {
        pthread_setspecific(MetricShard.key, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The calling thread's loop has ended.
    func unbind() {
        if MetricShard.ofThread === self { pthread_setspecific(MetricShard.key, nil) }
    }

    init(registry: ObjectIdentifier?) {
        self.registry = registry
        chunks = .allocate(capacity: MetricShard.chunkCount)
        for index in 0..<MetricShard.chunkCount { (chunks + index).initialize(to: Atomic(0)) }
    }

    deinit {
        for index in 0..<MetricShard.chunkCount {
            let raw = chunks[index].load(ordering: .relaxed)
            UnsafeMutablePointer<Cell>(bitPattern: raw)?.deallocate()
        }
        chunks.deallocate()
    }

    /// One writer at a time: the loop, or whoever holds the registry's lock.
    func add(_ series: Int, _ value: Double, times: UInt64) {
        let cell = reserve(series)
        let sum = Double(bitPattern: cell.pointee.sum.load(ordering: .relaxed)) + value
        cell.pointee.sum.store(sum.bitPattern, ordering: .relaxed)
        let count = cell.pointee.count.load(ordering: .relaxed) &+ times
        cell.pointee.count.store(count, ordering: .relaxed)
    }

    func value(_ series: Int) -> (sum: Double, count: UInt64) {
        let raw = chunks[series / MetricShard.chunkSize].load(ordering: .acquiring)
        guard let chunk = UnsafeMutablePointer<Cell>(bitPattern: raw) else { return (0, 0) }
        let cell = chunk + series % MetricShard.chunkSize
        return (
            Double(bitPattern: cell.pointee.sum.load(ordering: .relaxed)),
            cell.pointee.count.load(ordering: .relaxed)
        )
    }

    private func reserve(_ series: Int) -> UnsafeMutablePointer<Cell> {
        let slot = chunks + series / MetricShard.chunkSize
        let raw = slot.pointee.load(ordering: .relaxed)
        if let chunk = UnsafeMutablePointer<Cell>(bitPattern: raw) {
            return chunk + series % MetricShard.chunkSize
        }
        let chunk = UnsafeMutablePointer<Cell>.allocate(capacity: MetricShard.chunkSize)
        for at in 0..<MetricShard.chunkSize { (chunk + at).initialize(to: Cell()) }
        slot.pointee.store(UInt(bitPattern: chunk), ordering: .releasing)
        return chunk + series % MetricShard.chunkSize
    }
}
