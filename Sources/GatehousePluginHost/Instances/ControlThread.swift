import Glibc
import Synchronization

/// The one serialized thread outside the event loops, tag [control] of the ABI.
///
/// A real thread and not a task: a plugin may block here (it creates instances), and Swift's pool
/// must not starve of it. Its timers follow the host's clock.
public final class ControlThread: @unchecked Sendable {
    // Safety: everything mutable is used under `mutex` only, except `thread`, which is written
    // before the thread runs and read by `shutdown`.
    private struct Timer {
        var dueNs: UInt64
        var id: UInt64
        var task: @Sendable () -> Void
    }

    private let clock: any HostClock
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var tasks: [@Sendable () -> Void] = []
    private var timers: [Timer] = []
    private var lastTimer: UInt64 = 0
    private var isStopping = false
    private var thread: pthread_t?

    /// Starts the thread.
    /// - Throws: when the system has no thread to give.
    init(clock: any HostClock) throws(PluginHostError) {
        self.clock = clock
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
        var made = pthread_t()
        let context = Unmanaged.passRetained(self)
        let result = pthread_create(
            &made, nil,
            { raw in
                guard let raw else { return nil }
                Unmanaged<ControlThread>.fromOpaque(raw).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard result == 0 else {
            context.release()
            throw PluginHostError(description: "no control thread: error \(result)")
        }
        thread = made
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Runs a task after those before it. Once the thread has stopped, nothing.
    ///
    /// **Thread:** any.
    public func async(_ task: @escaping @Sendable () -> Void) {
        pthread_mutex_lock(mutex)
        if !isStopping { tasks.append(task) }
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Runs a task and waits for it; on the control thread itself at once.
    ///
    /// **Thread:** any but a loop's. After `stop` the task runs on the calling thread.
    public func sync<T: Sendable>(_ task: @escaping @Sendable () -> T) -> T {
        pthread_mutex_lock(mutex)
        let isDirect = isStopping || isCurrent
        pthread_mutex_unlock(mutex)
        if isDirect { return task() }
        let waiting = Rendezvous<T>()
        async { waiting.put(task()) }
        return waiting.take()
    }

    /// Whether the calling thread is the control thread.
    public var isCurrent: Bool {
        guard let thread else { return false }
        return pthread_equal(thread, pthread_self()) != 0
    }

    /// Runs a task when the clock has advanced by `afterMs` milliseconds.
    func startTimer(afterMs: UInt32, _ task: @escaping @Sendable () -> Void) -> UInt64 {
        let due = clock.monotonicNs() &+ UInt64(afterMs) &* 1_000_000
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        lastTimer &+= 1
        let at = timers.firstIndex { $0.dueNs > due } ?? timers.count
        timers.insert(Timer(dueNs: due, id: lastTimer, task: task), at: at)
        pthread_cond_signal(condition)
        return lastTimer
    }

    /// Forgets a timer; one that has run is ignored.
    func cancelTimer(_ id: UInt64) {
        pthread_mutex_lock(mutex)
        timers.removeAll { $0.id == id }
        pthread_mutex_unlock(mutex)
    }

    /// A manual clock was advanced: timers that are due now run, in the order of their time.
    public func clockAdvanced() {
        pthread_mutex_lock(mutex)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Runs what is queued, forgets the timers and joins the thread.
    ///
    /// **Thread:** any but the control thread; once.
    func stop() {
        pthread_mutex_lock(mutex)
        isStopping = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
        if let thread { pthread_join(thread, nil) }
    }

    private func run() {
        while let task = next() { task() }
    }

    private func next() -> (@Sendable () -> Void)? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            let now = clock.monotonicNs()
            if let first = timers.first, first.dueNs <= now, !isStopping {
                return timers.removeFirst().task
            }
            if !tasks.isEmpty { return tasks.removeFirst() }
            if isStopping { return nil }
            if let first = timers.first {
                wait(ns: first.dueNs - now)
            } else {
                pthread_cond_wait(condition, mutex)
            }
        }
    }

    private func wait(ns: UInt64) {
        guard clock.isReal else {
            pthread_cond_wait(condition, mutex)
            return
        }
        let due = SystemClock().monotonicNs() &+ ns
        var at = timespec(
            tv_sec: Int(due / 1_000_000_000), tv_nsec: Int(due % 1_000_000_000))
        pthread_cond_timedwait(condition, mutex, &at)
    }
}

/// One value that one thread waits for and another brings.
private final class Rendezvous<T: Sendable>: @unchecked Sendable {
    // Safety: `value` is written before the semaphore is posted and read after it was waited for.
    private var value: T?
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func put(_ value: T) {
        self.value = value
        sem_post(semaphore)
    }

    func take() -> T {
        while true {
            while sem_wait(semaphore) != 0 {}
            if let value { return value }
        }
    }
}
