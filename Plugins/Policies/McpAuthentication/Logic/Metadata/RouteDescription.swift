import GatehouseJSON

/// What the policy needs to know about its route, of the host's description of it.
struct RouteDescription: Sendable, Equatable {
    /// One match of the route by path.
    struct Match: Sendable, Equatable {
        let path: String
        /// Whether paths below it are served as well.
        let isPrefix: Bool
    }

    /// The protected paths: matches on well-known paths are left out.
    var matches: [Match]
    /// Whether a match by regular expression exists, whose paths cannot be listed.
    var hasPattern: Bool
    /// Whether no other route of these hosts carries this policy.
    var isOnlyOnHosts: Bool
    /// `publicUrl` of the route or listener, where configured.
    var publicURL: String?

    /// Reads `{"matches": [{"path": {"exact"|"pathPrefix"|"regex": …}}], "siblings": n, …}`.
    init(_ description: JSONValue) {
        matches = []
        hasPattern = false
        for match in description["matches"]?.arrayValue ?? [] {
            let path = match["path"] ?? .null
            if let text = path["exact"]?.stringValue {
                matches.append(Match(path: text, isPrefix: false))
            } else if let text = path["pathPrefix"]?.stringValue {
                matches.append(Match(path: text, isPrefix: true))
            } else if path["regex"] != nil {
                hasPattern = true
            } else {
                matches.append(Match(path: "/", isPrefix: true))
            }
        }
        let isUnlisted = description["matches"]?.arrayValue?.isEmpty ?? true
        if isUnlisted { matches = [Match(path: "/", isPrefix: true)] }
        matches.removeAll { WellKnownKind.isWellKnown($0.path) }
        var seen: Set<String> = []
        matches = matches.filter { seen.insert("\($0.path) \($0.isPrefix)").inserted }
        isOnlyOnHosts = (description["siblings"]?.intValue ?? 0) == 0 && matches.count == 1
        publicURL = description["publicUrl"]?.stringValue
    }

    /// Whether a policy runs after this one; `policies` are in the chain's order.
    static func hasLaterPolicy(_ description: JSONValue) -> Bool {
        let names = (description["policies"]?.arrayValue ?? []).map { $0["name"]?.stringValue }
        guard let own = names.firstIndex(of: "mcpAuthentication") else { return false }
        return names.count > own + 1
    }
}
