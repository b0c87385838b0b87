/// Timers of one loop as a pure value: a heap of deadlines and what is to be done then.
///
/// Nanoseconds of the monotonic clock that the loop was given.
struct TimerQueue {
    typealias Task = () -> Void

    private struct Entry {
        var deadlineNs: UInt64
        var id: UInt64
    }

    private var heap: [Entry] = []
    private var tasks: [UInt64: Task] = [:]
    private var lastID: UInt64 = 0

    /// How many entries the heap holds, cancelled ones included.
    var heapCount: Int { heap.count }

    /// The earliest deadline, or nil; a cancelled timer may still be counted.
    var earliestNs: UInt64? { heap.first?.deadlineNs }

    mutating func start(atNs deadline: UInt64, _ task: @escaping Task) -> UInt64 {
        lastID &+= 1
        tasks[lastID] = task
        heap.append(Entry(deadlineNs: deadline, id: lastID))
        siftUp(heap.count - 1)
        return lastID
    }

    mutating func cancel(_ id: UInt64) {
        guard tasks.removeValue(forKey: id) != nil else { return }
        // What is cancelled stays in the heap until its time; many of them are swept out at once.
        if heap.count > 64, heap.count > tasks.count * 2 { compact() }
    }

    /// Takes one task that is due; nil: none. Called until it answers nil.
    mutating func takeDue(nowNs: UInt64) -> Task? {
        while let first = heap.first, first.deadlineNs <= nowNs {
            removeFirst()
            if let task = tasks.removeValue(forKey: first.id) { return task }
        }
        return nil
    }

    mutating func removeAll() {
        heap = []
        tasks = [:]
    }

    private mutating func compact() {
        let left = heap.filter { tasks[$0.id] != nil }
        heap = []
        for entry in left {
            heap.append(entry)
            siftUp(heap.count - 1)
        }
    }

    private mutating func siftUp(_ start: Int) {
        var at = start
        while at > 0 {
            let parent = (at - 1) / 2
            guard heap[at].deadlineNs < heap[parent].deadlineNs else { return }
            heap.swapAt(at, parent)
            at = parent
        }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var at = 0
        while true {
            let (left, right) = (2 * at + 1, 2 * at + 2)
            var least = at
            if left < heap.count, heap[left].deadlineNs < heap[least].deadlineNs { least = left }
            if right < heap.count, heap[right].deadlineNs < heap[least].deadlineNs { least = right }
            guard least != at else { return }
            heap.swapAt(at, least)
            at = least
        }
    }
}
