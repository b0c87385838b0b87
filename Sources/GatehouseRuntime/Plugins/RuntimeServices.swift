import GatehouseConfig
import GatehousePluginHost
import Logging

/// What the process does for its plugins.
final class RuntimeServices: ProcessServices {
    private let logger: Logger
    private let secrets: SecretStore
    private let readiness: Readiness

    init(logger: Logger, secrets: SecretStore, readiness: Readiness = Readiness()) {
        self.logger = logger
        self.secrets = secrets
        self.readiness = readiness
    }

    func log(_ record: LogRecord) {
        var metadata: Logger.Metadata = ["plugin": .string(record.plugin)]
        if !record.route.isEmpty { metadata["route"] = .string(record.route) }
        if record.exchange != 0 { metadata["exchange"] = .stringConvertible(record.exchange) }
        for field in record.fields { metadata[field.name] = .string(field.value) }
        logger.log(level: level(record.level), "\(record.message)", metadata: metadata)
    }

    func isLogEnabled(_ level: LogLevel) -> Bool { self.level(level) >= logger.logLevel }

    func secret(_ reference: String) -> [UInt8]? { secrets.value(of: reference) }

    func readinessChanged(_ instance: PluginInstance, isReady: Bool, reason: String) {
        readiness.changed(instance, isReady: isReady, reason: reason)
        let level: Logger.Level = isReady ? .info : .warning
        let what = isReady ? "ready" : "not ready"
        let why = reason.isEmpty ? "" : ": \(reason)"
        logger.log(
            level: level, "\(instance.name) is \(what)\(why)",
            metadata: ["route": .string(instance.route.name)])
    }

    private func level(_ level: LogLevel) -> Logger.Level {
        switch level {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
