import GatehouseJSON

/// The value of `provider.oidc` with its preset below it: what a provider does and lacks.
///
/// The schema says what may be there; a member that is not there has its default here.
struct OidcProfile: Sendable, Hashable {
    /// The written keys over those of the preset.
    let value: JSONValue

    /// Nil for a preset that there is not.
    init?(_ configuration: JSONValue) {
        guard let name = configuration["preset"]?.stringValue else {
            value = configuration
            return
        }
        guard let text = OidcPresets.texts[name], let preset = try? JSONValue(parsing: text) else {
            return nil
        }
        value = Self.merged(preset, configuration)
    }

    subscript(_ member: String) -> JSONValue? { value[member] }

    /// A text of a section.
    func text(_ section: String, _ member: String) -> String? {
        value[section]?[member]?.stringValue
    }

    /// Texts of a section, one or several.
    func texts(_ section: String, _ member: String) -> [String] {
        Self.texts(value[section]?[member])
    }

    /// One text or several.
    static func texts(_ value: JSONValue?) -> [String] {
        value?.stringValue.map { [$0] } ?? value?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    /// Objects are merged member by member, everything else is replaced.
    private static func merged(_ below: JSONValue, _ above: JSONValue) -> JSONValue {
        guard var out = below.objectValue, let members = above.objectValue else { return above }
        for (name, member) in members {
            out[name] = out[name].map { merged($0, member) } ?? member
        }
        return .object(out)
    }
}

// MARK: What several hooks ask

extension OidcProfile {
    /// Whether the provider sends `iss`: always, never, maybe.
    var emitsIssuer: String { value["emitsIss"]?.stringValue ?? "maybe" }

    /// The mode where the configuration names none: relay unless `iss` is known not to come.
    var delivery: String {
        value["delivery"]?.stringValue ?? (emitsIssuer == "never" ? "mediated" : "relay")
    }

    /// How clients come to be known to the provider.
    var registrationKind: String { text("registration", "kind") ?? "proxy" }

    /// How tokens are verified.
    var kinds: [String] {
        let written = texts("verify", "kind")
        return written.isEmpty ? ["jwt"] : written
    }

    /// What becomes of `resource`: pass, drop, audience, scope.
    var resourceRule: String { text("authorize", "resource") ?? "pass" }

    /// What the provider calls a resource; the resource itself where nothing is written.
    func provided(_ resource: String) -> String {
        value["authorize"]?["resourceMap"]?[resource]?.stringValue ?? resource
    }

    /// The user of broker delivery is read from the ID token.
    var readsIdentityToken: Bool { (text("verify", "identity") ?? "idToken") == "idToken" }

    /// Where a claim is looked for, in order; each is a way through objects.
    func paths(_ claim: String, _ fallback: [String]) -> [[String]] {
        guard let list = value["claims"]?[claim]?.arrayValue else { return fallback.map { [$0] } }
        return list.map { Self.texts($0) }.filter { !$0.isEmpty }
    }

    /// The provider's members of metadata that the configuration replaces.
    var endpoints: JSONObject {
        var out = JSONObject()
        for (key, member) in Self.endpointMembers { out[member] = value["endpoints"]?[key] }
        return out
    }

    private static let endpointMembers = [
        ("authorization", "authorization_endpoint"), ("token", "token_endpoint"),
        ("registration", "registration_endpoint"), ("jwks", "jwks_uri"),
        ("introspection", "introspection_endpoint"), ("revocation", "revocation_endpoint"),
        ("userinfo", "userinfo_endpoint"),
    ]
}

// MARK: Scopes

extension OidcProfile {
    /// The scopes of OpenID Connect Core 1.0 §5.4 and §11, which no provider prefixes.
    private static let common: Set<String> = [
        "openid", "profile", "email", "address", "phone", "offline_access",
    ]

    /// What the provider calls these scopes; `strip` left out, `add` added.
    func requested(_ scopes: [String]) -> [String] {
        let rules = value["authorize"]?["scope"]
        let prefix = rules?["prefix"]?.stringValue ?? ""
        let stripped = Self.texts(rules?["strip"])
        var out = scopes.filter { !stripped.contains($0) }.map { scope in
            Self.common.contains(scope) || scope.utf8.starts(with: prefix.utf8)
                ? scope : prefix + scope
        }
        for scope in Self.texts(rules?["add"]) where !out.contains(scope) { out.append(scope) }
        return out
    }

    /// What clients call a scope of the provider.
    func shown(_ scope: String) -> String {
        let prefix = value["authorize"]?["scope"]?["prefix"]?.stringValue ?? ""
        guard !prefix.isEmpty, scope.utf8.starts(with: prefix.utf8),
            scope.utf8.count > prefix.utf8.count
        else { return scope }
        return String(decoding: scope.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }
}
