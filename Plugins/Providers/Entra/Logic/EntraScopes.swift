import GatehouseJSON

/// Scopes as clients see them (`mcp.read`) and as Entra wants them (`api://ID/mcp.read`).
struct EntraScopes {
    private let configuration: EntraConfiguration
    /// What stands before and after the client in the prefix; nil where it does not name one.
    private let parts: (before: Substring, after: Substring)?

    init(_ configuration: EntraConfiguration) {
        self.configuration = configuration
        parts = Self.parts(configuration.scopePrefix)
    }

    /// Scopes of OpenID Connect: they belong to no API and are never prefixed.
    static let openID: Set<String> = ["openid", "profile", "email", "offline_access"]

    /// The scopes of one request to Entra, in order, none twice.
    ///
    /// - Parameter forIdentity: the gateway itself needs the user and a refresh token.
    func request(_ asked: [String], client: String, forIdentity: Bool) -> [String] {
        var scopes: [String] = []
        var seen: Set<String> = []
        func add(_ scope: String) { if seen.insert(scope).inserted { scopes.append(scope) } }
        for scope in asked { add(upstream(scope, client)) }
        if scopes.allSatisfy(Self.openID.contains) {
            for scope in configuration.defaultScopes { add(upstream(scope, client)) }
        }
        if scopes.allSatisfy(Self.openID.contains) { add(everything(client)) }
        if forIdentity {
            for scope in ["openid", "profile", "offline_access"] { add(scope) }
        }
        return scopes
    }

    /// Those of the asked scopes that can be had: OpenID Connect's, and the API's own.
    ///
    /// Clients share the gateway's application, with its secret: what that may ask of another API
    /// (Graph) is not theirs, and a refresh token of Entra is good for every API.
    func own(_ asked: [String], client: String) -> [String] {
        asked.filter {
            Self.openID.contains($0) || isOwn(upstream($0, client), client)
        }
    }

    /// Why scopes are refused before Entra sees them; nil: they are not.
    ///
    /// Entra's own errors come on a page of its own, or name no scope: AADSTS28000 for scopes of
    /// more than one resource, AADSTS70011 for `.default` among others.
    func refusal(of asked: [String], client: String) -> String? {
        guard own(asked, client: client).count == asked.count else {
            return "a scope is of another API: a token is for one, and only for this one"
        }
        let named = asked.filter { !Self.openID.contains($0) }
        guard named.count <= 1 || !named.contains(where: Self.isEverything) else {
            return "the scope .default cannot be combined with others"
        }
        return nil
    }

    /// The scopes of an answer of Entra as clients know them; nil where none is left.
    ///
    /// - Parameter asked: what the client asked for; a scope that it named in full stays so.
    func visible(_ scope: String, asked: [String]) -> String? {
        var out: [String] = []
        var seen: Set<String> = [".default"]
        let asked = Set(asked)
        for scope in scope.split(separator: " ").map(String.init) {
            let name = asked.contains(scope) ? scope : stripped(scope)
            if seen.insert(name).inserted { out.append(name) }
        }
        return out.isEmpty ? nil : out.joined(separator: " ")
    }

    /// What stands before the names of the API's scopes.
    func prefix(_ client: String) -> String {
        parts.map { "\($0.before)\(client)\($0.after)" } ?? configuration.scopePrefix
    }

    /// Whether a scope names its resource: a URI, or the GUID of an application.
    static func isAbsolute(_ scope: String) -> Bool {
        guard let slash = scope.firstIndex(of: "/") else { return false }
        let head = scope[..<slash]
        return head.hasSuffix(":") && scope[slash...].hasPrefix("//")
            || EntraIssuer.isGUID(String(head))
    }

    // MARK: Parts

    private func upstream(_ scope: String, _ client: String) -> String {
        Self.openID.contains(scope) || Self.isAbsolute(scope)
            ? scope : "\(prefix(client))\(scope)"
    }

    /// Whatever was consented to. An application asks for itself by its GUID (AADSTS90009).
    private func everything(_ client: String) -> String {
        parts == nil
            ? "\(configuration.scopePrefix).default" : "\(client)/.default"
    }

    private func isOwn(_ scope: String, _ client: String) -> Bool {
        scope.hasPrefix(prefix(client)) || parts != nil && scope.hasPrefix("\(client)/")
    }

    private static func isEverything(_ scope: String) -> Bool {
        scope == ".default" || scope.hasSuffix("/.default")
    }

    /// The name without the prefix, or without the GUID by which an application names itself.
    private func stripped(_ scope: String) -> String {
        guard let parts else {
            return Self.rest(of: scope, behind: configuration.scopePrefix) ?? scope
        }
        if let slash = scope.firstIndex(of: "/"), EntraIssuer.isGUID(String(scope[..<slash])) {
            return Self.rest(of: scope, behind: "\(scope[..<slash])/") ?? scope
        }
        guard scope.hasPrefix(parts.before) else { return scope }
        let tail = scope.dropFirst(parts.before.count)
        guard let slash = tail.firstIndex(of: "/"), slash > tail.startIndex else { return scope }
        return Self.rest(of: String(tail[slash...]), behind: String(parts.after)) ?? scope
    }

    private static func rest(of scope: String, behind prefix: String) -> String? {
        guard scope.hasPrefix(prefix), scope.utf8.count > prefix.utf8.count else { return nil }
        return String(scope.dropFirst(prefix.count))
    }

    /// What stands before and after the placeholder; nil where there is none.
    private static func parts(_ prefix: String) -> (before: Substring, after: Substring)? {
        let mark = EntraConfiguration.placeholder
        var start = prefix.startIndex
        while start < prefix.endIndex {
            if prefix[start...].hasPrefix(mark) {
                return (prefix[..<start], prefix[start...].dropFirst(mark.count))
            }
            start = prefix.index(after: start)
        }
        return nil
    }
}
