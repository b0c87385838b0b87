import GatehouseJSON

/// Which claims bind a token to this gateway: one alternative that holds is enough (G92). A value.
struct AudienceRule: Sendable, Equatable {
    struct Alternative: Sendable, Equatable {
        /// The way to the claim, member by member.
        let claim: [String]
        let anyOf: [String]
    }

    let alternatives: [Alternative]
    /// False: the token is bound to a client, not to this gateway.
    let isBound: Bool

    /// Whether the claims are bound by one of the alternatives.
    func holds(_ claims: JSONObject) -> Bool {
        alternatives.contains { alternative in
            var value: JSONValue? = .object(claims)
            for name in alternative.claim { value = value?[name] }
            return Self.names(of: value).contains { Octets.contains(alternative.anyOf, $0) }
        }
    }

    /// A text, the texts of a list, or the members' names of an object.
    private static func names(of value: JSONValue?) -> [String] {
        if let text = value?.stringValue { return [text] }
        if let list = value?.arrayValue { return list.compactMap(\.stringValue) }
        return value?.objectValue?.keys ?? []
    }

    /// `audience/0`; an answer that cannot be read is refused, never left out.
    static func read(_ output: JSONValue) -> Result<AudienceRule, HookRefusal> {
        guard let listed = output["alternatives"]?.arrayValue, (1...8).contains(listed.count),
            let isBound = output["bound"]?.boolValue
        else { return .failure(HookRefusal("audience/0 has no alternatives")) }
        var alternatives: [Alternative] = []
        for entry in listed {
            let claim = entry["claim"]?.arrayValue ?? []
            let anyOf = entry["any_of"]?.arrayValue ?? []
            let alternative = Alternative(
                claim: claim.compactMap(\.stringValue), anyOf: anyOf.compactMap(\.stringValue))
            guard (1...8).contains(claim.count), alternative.claim.count == claim.count,
                !anyOf.isEmpty, alternative.anyOf.count == anyOf.count
            else { return .failure(HookRefusal("audience/0 has an alternative that is none")) }
            alternatives.append(alternative)
        }
        return .success(AudienceRule(alternatives: alternatives, isBound: isBound))
    }
}
