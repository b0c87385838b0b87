import GatehouseJOSE
import GatehouseJSON

/// Judges tokens by the configuration and a key set: pure, apart from the clock it is handed.
struct TokenJudge: Sendable {
    /// What is to be done with a token.
    enum Verdict: Sendable, Equatable {
        /// Verified and valid; what to remember.
        case accepted(TokenEntry)
        /// Refused, and no other key set could change that.
        case refused(reason: String)
        /// No key of this set verifies it: another one might (G96).
        case needsOtherKeys(reason: String)
        /// The signature would have to be verified, and this turn's share is used up.
        case busy
    }

    private let validator: TokenValidator
    private let leeway: Double

    init(_ configuration: Configuration, issuers: [String]? = nil, types: Set<String>? = nil) {
        leeway = Double(configuration.leeway) / 1000
        let required: [(RequiredClaims, RequiredClaim)] = [
            (.exp, .exp), (.nbf, .nbf), (.aud, .aud), (.iss, .iss), (.sub, .sub),
        ]
        var validator = TokenValidator(
            issuers: issuers ?? [configuration.issuer], audiences: configuration.audiences,
            requiredClaims: Set(
                required.filter { configuration.requiredClaims.contains($0.0) }.map(\.1)),
            leeway: leeway)
        if let types { validator.types = types }
        self.validator = validator
    }

    /// Parses, checks everything that needs no key, then verifies the signature.
    ///
    /// - Parameters:
    ///   - now: nanoseconds since 1970.
    ///   - budget: what this turn may still spend on signatures; a key's cost is taken for each.
    ///   - normalize: the adapter's word on verified claims, where there is one.
    func judge(
        _ token: [UInt8], keys: KeySet, now: Int64, budget: inout Int,
        normalize: ((JSONObject) -> ClaimsAnswer)? = nil
    ) -> Verdict {
        let unverified: UnverifiedToken
        do {
            unverified = try UnverifiedToken(parsing: token)
        } catch {
            return .refused(reason: "\(error)")
        }
        let date = NumericDate(seconds: Double(now) / 1_000_000_000)
        if case .refused(let refusal) = validator.check(unverified, now: date) {
            return .refused(reason: "\(refusal)")
        }
        switch keys.lookUp(unverified.header) {
        case .unknownKey:
            return .needsOtherKeys(reason: "no key of the set is the token's")
        case .algorithmMismatch:
            return .needsOtherKeys(reason: "the token's key is for another algorithm")
        case .ambiguous:
            return .refused(reason: "the token names no key and several would fit")
        case .found(let key):
            guard budget > 0 else { return .busy }
            budget -= key.cost
            guard let verified = unverified.verify(with: key) else {
                return .needsOtherKeys(reason: "the signature does not verify")
            }
            let answer = normalize?(verified.claims.members) ?? .unchanged
            if case .rejected(let reason) = answer { return .refused(reason: reason) }
            return .accepted(entry(of: verified.claims, answer))
        }
    }

    /// What an adapter says about the claims of a verified token (`normalize_claims/0`).
    enum ClaimsAnswer: Sendable, Equatable {
        case unchanged
        case client(String)
        case rejected(String)
    }

    private func entry(of claims: Claims, _ answer: ClaimsAnswer) -> TokenEntry {
        var name = ["client_id", "azp", "appid", "cid"].lazy
            .compactMap { claims.members[$0]?.stringValue }.first
        if case .client(let client) = answer { name = client }
        return TokenEntry(
            expiresAt: claims.expiresAt.map { nanoseconds($0.seconds + leeway) } ?? .max,
            validFrom: claims.notBefore.map { nanoseconds($0.seconds - leeway) } ?? .min,
            clientID: name.map { Array($0.utf8.prefix(128)) } ?? [])
    }

    /// A date in nanoseconds since 1970, held within what 64 bits can say (the year 2262).
    private func nanoseconds(_ seconds: Double) -> Int64 {
        let product = seconds * 1_000_000_000
        guard product.isFinite, product < 9.2e18 else { return .max }
        return product <= -9.2e18 ? .min : Int64(product)
    }
}
