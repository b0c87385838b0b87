import GatehouseJSON

/// The bounds on what a bearer of tokens may send (RFC 8725 §3.11; CWE-770).
public struct TokenLimits: Sendable {
    /// The octets of a whole token; a longer one is refused before anything is decoded.
    public var tokenBytes: Int
    /// The octets of the decoded header.
    public var headerBytes: Int
    /// The members of the header.
    public var headerMembers: Int
    /// The octets of a key id.
    public var keyIDBytes: Int
    /// The depth of JSON in header and claims.
    public var depth: Int

    /// 16 KiB a token, 8 KiB and 32 members a header, 256 octets a key id, 32 levels.
    public static let standard = TokenLimits(
        tokenBytes: 16 * 1024, headerBytes: 8 * 1024, headerMembers: 32, keyIDBytes: 256, depth: 32)

    /// The limits of the JSON texts inside a token.
    func json(bytes: Int) -> JSONLimits {
        JSONLimits(maxBytes: bytes, maxDepth: depth, maxValues: 4096)
    }
}

/// The bounds on a key set that an issuer publishes.
public struct KeySetLimits: Sendable {
    /// The octets of the document.
    public var documentBytes: Int
    /// The keys of the document, usable or not; a document with more is refused whole.
    public var keys: Int

    /// 512 KiB and 100 keys.
    public static let standard = KeySetLimits(documentBytes: 512 * 1024, keys: 100)
}
