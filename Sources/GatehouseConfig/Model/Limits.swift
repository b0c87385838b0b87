/// How much the gateway takes from peers, of `limits`; nil stands for `off`: without a bound.
public struct Limits: Sendable, Hashable {
    /// The bytes of a request's body; 413 above.
    public var maxBody: Int?
    /// The bytes of a body that a policy reads whole; 413 above.
    public var maxBufferedBody: Int = 1 << 20
    /// The bytes of a head, request line included; 431 above.
    public var maxHead: Int = 64 << 10
    /// The bytes of a request line; 414 above.
    public var maxRequestLine: Int = 16 << 10
    /// The field lines of a head; 431 above.
    public var maxFields: Int = 128
    /// The client connections of the process; 503 above. The process takes no more than half of
    /// its descriptors allow.
    public var maxConnections: Int = 16_384
    /// The exchanges that run in the process; each event loop has its share. 503 above.
    public var maxExchanges: Int = 16_384
    /// The connections of one event loop to one upstream; requests wait above.
    public var maxUpstreamConnections: Int = 1_024
    /// The requests of one event loop that wait for one of these connections; 503 above.
    public var maxPendingRequests: Int = 1_024

    /// The memory of the process.
    public var maxMemory = MemoryBound.container
    /// Bytes a second with which a request's body must come, once its first `requestBody` time
    /// has passed; 408 below.
    public var minBodyRate: Int? = 128

    /// The defaults.
    public init() {}
}

/// How much memory the process may use before it refuses work.
public enum MemoryBound: Sendable, Hashable {
    /// What the container (its cgroup) allows; without one: no bound.
    case container
    /// So many bytes.
    case bytes(Int)
    /// No bound.
    case off
}

/// The bounds on a configuration file: it is read at start, from someone who may be mistaken.
public enum FileLimits {
    /// Bytes of the file: the largest real ones are some hundred KiB.
    public static let bytesMax = 4 << 20
    /// Nodes with aliases counted as often as they are used: an alias bomb grows without.
    public static let nodesMax = 200_000
    /// Nesting: what we know of has 15 levels.
    public static let depthMax = 64
    /// Bytes of one value after `${VAR}` was expanded.
    public static let expandedBytesMax = 1 << 20
    /// Bytes of a secret's file.
    public static let secretBytesMax = 64 << 10
    /// Mistakes after which no more are looked for in one pass.
    static let findingsMax = 10_000
    /// Diagnostics shown; the rest is counted.
    public static let diagnosticsMax = 100
}
