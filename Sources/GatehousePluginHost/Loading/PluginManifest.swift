public import GatehouseJSON

/// What a plugin says about itself, read strictly: every member has its type, none is unknown.
///
/// Members: `id`, `version`, `kind`, `name` and `license` are required; `orderClass` (policies),
/// `requires`, `hooks` (providers) and `description` may be left out. Names that begin with `x-`
/// are free. The limits of lengths are bytes.
public struct PluginManifest: Sendable, Hashable {
    /// A name for the software, unique in the world: `org.example.rate-limit`; at most 128 bytes.
    public let id: String
    /// The version of the plugin; at most 64 bytes.
    public let version: String
    /// Whether it is a policy, a backend or a provider.
    public let kind: PluginKind
    /// The key in the configuration: a letter, then letters, digits, `-` and `_`; at most 64 bytes.
    public let name: String
    /// Where a policy stands when the configuration does not say; `.backend` for backends.
    public let orderClass: OrderClass
    /// Ids of host interfaces without which the plugin does not work.
    public let requires: [String]
    /// The hooks of a provider with their revision, as `rewrite_metadata/0`.
    public let hooks: [String]
    /// An SPDX license expression; at most 128 bytes.
    public let license: String
    /// One sentence for `plugin list`; at most 512 bytes.
    public let summary: String?

    /// Reads the bytes of a manifest.
    /// - Throws: `PluginRefusal` of code `badManifest` that names the member.
    public init(parsing bytes: [UInt8]) throws(PluginRefusal) {
        let document: JSONValue
        do {
            let limits = JSONLimits(
                maxBytes: LoadingLimits.manifestBytesMax, maxDepth: 8, maxValues: 1_000)
            document = try JSONValue(parsing: bytes, limits: limits)
        } catch {
            throw PluginRefusal(.badManifest, "its manifest is not JSON: \(error)")
        }
        try self.init(document)
    }

    /// Reads a manifest that is JSON already.
    /// - Throws: as `init(parsing:)`.
    public init(_ document: JSONValue) throws(PluginRefusal) {
        guard case .object(let members) = document else {
            throw PluginRefusal(.badManifest, "its manifest is no JSON object")
        }
        let reader = ManifestReader(members: members)
        try reader.refuseUnknown()
        id = try reader.text("id", most: 128, where: ManifestReader.isIdentifier)
        version = try reader.text("version", most: 64)
        name = try reader.text("name", most: 64, where: ManifestReader.isName)
        license = try reader.text("license", most: 128)
        kind = try reader.kind()
        orderClass = try reader.orderClass(of: kind)
        requires = try reader.list("requires", most: 64)
        hooks = try reader.list("hooks", most: 64)
        if !hooks.isEmpty, kind != .provider {
            throw reader.wrong("hooks", "only a provider has hooks")
        }
        summary = try reader.optionalText("description", most: 512)
    }
}

/// Reads single members of a manifest and words what is wrong with them.
private struct ManifestReader {
    let members: JSONObject

    static let known: Set<String> = [
        "id", "version", "kind", "name", "orderClass", "requires", "hooks", "license",
        "description",
    ]

    func refuseUnknown() throws(PluginRefusal) {
        for key in members.keys where !Self.known.contains(key) && !key.hasPrefix("x-") {
            let shown = LoadingText.printable(key, most: 40)
            throw PluginRefusal(.badManifest, "its manifest has the unknown member \"\(shown)\"")
        }
    }

    func wrong(_ key: String, _ why: String) -> PluginRefusal {
        PluginRefusal(.badManifest, "its manifest's \"\(key)\" is refused: \(why)")
    }

    func text(
        _ key: String, most: Int, where allows: (String) -> Bool = { _ in true }
    ) throws(PluginRefusal) -> String {
        guard let text = try optionalText(key, most: most, where: allows) else {
            throw PluginRefusal(.badManifest, "its manifest has no \"\(key)\"")
        }
        return text
    }

    func optionalText(
        _ key: String, most: Int, where allows: (String) -> Bool = { _ in true }
    ) throws(PluginRefusal) -> String? {
        guard let value = members[key] else { return nil }
        guard let text = value.stringValue else { throw wrong(key, "it is no string") }
        guard !text.isEmpty else { throw wrong(key, "it is empty") }
        guard text.utf8.count <= most else { throw wrong(key, "it is longer than \(most) bytes") }
        guard text.unicodeScalars.allSatisfy(LoadingText.isPrintable), allows(text) else {
            throw wrong(key, "it holds a character that is not allowed there")
        }
        return text
    }

    func kind() throws(PluginRefusal) -> PluginKind {
        let text = try text("kind", most: 32)
        guard let kind = PluginKind(rawValue: text) else {
            throw wrong("kind", "it is none of policy, backend and provider")
        }
        return kind
    }

    func orderClass(of kind: PluginKind) throws(PluginRefusal) -> OrderClass {
        guard let text = try optionalText("orderClass", most: 32) else {
            return kind == .backend ? .backend : .normal
        }
        let known: [OrderClass] = [.cors, .authentication, .normal, .backend]
        guard let found = known.first(where: { $0.name == text }) else {
            throw wrong("orderClass", "it is none of cors, authentication, normal and backend")
        }
        switch kind {
        case .policy where found == .backend:
            throw wrong("orderClass", "only a backend has the order class backend")
        case .backend where found != .backend:
            throw wrong("orderClass", "a backend has the order class backend")
        case .provider where found != .normal:
            throw wrong("orderClass", "a provider stands in no chain")
        default: return found
        }
    }

    func list(_ key: String, most: Int) throws(PluginRefusal) -> [String] {
        guard let value = members[key] else { return [] }
        guard let items = value.arrayValue else { throw wrong(key, "it is no array") }
        guard items.count <= most else { throw wrong(key, "it has more than \(most) items") }
        var found: [String] = []
        for item in items {
            guard let text = item.stringValue, !text.isEmpty, text.utf8.count <= 128,
                text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
            else { throw wrong(key, "an item is no short string of printable characters") }
            guard !found.contains(text) else { throw wrong(key, "\(text) stands there twice") }
            found.append(text)
        }
        return found
    }

    static func isIdentifier(_ text: String) -> Bool {
        text.utf8.allSatisfy { isLetter($0) || isDigit($0) || "._-".utf8.contains($0) }
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == 0x2d || $0 == 0x5f }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
