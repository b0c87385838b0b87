import Glibc
import Logging

/// What the command line asks for, completed from the environment.
public struct GatewayOptions: Sendable {
    /// The configuration's file; `-` is standard input.
    public let file: String
    /// Where the plugin libraries are.
    public let plugins: PluginFolder
    /// Worker threads; nil: as many as affinity and quota allow.
    public let threads: Int?
    let logLevel: Logger.Level

    /// Completes the options.
    ///
    /// - Throws: ``UsageError`` when something is missing or unknown.
    public init(
        file: String?, pluginFolder: String?, threads: Int?, logLevel: String
    ) throws(UsageError) {
        guard let file = file ?? environment("GATEHOUSE_CONFIG") else {
            throw UsageError(
                message: "no configuration: name it with -f FILE or in GATEHOUSE_CONFIG")
        }
        guard let level = Logger.Level(rawValue: logLevel) else {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw UsageError(message: "--log-level takes one of \(known), not \"\(logLevel)\"")
        }
        self.file = file
        plugins = PluginFolder(named: pluginFolder)
        self.threads = threads
        self.logLevel = level
    }
}

/// The command line is wrong.
public struct UsageError: Error, Sendable, CustomStringConvertible {
    let message: String

    /// One sentence.
    public var description: String { message }
}

/// The folder of the plugin libraries.
public struct PluginFolder: Sendable {
    /// Its path.
    public let path: String

    /// The folder that was named, else that of `GATEHOUSE_PLUGIN_DIR`, else `plugins` beside the
    /// folder of this program.
    public init(named path: String?) {
        self.path = path ?? environment("GATEHOUSE_PLUGIN_DIR") ?? Self.besideProgram()
    }

    private static func besideProgram() -> String {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &bytes, bytes.count - 1)
        guard count > 0 else { return "plugins" }
        let program = String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = program.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(folder)\(folder.isEmpty ? "" : "/")plugins"
    }
}

/// A variable of the environment; nil where it is not set or empty.
func environment(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
}

/// The whole environment.
func allEnvironment() -> [String: String] {
    var out: [String: String] = [:]
    var entry = environ
    while let line = entry.pointee {
        let text = String(cString: line)
        if let equals = text.firstIndex(of: "=") {
            out[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        entry += 1
    }
    return out
}
