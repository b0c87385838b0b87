import Glibc

/// A JWS in compact serialisation whose signature nobody has looked at yet (RFC 7515 §7.1).
///
/// Encrypted tokens (five parts), the JSON serialisations and detached payloads are refused.
public struct CompactJWS: Sendable {
    /// The header.
    public let header: TokenHeader
    /// The decoded payload; not to be trusted before `isSigned(by:)`.
    public let payload: [UInt8]
    private let signature: [UInt8]
    private let token: [UInt8]
    private let signedCount: Int

    /// Takes a token apart; the size is checked before anything is decoded.
    public init(parsing token: [UInt8], limits: TokenLimits = .standard) throws(TokenError) {
        guard token.count <= limits.tokenBytes else { throw .tooLarge }
        guard let (first, second) = Self.dots(of: token) else { throw .notThreeParts }
        guard let head = Base64URL.decode(token[..<first]) else { throw .notBase64URL }
        guard let payload = Base64URL.decode(token[(first + 1)..<second]) else {
            throw .notBase64URL
        }
        header = try TokenHeader(parsing: head, limits: limits)
        guard let signature = Base64URL.decode(token[(second + 1)...]) else {
            throw .notBase64URL
        }
        guard !signature.isEmpty else { throw .unsigned }
        self.payload = payload
        self.signature = signature
        self.token = token
        signedCount = second
    }

    /// Where the two dots are; nil where there are not two.
    private static func dots(of token: [UInt8]) -> (Int, Int)? {
        token.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return nil }
            func dot(from at: Int) -> Int? {
                memchr(start + at, 0x2e, bytes.count - at).map { UnsafeRawPointer($0) - start }
            }
            guard let first = dot(from: 0), let second = dot(from: first + 1),
                dot(from: second + 1) == nil
            else { return nil }
            return (first, second)
        }
    }

    /// Whether `key` made the signature, and may have.
    public func isSigned(by key: VerificationKey) -> Bool {
        signature.withUnsafeBytes { signature in
            token.withUnsafeBytes { bytes in
                key.isValid(
                    signature, over: UnsafeRawBufferPointer(rebasing: bytes[..<signedCount]),
                    by: header.algorithm)
            }
        }
    }
}

/// Why a token is none that could be verified; the text is for the log, not for the client.
public enum TokenError: Error, Sendable, Hashable, CustomStringConvertible {
    /// More octets than allowed.
    case tooLarge
    /// Not three parts: encrypted, JSON-serialised, opaque or garbage.
    case notThreeParts
    /// A part is not strict base64url.
    case notBase64URL
    /// An empty signature.
    case unsigned
    /// The header has too many octets or members.
    case headerTooLarge
    /// The header is not one strict JSON object.
    case headerNotAnObject
    /// A header member of the wrong type or size.
    case malformedHeaderMember(String)
    /// `alg` is missing, `none`, an HMAC or unknown.
    case algorithmNotAccepted
    /// `crit` is present (RFC 7515 §4.1.11).
    case criticalExtension
    /// `b64` is present (RFC 7797).
    case unencodedPayload
    /// Members of an encrypted or compressed token.
    case encrypted
    /// A token inside a token (RFC 7519 §5.2).
    case nested
    /// The payload is not one strict JSON object (RFC 7519 §7.2).
    case claimsNotAnObject
    /// A claim of the wrong type or range.
    case malformedClaim(String)

    /// The reason in words.
    public var description: String {
        switch self {
        case .tooLarge: "the token is too long"
        case .notThreeParts: "the token is not a JWS of three parts"
        case .notBase64URL: "a part of the token is not base64url"
        case .unsigned: "the token has no signature"
        case .headerTooLarge: "the token's header is too large"
        case .headerNotAnObject: "the token's header is not a JSON object"
        case .malformedHeaderMember(let name): "the header member \(name) is malformed"
        case .algorithmNotAccepted: "the algorithm is missing or not accepted"
        case .criticalExtension: "the header has critical extensions"
        case .unencodedPayload: "the payload is not encoded"
        case .encrypted: "the token is encrypted or compressed"
        case .nested: "the token is nested"
        case .claimsNotAnObject: "the claims are not a JSON object"
        case .malformedClaim(let name): "the claim \(name) is malformed"
        }
    }
}
