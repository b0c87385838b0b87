/// One use of a plugin in the configuration: an instance will be made of it.
public struct PluginUse: Sendable {
    /// The kind.
    public var kind: InstalledPlugin.Kind
    /// The plugin's name as written.
    public var name: String
    /// The configuration as canonical JSON, validated against the plugin's schema; secrets are
    /// references and paths of format `gatehouse-file` are absolute.
    public var configurationJSON: String
    /// Why the plugin cannot be used, for the stand-in that fails closed; nil: it is installed.
    public var missing: String?
    /// The secrets that the configuration refers to: what the plugin may read.
    public var secretReferences: [String]
    /// JSON Pointer -> position, for what the plugin says about its configuration.
    public var sourceMap: SourceMap
    /// The plugin's name in the file.
    public var position: Position
}

/// From a JSON Pointer (RFC 6901) into a plugin's configuration to its place in the file.
public struct SourceMap: Sendable {
    /// The place of a member: its key, or the value where it has none, as in a list.
    struct Place: Sendable {
        var key: Range<Mark>?
        var value: Range<Mark>
        /// A mapping or a list: its key is the better place to point at.
        var isCollection: Bool

        /// Where to point for what is said about the value.
        var range: Range<Mark> { isCollection ? key ?? value : value }
    }

    var places: [String: Place] = [:]
    var source: SourceText

    /// The position of the value at `pointer`, or of the nearest that encloses it.
    public func position(of pointer: String) -> Position {
        source.position(place(of: pointer).range.lowerBound)
    }

    /// What a plugin says about its configuration, as a diagnostic of the file.
    ///
    /// - Parameters:
    ///   - pointer: into the plugin's configuration; an unknown one means what encloses it.
    ///   - suggestion: what to write instead; empty: nothing.
    public func diagnostic(
        _ severity: Diagnostic.Severity, at pointer: String, message: String,
        suggestion: String = ""
    ) -> Diagnostic {
        source.diagnostic(
            severity, place(of: pointer).range, message,
            suggestion: suggestion.isEmpty ? nil : suggestion)
    }

    func place(of pointer: String) -> Place {
        var rest = Substring(pointer)
        while true {
            if let place = places[String(rest)] { return place }
            guard let slash = rest.lastIndex(of: "/") else {
                let start = Place(key: nil, value: Mark.start..<Mark.start, isCollection: false)
                return places[""] ?? start
            }
            rest = rest[..<slash]
        }
    }
}
