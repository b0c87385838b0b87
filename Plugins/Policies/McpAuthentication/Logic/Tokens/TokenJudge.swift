import GatehouseJOSE
import GatehouseJSON

/// Judges tokens by the configuration and key sets: pure, apart from the clock it is handed.
struct TokenJudge: Sendable {
    /// What is to be done with a token.
    enum Verdict: Sendable, Equatable {
        /// Verified and valid; what to remember.
        case accepted(TokenEntry)
        /// Refused, and no other key set could change that.
        case refused(reason: String)
        /// No key of this issuer's set verifies it: another one might (G96).
        case needsOtherKeys(reason: String, issuer: Int = 0)
        /// There is no key set of this issuer.
        case withoutKeys(issuer: Int)
        /// The signature would have to be verified, and this turn's share is used up.
        case busy
    }

    /// One issuer of tokens; its key set has the same place in the list of key sets.
    private struct Authority: Sendable {
        let issuers: AcceptedIssuers
        let validator: TokenValidator
        let audience: AudienceRule?
    }

    private let authorities: [Authority]
    private let leeway: Double
    private let scopes: ScopeRules
    private let remembersIdentity: Bool
    private let own: (any OwnTokens)?
    /// How tokens of the main issuer are verified.
    let rules: VerificationRules

    /// - Parameters:
    ///   - rules: of the main issuer; without them those of the configuration.
    ///   - remembersIdentity: whether anybody is told who a token stands for.
    ///   - own: broker delivery's tokens, which are the only ones then.
    init(
        _ configuration: Configuration, rules: VerificationRules? = nil,
        remembersIdentity: Bool = false, own: (any OwnTokens)? = nil
    ) {
        leeway = Double(configuration.leeway) / 1000
        scopes = ScopeRules(
            required: configuration.tokens.requiredScopes,
            hierarchy: configuration.tokens.scopeHierarchy)
        self.remembersIdentity = remembersIdentity
        self.own = own
        guard own == nil else {
            self.rules = VerificationRules()
            authorities = own.map { [Self.authority(of: $0, configuration)] } ?? []
            return
        }
        let rules = rules ?? VerificationRules(configuration)
        self.rules = rules
        authorities =
            [Self.authority(of: configuration, rules)]
            + configuration.tokens.issuers.map {
                Self.authority(of: configuration.with($0), VerificationRules())
            }
    }

    private static func authority(
        of configuration: Configuration, _ rules: VerificationRules
    ) -> Authority {
        var validator = validator(configuration)
        validator.audiences = rules.audience == nil ? configuration.audiences : []
        if let types = rules.types { validator.types = types }
        validator.requiresType = !rules.allowsNoType
        if let algorithms = rules.algorithms { validator.algorithms = algorithms }
        validator.refusesIDTokenShape = !rules.hasIDTokenShape
        return Authority(
            issuers: rules.issuers ?? AcceptedIssuers([.exact(configuration.issuer)]),
            validator: validator, audience: rules.audience)
    }

    private static func authority(
        of own: any OwnTokens, _ configuration: Configuration
    ) -> Authority {
        var validator = validator(configuration)
        validator.audiences = own.audiences
        validator.types = ["at+jwt"]
        validator.requiresType = true
        validator.requiredClaims.formUnion([.exp, .aud, .sub])
        return Authority(
            issuers: AcceptedIssuers(own.issuers.map { .exact($0) }), validator: validator,
            audience: nil)
    }

    /// The rules of the configuration; whose a token is, is decided before they are asked.
    private static func validator(_ configuration: Configuration) -> TokenValidator {
        let required: [(RequiredClaims, RequiredClaim)] = [
            (.exp, .exp), (.nbf, .nbf), (.aud, .aud), (.iss, .iss), (.sub, .sub),
        ]
        return TokenValidator(
            issuers: [], audiences: [],
            requiredClaims: Set(
                required.filter { configuration.requiredClaims.contains($0.0) }.map(\.1)),
            leeway: Double(configuration.leeway) / 1000)
    }

    /// Whether a token is asked about at the main issuer. One that names a further issuer is a JWT.
    func isRemote(_ token: [UInt8]) -> Bool {
        guard rules.isRemote(token) else { return false }
        guard authorities.count > 1, VerificationRules.isCompactJWS(token),
            let claims = try? UnverifiedToken(parsing: token).claims.members
        else { return true }
        return !authorities.dropFirst().contains { $0.issuers.include(claims) }
    }

    // MARK: JWTs

    /// Parses, checks everything that needs no key, then verifies the signature.
    ///
    /// - Parameters:
    ///   - keys: the key sets, the main issuer's first, then those of `issuers` in order.
    ///   - now: nanoseconds since 1970.
    ///   - budget: what this turn may still spend on signatures; a key's cost is taken for each.
    ///   - normalize: the adapter's word on verified claims, where there is one.
    func judge(
        _ token: [UInt8], keys: [KeySet?], now: Int64, budget: inout Int,
        normalize: ((JSONObject) -> ClaimsAnswer)? = nil
    ) -> Verdict {
        let unverified: UnverifiedToken
        do {
            unverified = try UnverifiedToken(parsing: token)
        } catch {
            return .refused(reason: "\(error)")
        }
        let members = unverified.claims.members
        guard let issuer = authorities.firstIndex(where: { $0.issuers.include(members) }) else {
            let refusal: TokenRefusal = members["iss"] == nil ? .missing(.iss) : .issuer
            return .refused(reason: refusal.description)
        }
        let authority = authorities[issuer]
        let verdict = authority.validator.check(unverified, now: Self.date(now))
        if let reason = refusal(verdict, members, authority) { return .refused(reason: reason) }
        guard issuer < keys.count, let set = keys[issuer] else {
            return .withoutKeys(issuer: issuer)
        }
        switch set.lookUp(unverified.header) {
        case .unknownKey:
            return .needsOtherKeys(reason: "no key of the set is the token's", issuer: issuer)
        case .algorithmMismatch:
            return .needsOtherKeys(
                reason: "the token's key is for another algorithm", issuer: issuer)
        case .ambiguous:
            return .refused(reason: "the token names no key and several would fit")
        case .found(let key):
            guard budget > 0 else { return .busy }
            budget -= key.cost
            guard let verified = unverified.verify(with: key) else {
                return .needsOtherKeys(reason: "the signature does not verify", issuer: issuer)
            }
            return accept(verified.claims, issuer == 0 ? normalize : nil)
        }
    }

    private func refusal(
        _ verdict: TokenVerdict, _ claims: JSONObject, _ authority: Authority
    ) -> String? {
        if case .refused(let refusal) = verdict { return refusal.description }
        if let audience = authority.audience, !audience.holds(claims) {
            return TokenRefusal.audience.description
        }
        return nil
    }

    // MARK: Answers about tokens

    /// Judges what an issuer says about one of its tokens, by the rules of a JWT: `iss` where it
    /// is there, `aud`, `nbf`, `exp` where it is there, and that it is an access token (G97).
    ///
    /// - Parameter cache: how long the answer is believed, in milliseconds.
    func judge(
        answer members: JSONObject, now: Int64, cache: Int64,
        normalize: ((JSONObject) -> ClaimsAnswer)? = nil
    ) -> Verdict {
        guard let authority = authorities.first else { return .refused(reason: "no issuer") }
        let claims: Claims
        do {
            claims = try Claims(members)
        } catch {
            return .refused(reason: "\(error)")
        }
        guard members["iss"] == nil || authority.issuers.include(members) else {
            return .refused(reason: TokenRefusal.issuer.description)
        }
        var validator = authority.validator
        // Its issuer is asked again soon: what says how long it lives may be missing.
        validator.requiredClaims.subtract([.exp, .iss])
        let verdict = validator.check(claims, now: Self.date(now))
        if let reason = refusal(verdict, members, authority) { return .refused(reason: reason) }
        let accepted = accept(claims, normalize)
        guard case .accepted(var entry) = accepted else { return accepted }
        entry.recheckAt = now.addingReportingOverflow(cache * 1_000_000).partialValue
        return .accepted(entry)
    }

    // MARK: Entries

    private func accept(
        _ claims: Claims, _ normalize: ((JSONObject) -> ClaimsAnswer)?
    ) -> Verdict {
        if let reason = own?.refusal(of: claims.members) { return .refused(reason: reason) }
        let identity: Identity
        switch normalize?(claims.members) ?? .identity(Identity(claims: claims.members)) {
        case .rejected(let reason): return .refused(reason: reason)
        case .identity(let known): identity = known
        }
        var entry = TokenEntry(
            expiresAt: claims.expiresAt.map { nanoseconds($0.seconds + leeway) } ?? .max,
            validFrom: claims.notBefore.map { nanoseconds($0.seconds - leeway) } ?? .min,
            clientID: identity.client.map { Array($0.utf8.prefix(128)) } ?? [])
        entry.lacksScopes = !scopes.areMet(by: identity.scopes)
        if remembersIdentity { entry.identity = IdentityTexts(identity) }
        if let own { entry.credential = own.credential(of: claims.members) }
        return .accepted(entry)
    }

    private static func date(_ now: Int64) -> NumericDate {
        NumericDate(seconds: Double(now) / 1_000_000_000)
    }

    /// A date in nanoseconds since 1970, held within what 64 bits can say (the year 2262).
    private func nanoseconds(_ seconds: Double) -> Int64 {
        let product = seconds * 1_000_000_000
        guard product.isFinite, product < 9.2e18 else { return .max }
        return product <= -9.2e18 ? .min : Int64(product)
    }
}
