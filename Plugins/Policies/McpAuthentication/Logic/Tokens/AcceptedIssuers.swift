import GatehouseJSON

/// Which `iss` the tokens of one authorization server may have (G91). A value.
struct AcceptedIssuers: Sendable, Equatable {
    /// One of them.
    enum Rule: Sendable, Equatable {
        /// Octet by octet.
        case exact(String)
        /// `before`, the token's own claim, `after`; the claim must be one of `values`, so that a
        /// provider of many tenants does not stand for all of them (identity-providers §4.14).
        case template(before: String, after: String, claim: String, values: [String])
    }

    let rules: [Rule]

    init(_ rules: [Rule]) { self.rules = rules }

    /// Whether `iss` of these claims is one of them.
    func include(_ claims: JSONObject) -> Bool {
        guard let issuer = claims["iss"]?.stringValue else { return false }
        return rules.contains { rule in
            switch rule {
            case .exact(let text): return Octets.equal(issuer, text)
            case .template(let before, let after, let claim, let values):
                guard let value = claims[claim]?.stringValue, Octets.contains(values, value) else {
                    return false
                }
                return Octets.equal(issuer, before + value + after)
            }
        }
    }

    /// The `tokens` of `issuers/0`.
    static func read(_ output: JSONValue) -> Result<AcceptedIssuers, HookRefusal> {
        guard let listed = output["tokens"]?.arrayValue, (1...16).contains(listed.count) else {
            return .failure(HookRefusal("issuers/0 names no issuers of tokens"))
        }
        var rules: [Rule] = []
        for entry in listed {
            guard let issuer = entry["issuer"]?.stringValue, !issuer.isEmpty else {
                return .failure(HookRefusal("issuers/0 names an issuer that is none"))
            }
            guard let claim = entry["claim"]?.stringValue else {
                rules.append(.exact(issuer))
                continue
            }
            let values = entry["values"]?.arrayValue?.compactMap(\.stringValue) ?? []
            guard !values.isEmpty, values.count == entry["values"]?.arrayValue?.count else {
                return .failure(
                    HookRefusal("the issuer \(issuer) stands for any \(claim): list its values"))
            }
            let parts = Octets.split(issuer, at: "{" + claim + "}")
            guard parts.count == 2 else {
                return .failure(HookRefusal("the issuer \(issuer) has no place for \(claim)"))
            }
            rules.append(
                .template(before: parts[0], after: parts[1], claim: claim, values: values))
        }
        return .success(AcceptedIssuers(rules))
    }
}

/// Why an adapter's answer cannot be used, for the operator.
struct HookRefusal: Error, Sendable, Equatable {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// Texts by their octets: Swift's `==` takes two spellings of é for one.
enum Octets {
    static func equal(_ left: String, _ right: String) -> Bool {
        var left = left
        var right = right
        return left.withUTF8 { left in right.withUTF8 { left.elementsEqual($0) } }
    }

    static func contains(_ list: [String], _ text: String) -> Bool {
        list.contains { equal($0, text) }
    }

    /// The parts of `text` between the places of `mark`.
    static func split(_ text: String, at mark: String) -> [String] {
        let bytes = Array(text.utf8)
        let wanted = Array(mark.utf8)
        var parts: [String] = []
        var start = 0
        var at = 0
        while at + wanted.count <= bytes.count {
            if bytes[at..<at + wanted.count].elementsEqual(wanted) {
                parts.append(String(decoding: bytes[start..<at], as: UTF8.self))
                at += wanted.count
                start = at
            } else {
                at += 1
            }
        }
        return parts + [String(decoding: bytes[start...], as: UTF8.self)]
    }
}
