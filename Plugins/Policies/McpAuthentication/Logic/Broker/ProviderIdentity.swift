import GatehouseJOSE
import GatehouseJSON

/// How broker delivery finds out who logged in at the provider (`verification/0`, `identity`).
struct IdentityPlan: Sendable, Equatable {
    enum Source: Sendable, Equatable {
        /// The ID token that came with the access token (OpenID Connect Core §3.1.3.7).
        case idToken
        /// The access token, a JWT.
        case accessToken
        /// The provider's own endpoints: the plans, in order.
        case probe([JSONValue])
    }

    var source = Source.idToken
    /// Which `iss` its tokens may have.
    var issuers: AcceptedIssuers

    /// Requests of a probe at most.
    private static let probesAtMost = 4

    /// Of what an adapter answers to `verification/0` and `issuers/0`; `nil` where an answer
    /// cannot be used.
    init?(verification: JSONValue?, issuers: JSONValue?, issuer: String) {
        self.issuers = AcceptedIssuers([.exact(issuer)])
        if let issuers {
            guard case .success(let read) = AcceptedIssuers.read(issuers) else { return nil }
            self.issuers = read
        }
        switch verification?["identity"]?.stringValue {
        case nil, "id_token": source = .idToken
        case "access_token": source = .accessToken
        case "probe":
            let plans = verification?["probe"]?.arrayValue ?? []
            guard (1...Self.probesAtMost).contains(plans.count) else { return nil }
            source = .probe(plans)
        default: return nil
        }
    }
}

/// The verification of a token that came from the provider's token endpoint.
enum ProviderToken {
    enum Verdict: Sendable, Equatable {
        case claims(JSONObject)
        /// No key of the set is the token's: a newer set may have it.
        case needsKeys
        /// For the log.
        case refused(String)
    }

    /// Seconds that the provider's clock may differ.
    private static let leeway: Double = 60

    /// Signature, issuer, audience and times (OpenID Connect Core §3.1.3.7).
    ///
    /// - Parameters:
    ///   - keys: the provider's; `nil`: not there yet.
    ///   - audience: the client that the token must be for; `nil`: it came from the token endpoint
    ///     for this client, and its audience is another's business.
    ///   - now: seconds since 1970.
    static func verify(
        _ text: String, keys: KeySet?, issuers: AcceptedIssuers, audience: String?, now: Int64
    ) -> Verdict {
        let token: UnverifiedToken
        do { token = try UnverifiedToken(parsing: text) } catch { return .refused("\(error)") }
        guard let keys else { return .needsKeys }
        let key: VerificationKey
        switch keys.lookUp(token.header) {
        case .found(let found): key = found
        case .unknownKey, .algorithmMismatch: return .needsKeys
        case .ambiguous: return .refused("the token names no key and several would fit")
        }
        guard let verified = token.verify(with: key) else { return .needsKeys }
        let claims = verified.claims
        guard issuers.include(claims.members) else {
            return .refused("the issuer is another than the provider")
        }
        if let audience, let reason = refusal(claims, audience) { return .refused(reason) }
        guard claims.expiresAt != nil else { return .refused("the claim exp is missing") }
        let validator = TokenValidator(issuers: [], audiences: [], leeway: leeway)
        if let late = validator.timeRefusal(
            expiresAt: claims.expiresAt, notBefore: claims.notBefore,
            now: NumericDate(seconds: Double(now)))
        {
            return .refused("\(late)")
        }
        return .claims(claims.members)
    }

    private static func refusal(_ claims: Claims, _ audience: String) -> String? {
        let named = claims.audiences ?? []
        guard Octets.contains(named, audience) else { return "the token is for another client" }
        let party = claims.members["azp"]?.stringValue
        // With several audiences the party that asked must be named, and be this client.
        if let party, !Octets.equal(party, audience) { return "another client asked for the token" }
        return named.count > 1 && party == nil ? "the token names no party that asked" : nil
    }

    /// The claims of an ID token without those by which an adapter knows it for one: here it is
    /// wanted.
    static func withoutKind(_ claims: JSONObject) -> JSONObject {
        var result = claims
        for name in ["typ", "token_use", "nonce", "at_hash", "c_hash"] {
            result[name] = JSONValue?.none
        }
        return result
    }
}
