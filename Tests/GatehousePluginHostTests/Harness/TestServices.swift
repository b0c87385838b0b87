import GatehousePluginHost
import Synchronization

/// The process's services, recorded.
final class TestServices: ProcessServices {
    struct Seen: Sendable {
        var logs: [LogRecord] = []
        var readiness: [(plugin: String, isReady: Bool, reason: String)] = []
    }

    let seen = Mutex(Seen())
    let secrets: [String: String]

    init(secrets: [String: String] = [:]) { self.secrets = secrets }

    func log(_ record: LogRecord) { seen.withLock { $0.logs.append(record) } }
    func isLogEnabled(_ level: LogLevel) -> Bool { level >= .info }
    func secret(_ reference: String) -> [UInt8]? { secrets[reference].map { Array($0.utf8) } }

    func readinessChanged(_ instance: PluginInstance, isReady: Bool, reason: String) {
        seen.withLock { $0.readiness.append((instance.name, isReady, reason)) }
    }
}
