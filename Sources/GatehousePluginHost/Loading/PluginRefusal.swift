/// Why a file of the plugin directory is not used.
public struct PluginRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// A word for programs, stable; `plugin list --json` prints it.
    public enum Code: String, Sendable, CaseIterable {
        /// The file cannot be read, or it is no regular file.
        case unreadable
        /// Larger than any library that we load.
        case tooLarge
        /// The file does not begin as an ELF file does.
        case notELF
        /// ELF, but for another machine, word size, byte order, or no shared library.
        case wrongMachine
        /// The file ends before what its headers promise, or the headers contradict themselves.
        case truncated
        /// `gatehouse_plugin_entry_v1` is not exported.
        case missingSymbol
        /// There is no `.gatehouse` section, or it holds something else.
        case missingDescriptor
        /// Built for a contract that this gateway does not speak.
        case wrongABI
        /// Uses the shared Swift runtime without being one of the gateway's own plugins.
        case foreignSwiftRuntime
        /// One of the gateway's own plugins, of another build.
        case otherBuild
        /// Contains a Go runtime, which is allowed only explicitly.
        case goRuntime
        /// The dynamic linker could not load it.
        case notLoadable
        /// It crashed while it was loaded or asked.
        case crashed
        /// It did not finish in time.
        case timedOut
        /// It ended the process that loaded it.
        case exited
        /// What the probing process reported cannot be understood.
        case badReport
        /// The entry answered an error, or the tables are incomplete.
        case entryFailed
        /// Loading it changes how the process reacts to a signal.
        case signalsChanged
        /// The manifest is not what a manifest must be.
        case badManifest
        /// The configuration schema is no JSON Schema that we support.
        case badSchema
        /// It needs a service that this gateway does not offer.
        case missingService
        /// Another library offers a plugin of the same kind and name.
        case duplicateName
        /// In the gateway it says something else than in the probing process.
        case differsFromProbe
        /// The private copy could not be made.
        case notCopied
        /// The probing process could not be started.
        case notProbed
    }

    /// The word for programs.
    public let code: Code
    /// One sentence for people, without the file's name.
    public let reason: String

    /// Makes a refusal of its parts.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The sentence.
    public var description: String { reason }
}
