import Glibc

/// A POSIX semaphore at a stable address. Thread: every member on any thread.
final class Semaphore: Sendable {
    private nonisolated(unsafe) let raw: UnsafeMutablePointer<sem_t>

    init() {
        raw = .allocate(capacity: 1)
        sem_init(raw, 0, 0)
    }

    deinit {
        sem_destroy(raw)
        raw.deallocate()
    }

    func signal() { sem_post(raw) }

    func wait() {
        while sem_wait(raw) != 0, errno == EINTR {}
    }

    /// - Returns: false when the time was up first.
    func wait(milliseconds: Int) -> Bool {
        var until = timespec()
        clock_gettime(CLOCK_REALTIME, &until)
        until.tv_sec += milliseconds / 1000
        until.tv_nsec += milliseconds % 1000 * 1_000_000
        if until.tv_nsec >= 1_000_000_000 {
            until.tv_nsec -= 1_000_000_000
            until.tv_sec += 1
        }
        while sem_timedwait(raw, &until) != 0 {
            if errno != EINTR { return false }
        }
        return true
    }
}

/// A detached POSIX thread with every signal blocked, so that only the signal thread gets them.
enum Thread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    static func start(_ body: @escaping @Sendable () -> Void) {
        let isStarted = tryStart(body)
        precondition(isStarted, "no thread could be started at the start of the process")
    }

    /// Whether so many threads can run at once: found out by starting them, at the start of the
    /// process, because what cannot start a thread later can only trap.
    static func canStart(_ count: Int) -> Bool {
        let (go, gone) = (Semaphore(), Semaphore())
        var started = 0
        while started < count,
            tryStart({
                go.wait()
                gone.signal()
            })
        { started += 1 }
        for _ in 0..<started { go.signal() }
        for _ in 0..<started { gone.wait() }
        return started == count
    }

    private static func tryStart(_ body: @escaping @Sendable () -> Void) -> Bool {
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Body(body)).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context)
        if status == 0 {
            pthread_detach(thread)
        } else {
            Unmanaged<Body>.fromOpaque(context).release()
        }
        return status == 0
    }
}
