import Synchronization

/// How near the process is to its bound of memory. Set by whoever measures it, read by the loops at
/// each exchange. **Thread:** any.
public final class MemoryPressure: Sendable {
    /// What the loops do about it.
    public enum Level: UInt8, Sendable, Comparable {
        /// Nothing.
        case none
        /// Connections close behind their response, idle ones at once.
        case closing
        /// As before, and new exchanges get 503.
        case refusing

        /// In the order of the list.
        public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }

        /// For so many bytes of so many: closing from 95 %, refusing from 98 %.
        public init(used: UInt64, of most: UInt64) {
            let (share, isOver) = used.multipliedReportingOverflow(by: 100)
            let percent = isOver ? 100 : share / max(most, 1)
            self = percent >= 98 ? .refusing : percent >= 95 ? .closing : .none
        }
    }

    private let value = Atomic<UInt8>(0)

    /// No pressure.
    public init() {}

    /// The level now.
    public var level: Level {
        get { Level(rawValue: value.load(ordering: .relaxed)) ?? .none }
        set { value.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// Whether the level is not `none`; a plain load.
    @inline(__always)
    var isClosing: Bool { value.load(ordering: .relaxed) != 0 }

    /// Whether new exchanges are refused; a plain load.
    @inline(__always)
    var isRefusing: Bool { value.load(ordering: .relaxed) >= Level.refusing.rawValue }
}
