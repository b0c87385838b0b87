import GatehouseHTTP

/// Every bound of the plugin host, in one place: unit, value, reason.
public enum Limits {
    /// Event loops and control threads in this process: the loop part of a handle has 8 bits, one
    /// value is kept for instances.
    public static let loopsMax = 255
    /// Handle slots of one loop: exchanges, operations together.
    ///
    /// Far above what the file descriptors of a loop allow; reaching it answers 503 or GH_LIMIT.
    public static let slotsPerLoopMax = 1 << 20
    /// Policies of one route: the masks of an exchange have 64 bits.
    public static let policiesPerRouteMax = 64
    /// Fields that one policy may want in one direction: `gh_head.repeated` has 32 bits.
    public static let wantedFieldsMax = 32
    /// Claimed paths of one instance: metadata, registration, callback and their variants, some
    /// twenty-five for each path of the route.
    public static let claimsPerInstanceMax = 128
    /// Notes that one instance may declare.
    public static let notesPerInstanceMax = 16
    /// Bytes of one note: it goes into a log line.
    public static let noteBytesMax = 256
    /// Bytes of a name or path that a plugin hands over: names are short, paths fit a request line.
    public static let nameBytesMax = 8 << 10
    /// Bytes of edits, notes and the local response of one exchange: a head is at most 64 KiB.
    public static let exchangeArenaBytesMax = 2 << 20
    /// Bytes kept by a pooled exchange between uses; more is given back.
    public static let exchangeArenaBytesKept = 4 << 10
    /// Edits of one exchange and direction.
    public static let editsPerHeadMax = 256
    /// Fields of a local response or of a fetch.
    public static let localFieldsMax = 128
    /// Bytes of a streamed local response that wait until its head has passed the response phases.
    public static let streamBacklogBytesMax = 256 << 10
    /// A body that a policy reads whole, bytes; the route's own limit applies as well.
    public static let wholeBodyBytesDefault = 1 << 20
    /// The most that a policy may ask to read whole, bytes.
    public static let wholeBodyBytesMax = 64 << 20
    /// Live operations of one exchange: a policy waits for one or two things.
    public static let operationsPerExchangeMax = 32
    /// Live operations of one instance outside exchanges.
    public static let operationsPerInstanceMax = 256
    /// The deadline of an operation that names none, milliseconds.
    public static let operationDeadlineMsDefault: UInt32 = 5_000
    /// The longest deadline, milliseconds: no exchange waits longer than ten minutes.
    public static let operationDeadlineMsMax: UInt32 = 600_000
    /// The longest timer, milliseconds: 24 days, what 31 bits hold.
    public static let timerMsMax: UInt32 = 0x7fff_ffff
    /// The payload of complete(), settle() and broadcast(), bytes: key sets are smaller.
    public static let payloadBytesMax = 4 << 20
    /// Deliveries that wait in a loop's inbox; more are refused with GH_LIMIT.
    public static let inboxEntriesMax = 1 << 16
    /// Deliveries of one turn of a loop: a herd that wakes does not hold up other exchanges.
    public static let deliveriesPerTurn = 64
    /// Keys of one instance that callers wait under.
    public static let joinKeysMax = 1_024
    /// Waiters under one key.
    public static let joinWaitersMax = 1 << 16
    /// The response of a fetch, bytes, where the plugin names no bound.
    public static let fetchResponseBytesDefault = 1 << 20
    /// The largest response of a fetch, bytes.
    public static let fetchResponseBytesMax = 16 << 20
    /// The body of a fetch's request, bytes.
    public static let fetchRequestBytesMax = 4 << 20
    /// The URL of a fetch, bytes.
    public static let urlBytesMax = HTTPURL.bytesMax
    /// Fetches of instances that wait for the first loop to start.
    public static let fetchesBeforeLoopsMax = 256
    /// Entries of the process's cache; the least recently used goes first.
    public static let cacheEntriesMax = 65_536
    /// Bytes of the process's cache, keys and values.
    public static let cacheBytesMax = 64 << 20
    /// One value of the cache, bytes.
    public static let cacheValueBytesMax = 1 << 20
    /// The output of a provider's hook, bytes: metadata documents are below 64 KiB.
    public static let providerOutputBytesMax = 256 << 10
    /// Providers that one instance may resolve.
    public static let providersPerInstanceMax = 16
    /// Label sets of one metric on one route; the next answers GH_LIMIT: labels are not for what
    /// peers choose.
    public static let seriesPerMetricMax = 200
    /// Metrics of one plugin.
    public static let metricsPerPluginMax = 64
    /// Bytes of retained body chunks of this host together.
    public static let retainedBytesMax = 64 << 20
    /// A log message, bytes; the rest is cut.
    public static let logMessageBytesMax = 4 << 10
    /// Fields of a log record.
    public static let logFieldsMax = 16
    /// Diagnostics of one create(); the rest is counted only.
    public static let diagnosticsMax = 100
    /// Destroyed instances whose records are kept, so that a stale handle meets memory that is
    /// still there.
    public static let quarantinedInstances = 256
}
