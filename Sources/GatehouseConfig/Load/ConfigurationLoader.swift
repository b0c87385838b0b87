/// Reads a configuration: text to a validated model, or everything that is wrong with it.
///
/// **Thread:** any; a value without state. It reads the configuration's file and the files of
/// secrets, nothing else.
public struct ConfigurationLoader: Sendable {
    /// The plugins that can be used.
    public var plugins: [InstalledPlugin]
    /// The libraries of the plugin directory that cannot be used.
    public var unusable: [UnusablePlugin]
    /// What `${VAR}` expands to.
    public var environment: [String: String]

    /// Makes a loader.
    public init(
        plugins: [InstalledPlugin], unusable: [UnusablePlugin] = [],
        environment: [String: String]
    ) {
        self.plugins = plugins
        self.unusable = unusable
        self.environment = environment
    }

    /// What came of loading: the configuration, unless there is an error among the diagnostics.
    public struct Outcome: Sendable {
        /// The configuration; nil when it is refused.
        public var configuration: Configuration?
        /// Errors and warnings, in the order of the file, at most `FileLimits.diagnosticsMax` and
        /// one that says how many more there are.
        public var diagnostics: [Diagnostic]
    }

    /// Loads a file; `-` is standard input, whose relative paths start at the working directory.
    public func load(file: String) -> Outcome {
        let current = FileAccess.currentDirectory()
        let isInput = file == "-"
        let name = isInput ? "<stdin>" : file
        do {
            let content =
                isInput
                ? try FileAccess.readStandardInput(limit: FileLimits.bytesMax)
                : try FileAccess.read(file, limit: FileLimits.bytesMax)
            let directory = isInput ? current : Paths.directory(of: file, from: current)
            return load(bytes: content.bytes, name: name, directory: directory)
        } catch {
            let place = Position(file: name, line: 1, column: 1)
            let message = "the configuration file \(error.reason)"
            return Outcome(
                configuration: nil,
                diagnostics: [Diagnostic(severity: .error, position: place, message: message)])
        }
    }

    /// Loads a text in UTF-8.
    ///
    /// - Parameters:
    ///   - name: the file's name in diagnostics.
    ///   - directory: absolute; relative paths start there.
    public func load(bytes: [UInt8], name: String, directory: String) -> Outcome {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let before = SourceText(file: name, text: Self.validPart(of: bytes))
            let place = Position(
                file: name, line: before.lines.count, column: (before.lines.last?.count ?? 0) + 1)
            return Outcome(
                configuration: nil,
                diagnostics: [
                    Diagnostic(severity: .error, position: place, message: "this is not UTF-8")
                ])
        }
        return load(text: text, name: name, directory: directory)
    }

    /// The text before the first byte that is no UTF-8.
    private static func validPart(of bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        var decoder = UTF8()
        var rest = bytes.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&rest) { text.append(scalar) }
        return String(text)
    }

    /// Loads a text; see `load(bytes:name:directory:)`.
    public func load(text: String, name: String, directory: String) -> Outcome {
        guard text.utf8.count <= FileLimits.bytesMax else {
            let place = Position(file: name, line: 1, column: 1)
            let message = "the configuration is larger than \(FileLimits.bytesMax) bytes"
            return Outcome(
                configuration: nil,
                diagnostics: [Diagnostic(severity: .error, position: place, message: message)])
        }
        let plain =
            text.unicodeScalars.first == "\u{FEFF}"
            ? String(String.UnicodeScalarView(text.unicodeScalars.dropFirst())) : text
        let source = SourceText(file: name, text: plain)
        let tree = NodeBuilder.build(plain, source: source, environment: environment)
        guard let root = tree.root, root.scalar?.value != .null else {
            return notYAML(tree.findings, source)
        }
        return read(root, tree.findings, source, directory)
    }

    private func notYAML(_ findings: [Finding], _ source: SourceText) -> Outcome {
        var source = source
        for range in SecretMasks.ranges(inLinesOf: source) { source.mask(range) }
        let empty = Finding(range: Mark.start..<Mark.start, message: "the file is empty")
        return outcome(nil, findings.isEmpty ? [empty] : findings, source)
    }

    private func read(
        _ root: Node, _ findings: [Finding], _ source: SourceText, _ directory: String
    ) -> Outcome {
        // Everything that may not be shown is known before the first diagnostic is rendered.
        var source = source
        for range in SecretMasks.ranges(in: root, plugins: plugins) { source.mask(range) }
        let names = Dictionary(grouping: plugins, by: \.kind).mapValues { Set($0.map(\.name)) }
        var check = ShapeCheck(pluginNames: names)
        check.check(root, .object(CoreShape.file), as: "the configuration")
        let plugins = PluginReader(
            plugins: plugins, unusable: unusable, directory: directory, source: source)
        var reader = FileReader(source: source, directory: directory, plugins: plugins)
        if root.members != nil { reader.read(root) }
        return outcome(
            reader.configuration,
            findings + check.findings + reader.findings + reader.plugins.findings, source)
    }

    private func outcome(
        _ configuration: Configuration?, _ findings: [Finding], _ source: SourceText
    ) -> Outcome {
        // Sorted and cut before they are rendered: a file may have one line and many mistakes.
        var seen: Set<Finding> = []
        let sorted = findings.filter { seen.insert($0).inserted }.sorted { $0.order < $1.order }
        let isRefused = sorted.contains { $0.severity == .error }
        var diagnostics = sorted.prefix(FileLimits.diagnosticsMax).map { finding in
            source.diagnostic(
                finding.severity, finding.range, finding.message, suggestion: finding.suggestion)
        }
        if sorted.count > diagnostics.count, let last = diagnostics.last {
            diagnostics.append(
                Diagnostic(
                    severity: isRefused ? .error : .warning, position: last.position,
                    message: "and \(sorted.count - diagnostics.count) more"))
        }
        return Outcome(configuration: isRefused ? nil : configuration, diagnostics: diagnostics)
    }
}
