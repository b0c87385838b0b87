/// What the process does for its plugins; the runtime implements it.
///
/// **Thread:** any.
///
/// Metrics and the cache need no service: the host owns them (`PluginHost.metrics`).
public protocol ProcessServices: AnyObject, Sendable {
    /// Writes one record; never blocks and never fails.
    func log(_ record: LogRecord)

    /// Whether a record of this level would be written; asked before records are put together.
    func isLogEnabled(_ level: LogLevel) -> Bool

    /// The value of a secret reference, or nil where the operator configured none of that name.
    func secret(_ reference: String) -> [UInt8]?

    /// An instance has changed its mind about being ready, for readiness probes.
    func readinessChanged(_ instance: PluginInstance, isReady: Bool, reason: String)
}

/// The level of a record, in the order of the ABI.
public enum LogLevel: UInt32, Sendable, Comparable {
    /// For whoever debugs a plugin.
    case debug = 0
    /// What an operator may want to see.
    case info = 1
    /// Something that the operator should look at.
    case warning = 2
    /// Something that does not work.
    case error = 3

    /// The order is that of severity.
    public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}

/// One record of a plugin or of the host about a plugin.
public struct LogRecord: Sendable {
    /// How severe it is.
    public var level: LogLevel
    /// The plugin's name.
    public var plugin: String
    /// The route of the instance.
    public var route: String
    /// The exchange's number (`ExchangeView.number`), 0 outside an exchange.
    public var exchange: UInt64
    /// The message; not necessarily printable: the writer escapes.
    public var message: String
    /// Further fields, in the plugin's order.
    public var fields: [(name: String, value: String)]
}
