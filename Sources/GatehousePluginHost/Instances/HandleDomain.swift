import Glibc
import Synchronization

/// One value of a handle's loop part: a loop or a control thread of some host in this process.
///
/// There are 255 of them and they live for ever, so that a stale handle always meets memory that
/// is there. The slots stay with the domain: a generation never repeats when a domain is reused.
final class HandleDomain: Sendable {
    /// Who holds the domain, for calls from other threads.
    enum Holder: Sendable {
        case nobody
        case loop(LoopMailbox)
        case control(InstanceOperations)
    }

    let index: Int
    private let thread = Atomic<UInt>(0)
    private let holder = Mutex(Holder.nobody)
    // Safety: touched only by the thread in `thread`, which `current` compares first; a new holder
    // comes after the old one through the pool's lock.
    nonisolated(unsafe) var slots: SlotTable
    nonisolated(unsafe) private var loop: Unmanaged<LoopHost>?

    private init(index: Int) {
        self.index = index
        slots = SlotTable(domain: index)
    }

    // MARK: The pool

    private static let all: [HandleDomain] = (0..<Limits.loopsMax).map(HandleDomain.init(index:))
    private static let free = Mutex(Array(0..<Limits.loopsMax))

    /// Takes a domain, the one that was given back the longest ago; nil when none is left.
    static func claim() -> HandleDomain? {
        free.withLock { free in free.isEmpty ? nil : free.removeFirst() }.map { all[$0] }
    }

    /// `all` as an array without references to count; the domains live for ever.
    // Safety: written once, before it is shared.
    nonisolated(unsafe) private static let unmanaged:
        UnsafeMutablePointer<Unmanaged<HandleDomain>> =
            {
                let table = UnsafeMutablePointer<Unmanaged<HandleDomain>>.allocate(
                    capacity: all.count)
                for (index, domain) in all.enumerated() {
                    (table + index).initialize(to: Unmanaged.passUnretained(domain))
                }
                return table
            }()

    /// As `of`, for the hot path.
    @inline(__always)
    static func unmanaged(of handle: Handle) -> Unmanaged<HandleDomain>? {
        handle.domain < Limits.loopsMax ? unmanaged[handle.domain] : nil
    }

    /// The domain that a handle names; nil for instances and other things of the process.
    static func of(_ handle: Handle) -> HandleDomain? {
        handle.domain < all.count ? all[handle.domain] : nil
    }

    /// Gives the domain back. **Thread:** the loop's, or any for a control thread.
    func release() {
        thread.store(0, ordering: .releasing)
        loop = nil
        holder.withLock { $0 = .nobody }
        HandleDomain.free.withLock { $0.append(index) }
    }

    // MARK: Holding

    /// The calling thread is the loop's from now on.
    func hold(_ loop: LoopHost, _ mailbox: LoopMailbox) {
        self.loop = Unmanaged.passUnretained(loop)
        holder.withLock { $0 = .loop(mailbox) }
        thread.store(UInt(pthread_self()), ordering: .releasing)
    }

    /// The domain names the operations of a host's instances.
    func hold(_ operations: InstanceOperations) {
        holder.withLock { $0 = .control(operations) }
    }

    /// Who holds it now. **Thread:** any.
    var current: Holder { holder.withLock { $0 } }

    /// Whether the calling thread is this loop's.
    var isOnThread: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Whether no loop holds it.
    var isVacant: Bool { thread.load(ordering: .relaxed) == 0 }

    /// The loop. - Precondition: `isOnThread`.
    var loopOnThread: LoopHost? { loop?.takeUnretainedValue() }
}
