internal import CGatehouse

/// The host as one instance sees it. [any] thread unless a member says otherwise.
///
/// Two words without references: copy it freely. It stays valid after the instance has ended; then
/// everything answers ``HostError/gone``.
public struct Host: @unchecked Sendable {
    let tables: UnsafePointer<HostTables>
    let instance: gh_instance

    init(tables: UnsafePointer<HostTables>, instance: gh_instance) {
        self.tables = tables
        self.instance = instance
    }

    /// A level of the log.
    public enum LogLevel: UInt32, Sendable {
        /// For the plugin's author.
        case debug = 0
        /// What happened.
        case info = 1
        /// Something an operator may want to change.
        case warning = 2
        /// Something that does not work.
        case error = 3
    }

    /// Writes a record; never blocks. No secret and no token may stand in it.
    public func log(
        _ level: LogLevel, _ message: String, fields: [(name: String, value: String)] = [],
        exchange: Exchange? = nil
    ) {
        guard let log = tables.pointee.base?.pointee.log else { return }
        borrowing(message) { text in
            borrowing(fields) { lent, count in
                log(instance, exchange?.handle ?? 0, level.rawValue, text, lent, count)
            }
        }
    }

    /// Whether a record of that level would be written.
    public func isLogEnabled(_ level: LogLevel) -> Bool {
        tables.pointee.base?.pointee.log_enabled(instance, level.rawValue) ?? 0 != 0
    }

    /// A clock that never goes back, in nanoseconds from an arbitrary beginning.
    public var monotonicNanoseconds: UInt64 {
        tables.pointee.base?.pointee.monotonic_ns(instance) ?? 0
    }

    /// The time in nanoseconds since 1970-01-01T00:00:00Z.
    public var unixNanoseconds: Int64 {
        tables.pointee.base?.pointee.unix_ns(instance) ?? 0
    }

    /// Bytes that nobody can guess, from the system's generator.
    public func random(_ count: Int) throws(HostError) -> [UInt8] {
        guard let random = tables.pointee.base?.pointee.random else { throw .unsupported }
        var bytes = [UInt8](repeating: 0, count: count)
        try HostError.check(
            bytes.withUnsafeMutableBytes { random(instance, $0.baseAddress, count) })
        return bytes
    }

    /// Says whether the instance can do its work, and why not.
    ///
    /// For readiness probes, the admin page and a reload's wait; requests come all the same.
    public func setReady(_ isReady: Bool, reason: String = "") {
        guard let ready = tables.pointee.base?.pointee.ready else { return }
        _ = borrowing(reason) { ready(instance, isReady ? 1 : 0, $0) }
    }

    /// The value of a secret that the configuration of this instance refers to. [any]
    ///
    /// - Throws: `denied` for a reference of somebody else's, and to providers always; `io` when
    ///   the file cannot be read.
    public func secret(_ reference: String) throws(HostError) -> [UInt8] {
        guard let read = tables.pointee.secrets?.pointee.read else { throw .unsupported }
        return try collecting(atMost: 1 << 16) { sink in
            borrowing(reference) { read(instance, $0, sink) }
        }
    }
}

// MARK: Cache

extension Host {
    /// The value under a key of this process's cache, and how many milliseconds it still has.
    ///
    /// The cache has a lock: not for every request. Keys are the plugin's own.
    public func cached(_ key: String) throws(HostError) -> (value: [UInt8], milliseconds: UInt64) {
        guard let get = tables.pointee.cache?.pointee.get else { throw .unsupported }
        var left: UInt64 = 0
        let value = try collecting(atMost: 1 << 20) { sink in
            borrowing(key) { get(instance, $0, sink, &left) }
        }
        return (value, left)
    }

    /// Keeps a value under a key for a while; it may be dropped earlier.
    public func cache(_ value: [UInt8], as key: String, milliseconds: UInt64) throws(HostError) {
        guard let put = tables.pointee.cache?.pointee.put else { throw .unsupported }
        try HostError.check(
            borrowing(key) { key in
                borrowing(value) { put(instance, key, $0, milliseconds) }
            })
    }

    /// Keeps a value unless the key is taken; false when it is. For guards against replay.
    public func cacheIfAbsent(
        _ value: [UInt8], as key: String, milliseconds: UInt64
    ) throws(HostError) -> Bool {
        guard let put = tables.pointee.cache?.pointee.put_if_absent else { throw .unsupported }
        let status = borrowing(key) { key in
            borrowing(value) { put(instance, key, $0, milliseconds) }
        }
        if status == GH_BUSY.status { return false }
        try HostError.check(status)
        return true
    }
}

// MARK: Metrics

extension Host {
    /// What a metric measures.
    public enum MetricKind: UInt32, Sendable {
        /// Only grows.
        case counter = 0
        /// Goes up and down.
        case gauge = 1
        /// The distribution of values.
        case histogram = 2
    }

    /// A metric of this instance.
    public struct Metric: Sendable { let id: UInt64 }
    /// A metric with values for its labels.
    public struct Series: Sendable { let id: UInt64 }

    /// Defines a metric. [control], while the instance is created.
    public func metric(
        _ kind: MetricKind, _ name: String, help: String, labels: [String] = []
    ) throws(HostError) -> Metric {
        guard let define = tables.pointee.metrics?.pointee.define else { throw .unsupported }
        var id: UInt64 = 0
        let keep = StableText()
        let names = labels.map { keep.add($0).abi }
        let count = UInt32(clamping: names.count)
        let status = withExtendedLifetime(keep) {
            borrowing(name) { name in
                borrowing(help) { help in
                    define(instance, kind.rawValue, name, help, names, count, &id)
                }
            }
        }
        try HostError.check(status)
        return Metric(id: id)
    }

    /// The series of a metric for these values of its labels. [control] or when a loop starts.
    public func series(_ metric: Metric, _ values: [String] = []) throws(HostError) -> Series {
        guard let series = tables.pointee.metrics?.pointee.series else { throw .unsupported }
        var id: UInt64 = 0
        let keep = StableText()
        let lent = values.map { keep.add($0).abi }
        try HostError.check(
            withExtendedLifetime(keep) { series(instance, metric.id, lent, &id) })
        return Series(id: id)
    }

    /// Adds to a series. [loop]; takes no lock.
    @inline(__always)
    public func add(_ value: Double = 1, to series: Series) {
        tables.pointee.metrics?.pointee.add(instance, series.id, value)
    }
}
