import GatehouseJSON
import GatehouseSchema

/// The use of a plugin: its configuration as canonical JSON, with secrets and paths resolved.
struct PluginReader {
    let plugins: [InstalledPlugin]
    let unusable: [UnusablePlugin]
    let directory: String
    let source: SourceText
    private(set) var findings: [Finding] = []
    private(set) var secrets = SecretStore()
    /// Files that a warning was given for.
    private var warned: Set<String> = []

    init(
        plugins: [InstalledPlugin], unusable: [UnusablePlugin], directory: String,
        source: SourceText
    ) {
        self.plugins = plugins
        self.unusable = unusable
        self.directory = directory
        self.source = source
    }

    func plugin(_ kind: InstalledPlugin.Kind, _ name: String) -> InstalledPlugin? {
        plugins.first { $0.kind == kind && $0.name == name }
    }

    /// Reads one use; nil when the name is a slip, which is reported.
    ///
    /// - Parameters:
    ///   - known: the other keys that may stand here, for suggestions.
    ///   - place: where in the configuration it is, for the names of secrets.
    ///   - route: for messages.
    mutating func use(
        _ kind: InstalledPlugin.Kind, _ member: Node.Member, known: [String], place: String,
        route: String
    ) -> PluginUse? {
        guard let plugin = plugin(kind, member.key) else {
            let reason = missing(
                kind, member.key, at: member.keyRange, known: known,
                consequence: "route '\(route)' answers 503 there")
            return reason.map { make(kind, member, configuration: "{}", missing: $0) }
        }
        let json = NodeJSON(member.value)
        let isEmpty = member.value.scalar?.value == .null
        for node in json.notJSON {
            report(node.range, "must be a finite number")
        }
        var value = isEmpty ? JSONValue.object(JSONObject()) : json.value
        var references: [String] = []
        resolve(&value, plugin.schema, base: "", json, place, &references)
        let found = plugin.schema.validate(value)
        for violation in found { report(violation, base: "", json, member) }
        let lacking = providers(&value, plugin, json, place, route, &references)
        var use = make(
            kind, member, configuration: value.serialized(.canonical), missing: lacking)
        use.secretReferences = references
        use.sourceMap.places.merge(json.places) { root, _ in root }
        return use
    }

    private func make(
        _ kind: InstalledPlugin.Kind, _ member: Node.Member, configuration: String,
        missing: String?
    ) -> PluginUse {
        let place = SourceMap.Place(
            key: member.keyRange, value: member.value.range, isCollection: true)
        return PluginUse(
            kind: kind, name: member.key, configurationJSON: configuration, missing: missing,
            secretReferences: [], sourceMap: SourceMap(places: ["": place], source: source),
            position: source.position(member.keyRange.lowerBound))
    }

    private mutating func report(
        _ range: Range<Mark>, _ message: String, suggestion: String? = nil,
        _ severity: Diagnostic.Severity = .error
    ) {
        findings.append(
            Finding(severity: severity, range: range, message: message, suggestion: suggestion))
    }

    /// Why a plugin that is not installed cannot be used; nil when the name is a slip.
    private mutating func missing(
        _ kind: InstalledPlugin.Kind, _ name: String, at range: Range<Mark>, known: [String],
        consequence: String
    ) -> String? {
        if let broken = unusable.first(where: { $0.name == name }) {
            report(
                range,
                "the \(kind.rawValue) '\(name)' cannot be used: \(broken.reason); \(consequence)",
                .warning)
            return broken.reason
        }
        let installed = plugins.filter { $0.kind == kind }.map(\.name)
        if let near = Names.nearest(to: name, among: installed + known) {
            let message =
                known.isEmpty
                ? "no \(kind.rawValue) '\(name)' is installed"
                : "'\(name)' is no key that is known here and no \(kind.rawValue) that is installed"
            report(range, message, suggestion: "did you mean '\(near)'?")
            return nil
        }
        report(
            range, "no \(kind.rawValue) '\(name)' is installed; \(consequence)",
            suggestion: Suggestion.installed(kind, installed), .warning)
        return "no \(kind.rawValue) '\(name)' is installed"
    }

    private mutating func report(
        _ violation: SchemaViolation, base: String, _ json: NodeJSON, _ member: Node.Member
    ) {
        let pointer = base + violation.instancePointer.description
        let place = json.places[pointer]
        if json.nodes[pointer]?.scalar?.value == .unresolved { return }
        let range: Range<Mark>
        var message = violation.message
        if pointer.isEmpty {
            range = member.keyRange
        } else if violation.isAboutName {
            range = place?.key ?? place?.value ?? member.keyRange
        } else {
            range = place?.range ?? member.keyRange
        }
        let name = violation.instancePointer.tokens.last { Int($0) == nil } ?? member.key
        if !violation.isAboutName {
            message = message.hasPrefix("'") ? "\(name): \(message)" : "'\(name)' \(message)"
        } else {
            let around = violation.instancePointer.tokens.dropLast().last { Int($0) == nil }
            message += " in \(around ?? member.key)"
        }
        report(range, message, suggestion: violation.suggestion)
    }
}

// MARK: Providers

extension PluginReader {
    /// Checks the parts of format `gatehouse-provider`: mappings from a provider's name to its
    /// configuration. Returns why one cannot be used.
    private mutating func providers(
        _ value: inout JSONValue, _ plugin: InstalledPlugin, _ json: NodeJSON, _ place: String,
        _ route: String, _ references: inout [String]
    ) -> String? {
        var reason: String?
        for pointer in plugin.schema.locations(ofFormat: "gatehouse-provider", in: value) {
            guard let node = json.nodes[pointer.description], let members = node.members else {
                continue
            }
            for member in members {
                guard let provider = self.plugin(.provider, member.key) else {
                    reason =
                        missing(
                            .provider, member.key, at: member.keyRange, known: [],
                            consequence: "route '\(route)' answers 503 there") ?? reason
                    continue
                }
                let base = pointer.appending(member.key)
                guard var part = value.value(at: base) else { continue }
                if part.isNull { part = .object(JSONObject()) }
                resolve(&part, provider.schema, base: base.description, json, place, &references)
                for violation in provider.schema.validate(part) {
                    report(violation, base: base.description, json, member)
                }
                value = value.replacing(base.tokens[...], with: part)
            }
        }
        return reason
    }
}

// MARK: Secrets and paths

extension PluginReader {
    /// Replaces secrets by references and makes paths absolute.
    private mutating func resolve(
        _ value: inout JSONValue, _ schema: JSONSchema, base: String, _ json: NodeJSON,
        _ place: String, _ references: inout [String]
    ) {
        for pointer in schema.locations(ofFormat: "gatehouse-file", in: value) {
            guard let path = value.value(at: pointer)?.stringValue, !path.isEmpty else { continue }
            value = value.replacing(
                pointer.tokens[...], with: .string(Paths.absolute(path, in: directory)))
        }
        for pointer in schema.locations(ofFormat: "gatehouse-secret", in: value) {
            let full = base + pointer.description
            guard let part = value.value(at: pointer), let node = json.nodes[full] else { continue }
            guard let secret = secret(part, node, "\(place)\(full)") else { continue }
            secrets.insert(secret.bytes, as: secret.reference)
            if !references.contains(secret.reference) { references.append(secret.reference) }
            value = value.replacing(pointer.tokens[...], with: .string(secret.reference))
        }
    }

    /// A secret of the configuration: text, or `{file: path}`.
    private mutating func secret(
        _ value: JSONValue, _ node: Node, _ place: String
    ) -> (reference: String, bytes: [UInt8])? {
        if let text = value.stringValue {
            return text.isEmpty ? nil : ("config:\(place)", Array(text.utf8))
        }
        guard let object = value.objectValue, object.keys == ["file"],
            let path = object["file"]?.stringValue, !path.isEmpty
        else { return nil }
        let absolute = Paths.absolute(path, in: directory)
        let range = node["file"]?.range ?? node.range
        do {
            let content = try FileAccess.read(absolute, limit: FileLimits.secretBytesMax)
            if content.isWorldReadable, warned.insert(absolute).inserted {
                report(
                    range, "the secret file '\(path)' is readable by everybody",
                    suggestion: "chmod 600 or 640", .warning)
            }
            var bytes = content.bytes[...]
            if bytes.last == 0x0a { bytes = bytes.dropLast() }
            if bytes.last == 0x0d { bytes = bytes.dropLast() }
            if bytes.isEmpty { report(range, "the secret file '\(path)' is empty") }
            return ("file:\(absolute)", Array(bytes))
        } catch {
            report(range, "the secret file '\(path)' \(error.reason)")
            // A reference in its place: the schema has nothing more to say about it.
            return ("file:\(absolute)", [])
        }
    }
}

extension Suggestion {
    /// The names that are installed, where they are few.
    static func installed(_ kind: InstalledPlugin.Kind, _ names: [String]) -> String? {
        if names.isEmpty { return "no plugin of kind \(kind.rawValue) is installed at all" }
        return names.count <= 12 ? "installed: \(names.sorted().joined(separator: ", "))" : nil
    }
}
