import GatehouseJSON

/// The claims whose presence can be demanded.
public enum RequiredClaim: String, Sendable, Hashable, CaseIterable {
    /// The time of expiry.
    case exp
    /// The time before which the token is not valid.
    case nbf
    /// The audience.
    case aud
    /// The issuer.
    case iss
    /// The subject.
    case sub
}

/// The rules that a token's claims must meet: a plain value, compared with nothing but the clock
/// that it is handed (RFC 7519 §4.1, RFC 8725 §3, RFC 9068 §4).
public struct TokenValidator: Sendable {
    /// The accepted issuers, compared exactly; empty accepts any and needs none.
    public var issuers: [String]
    /// The accepted audiences, compared exactly; empty accepts any and needs none.
    public var audiences: [String]
    /// The claims that must be present, besides those that a comparison needs.
    public var requiredClaims: Set<RequiredClaim> {
        didSet { required = Self.listed(requiredClaims) }
    }
    /// The same in their order: a list of so few is searched faster than a set.
    private var required: [RequiredClaim]
    /// The tolerance for clocks that differ, in seconds.
    public var leeway: Double
    /// The accepted algorithms.
    public var algorithms: Set<SignatureAlgorithm>
    /// The accepted `typ` values in lower case without `application/`; a token without is accepted.
    public var types: Set<String>
    /// Whether a token without `typ` is refused.
    public var requiresType = false
    /// Whether a token that has the claims of an ID token (`at_hash`, `c_hash`, `nonce`) is
    /// refused; false for issuers whose access tokens have them too, and are told apart otherwise.
    public var refusesIDTokenShape = true

    /// The rules of a resource server that takes access tokens.
    public init(
        issuers: [String], audiences: [String], requiredClaims: Set<RequiredClaim> = [.exp],
        leeway: Double = 60, algorithms: Set<SignatureAlgorithm> = Set(SignatureAlgorithm.allCases),
        types: Set<String> = ["at+jwt", "jwt"]
    ) {
        self.issuers = issuers
        self.audiences = audiences
        self.requiredClaims = requiredClaims
        required = Self.listed(requiredClaims)
        self.leeway = leeway
        self.algorithms = algorithms
        self.types = types
    }

    private static func listed(_ claims: Set<RequiredClaim>) -> [RequiredClaim] {
        RequiredClaim.allCases.filter(claims.contains)
    }

    /// The verdict on a token's header and claims; needs no key and verifies no signature.
    public func check(_ token: UnverifiedToken, now: NumericDate) -> TokenVerdict {
        check(header: token.header, claims: token.claims, now: now)
    }

    /// As `check(_:now:)` on a token that was verified before.
    public func check(_ token: VerifiedToken, now: NumericDate) -> TokenVerdict {
        check(header: token.header, claims: token.claims, now: now)
    }

    private func check(header: TokenHeader, claims: Claims, now: NumericDate) -> TokenVerdict {
        if let refusal = headerRefusal(header) { return .refused(refusal) }
        return check(claims, type: header.type, now: now)
    }

    /// The verdict on claims that no header came with: an issuer's answer about a token of its own
    /// (RFC 7662 §2.2).
    public func check(_ claims: Claims, now: NumericDate) -> TokenVerdict {
        check(claims, type: nil, now: now)
    }

    private func check(_ claims: Claims, type: String?, now: NumericDate) -> TokenVerdict {
        let refusal =
            presenceRefusal(claims) ?? partyRefusal(claims) ?? timeRefusal(claims, now: now)
            ?? kindRefusal(type: type, claims)
        return refusal.map(TokenVerdict.refused) ?? .accepted
    }

    private func headerRefusal(_ header: TokenHeader) -> TokenRefusal? {
        guard algorithms.contains(header.algorithm) else { return .algorithm(header.algorithm) }
        guard header.type.map(types.contains) ?? !requiresType else { return .type }
        return nil
    }

    private func presenceRefusal(_ claims: Claims) -> TokenRefusal? {
        for claim in required {
            guard claims.members[claim.rawValue] != nil else { return .missing(claim) }
        }
        return nil
    }

    /// Issuer and audience (RFC 8725 §3.8 and §3.9): what is configured is compared, whatever
    /// the required claims say.
    private func partyRefusal(_ claims: Claims) -> TokenRefusal? {
        if !issuers.isEmpty {
            guard let issuer = claims.issuer else { return .missing(.iss) }
            guard issuers.contains(where: { isSame($0, issuer) }) else { return .issuer }
        }
        if !audiences.isEmpty {
            guard let named = claims.audiences else { return .missing(.aud) }
            let isMeant = named.contains { one in audiences.contains { isSame($0, one) } }
            guard isMeant else { return .audience }
        }
        return nil
    }

    /// Octets, not canonical equivalence: Swift's `==` would take two spellings of é for one.
    private func isSame(_ left: String, _ right: String) -> Bool {
        var left = left
        var right = right
        return left.withUTF8 { left in right.withUTF8 { left.elementsEqual($0) } }
    }

    private func timeRefusal(_ claims: Claims, now: NumericDate) -> TokenRefusal? {
        if let refusal = timeRefusal(
            expiresAt: claims.expiresAt, notBefore: claims.notBefore, now: now)
        {
            return refusal
        }
        // Not a rule of RFC 7519, but a token of the future has a wrong clock behind it.
        if let issued = claims.issuedAt, issued > now.advanced(by: leeway) { return .issuedLater }
        return nil
    }

    /// The part of the verdict that changes with time; also for a token that was accepted before.
    public func timeRefusal(
        expiresAt: NumericDate?, notBefore: NumericDate?, now: NumericDate
    ) -> TokenRefusal? {
        if let expiry = expiresAt, now >= expiry.advanced(by: leeway) { return .expired }
        if let begin = notBefore, begin > now.advanced(by: leeway) { return .notYetValid }
        return nil
    }

    /// Tokens of another kind than access tokens, and access tokens that need a proof
    /// (RFC 8725 §3.12; RFC 9449 §7.2; RFC 8705 §3).
    private func kindRefusal(type: String?, _ claims: Claims) -> TokenRefusal? {
        let members = claims.members
        if members["cnf"] != nil { return .senderConstrained }
        if type == "at+jwt" { return nil }
        if let use = members["token_use"]?.stringValue, use != "access", use != "access_token" {
            return .kind
        }
        let kind = members["typ"]?.stringValue.map(TokenHeader.mediaType)
        if let kind, ["id", "refresh", "offline", "logout", "serialized-id"].contains(kind) {
            return .kind
        }
        if members["events"] != nil { return .kind }
        guard refusesIDTokenShape else { return nil }
        if members["at_hash"] != nil || members["c_hash"] != nil { return .kind }
        // Some issuers copy the nonce into access tokens; those have scopes or say what they are.
        let looksLikeAccess = claims.scopes != nil || kind == "bearer"
        return members["nonce"] != nil && !looksLikeAccess ? .kind : nil
    }
}

/// What a validator says about a token.
public enum TokenVerdict: Sendable, Hashable {
    /// The claims meet the rules.
    case accepted
    /// They do not.
    case refused(TokenRefusal)
}

/// Why a token is refused; for the log, the client is told `invalid_token` only.
public enum TokenRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The algorithm is not among the accepted ones.
    case algorithm(SignatureAlgorithm)
    /// The header's `typ` is another kind of token.
    case type
    /// A claim that must be present is not.
    case missing(RequiredClaim)
    /// `iss` is none of the configured issuers.
    case issuer
    /// `aud` names none of the configured audiences.
    case audience
    /// `exp` plus the leeway is over.
    case expired
    /// `nbf` minus the leeway is still to come.
    case notYetValid
    /// `iat` is later than now plus the leeway.
    case issuedLater
    /// Not an access token: an ID, refresh or logout token.
    case kind
    /// Bound to a proof that a bearer does not give.
    case senderConstrained

    /// The reason in words.
    public var description: String {
        switch self {
        case .algorithm(let name): "the algorithm \(name.rawValue) is not accepted here"
        case .type: "the type of the token is not accepted"
        case .missing(let claim): "the claim \(claim.rawValue) is missing"
        case .issuer: "the issuer is another than configured"
        case .audience: "the audience does not hold one that is configured"
        case .expired: "the token has expired"
        case .notYetValid: "the token is not valid yet"
        case .issuedLater: "the token was issued in the future"
        case .kind: "the token is not an access token"
        case .senderConstrained: "the token is bound to a proof of possession"
        }
    }
}
