/// A JWT whose signature nobody has verified yet.
///
/// The order of work is cheap first: parse, `TokenValidator.check` on the claims as they stand,
/// `KeySet.lookUp`, and only then `verify(with:)`, the one expensive step. What this type shows
/// must not be acted upon otherwise; `VerifiedToken` is what may.
public struct UnverifiedToken: Sendable {
    private let content: TokenContent
    /// The claims as the bearer states them.
    public var claims: Claims { content.claims }
    /// The header as the bearer states it.
    public var header: TokenHeader { content.jws.header }

    /// Parses a compact JWT.
    public init(parsing token: [UInt8], limits: TokenLimits = .standard) throws(TokenError) {
        let jws = try CompactJWS(parsing: token, limits: limits)
        let claims = try Claims(parsing: jws.payload, limits: limits)
        content = TokenContent(jws: jws, claims: claims)
    }

    /// Parses borrowed octets, copied only when their count is within the limit.
    public init(
        parsing token: UnsafeRawBufferPointer, limits: TokenLimits = .standard
    ) throws(TokenError) {
        guard token.count <= limits.tokenBytes else { throw .tooLarge }
        try self.init(parsing: Array(token), limits: limits)
    }

    /// Parses a text.
    public init(parsing token: String, limits: TokenLimits = .standard) throws(TokenError) {
        guard token.utf8.count <= limits.tokenBytes else { throw .tooLarge }
        try self.init(parsing: Array(token.utf8), limits: limits)
    }

    /// Verifies the signature, in 14 to 70 us; nil when it is not the key's.
    public func verify(with key: VerificationKey) -> VerifiedToken? {
        content.jws.isSigned(by: key) ? VerifiedToken(content: content) : nil
    }
}

/// A token whose signature was verified; whether its claims suffice is a validator's verdict.
public struct VerifiedToken: Sendable {
    fileprivate let content: TokenContent
    /// The header.
    public var header: TokenHeader { content.jws.header }
    /// The claims.
    public var claims: Claims { content.claims }
}

/// What both kinds of token share: one reference, so that passing a token on copies nothing.
private final class TokenContent: Sendable {
    let jws: CompactJWS
    let claims: Claims

    init(jws: CompactJWS, claims: Claims) {
        self.jws = jws
        self.claims = claims
    }
}
