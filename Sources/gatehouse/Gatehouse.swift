import ArgumentParser
import GatehouseRuntime
import Glibc

/// The command line. It reads options and hands on; what happens is in GatehouseRuntime.
@main
struct Gatehouse: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatehouse",
        abstract: "An HTTP gateway whose policies and identity-provider adapters are plugins.",
        discussion: """
            Exit codes: 0 ok, 1 configuration or plugin invalid, 2 usage, 3 cannot bind or \
            install, 4 drain deadline hit.
            """,
        version: Version.text,
        subcommands: [Run.self, Validate.self, Plugin.self, Schema.self])

    static func main() {
        StandardDescriptors.fill()
        // The child that loads a plugin library first. It is no command for people: it speaks a
        // protocol of its own with the gateway that started it.
        PluginProbe.runIfAsked(CommandLine.argc, CommandLine.unsafeArgv)
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            if let status = error as? ExitStatus { Glibc.exit(status.code) }
            if exitCode(for: error) == .success {
                print(fullMessage(for: error))
                Glibc.exit(0)
            }
            Gateway.complain(fullMessage(for: error))
            Glibc.exit(ExitStatus.usage.code)
        }
    }
}

/// Options that name the installed plugins.
struct PluginOptions: ParsableArguments {
    @Option(
        name: .customLong("plugin-dir"),
        help: """
            Folder of the plugin libraries. Without it GATEHOUSE_PLUGIN_DIR, else the folder \
            plugins beside the one of this program.
            """)
    var folder: String?
}

/// Options that name a configuration.
struct FileOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: "The configuration, - for standard input. Without it GATEHOUSE_CONFIG.")
    var file: String?

    @OptionGroup var plugins: PluginOptions

    @Option(
        name: .customLong("log-level"),
        help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String = "info"

    /// The request for GatehouseRuntime.
    func request(threads: Int? = nil) throws -> GatewayOptions {
        try GatewayOptions(
            file: file, pluginFolder: plugins.folder, threads: threads, logLevel: logLevel)
    }
}

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Starts the gateway; SIGTERM and SIGINT drain it.")

    @OptionGroup var options: FileOptions

    @Option(help: "Worker threads, 1 to 255. Without it as many as affinity and quota allow.")
    var threads: Int?

    func validate() throws {
        if let threads, !(1...255).contains(threads) {
            throw ValidationError("--threads takes a number from 1 to 255")
        }
    }

    func run() throws { try Gateway.run(options.request(threads: threads)) }
}

struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks a configuration with the installed plugins; starts nothing.")

    @OptionGroup var options: FileOptions

    func run() throws { try Gateway.validate(options.request()) }
}

struct Plugin: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What is in the plugin folder.", subcommands: [List.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the plugins, and what is wrong with those that cannot be used.")

        @OptionGroup var plugins: PluginOptions

        @Flag(help: "Prints JSON.")
        var json = false

        func run() throws { try Gateway.listPlugins(folder: plugins.folder, json: json) }
    }
}

struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the JSON Schema of the configuration with the installed plugins' own.")

    @OptionGroup var plugins: PluginOptions

    func run() throws { try Gateway.printSchema(folder: plugins.folder) }
}
