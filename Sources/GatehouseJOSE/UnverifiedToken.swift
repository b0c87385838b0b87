/// A JWT whose signature nobody has verified yet.
///
/// The order of work is cheap first: parse, `TokenValidator.check` on the claims as they stand,
/// `KeySet.lookUp`, and only then `verify(with:)`, the one expensive step. What this type shows
/// must not be acted upon otherwise; `VerifiedToken` is what may.
public struct UnverifiedToken: Sendable {
    private let jws: CompactJWS
    /// The claims as the bearer states them.
    public let claims: Claims
    /// The header as the bearer states it.
    public var header: TokenHeader { jws.header }

    /// Parses a compact JWT.
    public init(parsing token: [UInt8], limits: TokenLimits = .standard) throws(TokenError) {
        jws = try CompactJWS(parsing: token, limits: limits)
        claims = try Claims(parsing: jws.payload, limits: limits)
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
        jws.isSigned(by: key) ? VerifiedToken(header: header, claims: claims) : nil
    }
}

/// A token whose signature was verified; whether its claims suffice is a validator's verdict.
public struct VerifiedToken: Sendable {
    /// The header.
    public let header: TokenHeader
    /// The claims.
    public let claims: Claims

    fileprivate init(header: TokenHeader, claims: Claims) {
        self.header = header
        self.claims = claims
    }
}
