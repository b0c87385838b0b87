import CGatehouse

/// The host's services for one instance, for as long as it lives. **Thread:** any, unless said.
public struct InstanceHost: Sendable {
    /// The number that the host knows the instance by.
    public let handle: UInt64
    let tables: HostTables

    // MARK: Log, clock, random numbers

    /// The levels of the log, in their order.
    public enum LogLevel: UInt32, Sendable {
        /// For whoever debugs.
        case debug = 0
        /// What an operator may want to see.
        case info = 1
        /// What an operator should look at.
        case warning = 2
        /// What does not work.
        case error = 3
    }

    /// Writes a record; never blocks.
    public func log(
        _ level: LogLevel, _ message: @autoclosure () -> String, _ fields: [Field] = [],
        exchange: UInt64 = 0
    ) {
        guard let call = tables.base?.pointee.log, isLogEnabled(level) else { return }
        lend(message()) { message in
            lend(fields) { call(handle, exchange, level.rawValue, message, $0, $1) }
        }
    }

    /// Whether a record of this level would be written.
    public func isLogEnabled(_ level: LogLevel) -> Bool {
        (tables.base?.pointee.log_enabled?(handle, level.rawValue) ?? 0) != 0
    }

    /// Nanoseconds of a clock that only goes forward.
    public var monotonicNs: UInt64 { tables.base?.pointee.monotonic_ns?(handle) ?? 0 }

    /// Nanoseconds since the Unix epoch.
    public var unixNs: Int64 { tables.base?.pointee.unix_ns?(handle) ?? 0 }

    /// Random bytes fit for keys.
    public func random(_ count: Int) throws(HostError) -> [UInt8] {
        guard let call = tables.base?.pointee.random else { throw .unsupported }
        var status: gh_status = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            status = call(handle, buffer.baseAddress, count)
            initialized = status == 0 ? count : 0
        }
        try check(status)
        return bytes
    }

    /// Says whether the instance can do its work, for readiness probes.
    public func setReady(_ isReady: Bool, _ reason: String) {
        _ = lend(reason) { tables.base?.pointee.ready?(handle, isReady ? 1 : 0, $0) }
    }

    // MARK: Operations

    /// An operation under way; a number, owned by nobody.
    public struct Operation: Sendable, Hashable {
        /// The number that the host knows it by.
        public let handle: UInt64
    }

    /// Begins an operation that ``complete(_:_:)`` ends. With an exchange it is delivered to
    /// `resumed`, else to `completed`.
    public func begin(
        token: UInt64, deadlineMs: UInt32, exchange: UInt64 = 0
    ) throws(HostError) -> Operation {
        guard let call = tables.async?.pointee.begin else { throw .unsupported }
        var operation: gh_operation = 0
        try check(call(handle, exchange, token, deadlineMs, &operation))
        return Operation(handle: operation)
    }

    /// Ends an operation.
    public func complete(
        _ operation: Operation, error: HostError? = nil, payload: [UInt8] = []
    ) throws(HostError) {
        guard let call = tables.async?.pointee.complete else { throw .unsupported }
        try check(lend(payload) { call(operation.handle, error?.rawValue ?? 0, $0) })
    }

    /// Gives an operation up; on its owner's loop nothing is delivered any more.
    public func cancel(_ operation: Operation) {
        _ = tables.async?.pointee.cancel?(operation.handle)
    }

    /// Delivers `token` after a time.
    public func startTimer(
        token: UInt64, afterMs: UInt32, exchange: UInt64 = 0
    ) throws(HostError) -> Operation {
        guard let call = tables.async?.pointee.timer else { throw .unsupported }
        var operation: gh_operation = 0
        try check(call(handle, exchange, token, afterMs, &operation))
        return Operation(handle: operation)
    }

    /// Opens a doorbell: ``notify(_:)`` on any thread delivers `token`, several rings as one.
    public func openChannel(token: UInt64, exchange: UInt64) throws(HostError) -> Operation {
        guard let call = tables.async?.pointee.channel else { throw .unsupported }
        var operation: gh_operation = 0
        try check(call(handle, exchange, token, &operation))
        return Operation(handle: operation)
    }

    /// Rings a doorbell.
    public func notify(_ channel: Operation) throws(HostError) {
        guard let call = tables.async?.pointee.notify else { throw .unsupported }
        try check(call(channel.handle))
    }

    /// Tells every loop (`notified`), then the instance (`completed` with this token). **Thread:**
    /// control.
    public func broadcast(_ payload: [UInt8] = [], token: UInt64) throws(HostError) {
        guard let call = tables.async?.pointee.broadcast else { throw .unsupported }
        try check(lend(payload) { call(handle, token, $0) })
    }

    /// Waits under a key.
    ///
    /// - Returns: the operation, and whether this is the first to wait: who starts the work.
    public func join(
        _ key: String, token: UInt64, deadlineMs: UInt32, exchange: UInt64
    ) throws(HostError) -> (operation: Operation, isFirst: Bool) {
        guard let call = tables.async?.pointee.join else { throw .unsupported }
        var operation: gh_operation = 0
        var first: UInt32 = 0
        let status = lend(key) {
            call(handle, exchange, $0, token, deadlineMs, &first, &operation)
        }
        try check(status)
        return (Operation(handle: operation), first != 0)
    }

    /// Wakes everybody who waits under a key.
    public func settle(
        _ key: String, error: HostError? = nil, payload: [UInt8] = []
    ) throws(HostError) {
        guard let call = tables.async?.pointee.settle else { throw .unsupported }
        let status = lend(key) { key in
            lend(payload) { call(handle, key, error?.rawValue ?? 0, $0) }
        }
        try check(status)
    }
}
