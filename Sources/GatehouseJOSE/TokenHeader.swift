import GatehouseJSON

/// The protected header of a JWS that is acceptable at all (RFC 7515 §4).
///
/// Key material and places of it in the header (`jwk`, `jku`, `x5u`, `x5c`) are never read
/// (RFC 8725 §3.10): the key comes from the configured issuer.
public struct TokenHeader: Sendable {
    /// The algorithm; `none`, the HMAC family and unknown names never get this far.
    public let algorithm: SignatureAlgorithm
    /// The key's id, an opaque text of 1 to 256 octets; nil when absent.
    public let keyID: String?
    /// The media type in lower case without `application/`; nil when absent (§4.1.9).
    public let type: String?
    /// Reads a decoded header.
    init(parsing bytes: [UInt8], limits: TokenLimits) throws(TokenError) {
        guard bytes.count <= limits.headerBytes else { throw .headerTooLarge }
        guard
            case .object(let members)? = try? JSONValue(
                parsing: bytes, limits: limits.json(bytes: limits.headerBytes))
        else { throw .headerNotAnObject }
        guard members.count <= limits.headerMembers else { throw .headerTooLarge }
        // No extension is understood, so every `crit` is one to refuse (§4.1.11); an unencoded
        // payload cannot be a compact JWT (RFC 7797 §7).
        guard members["crit"] == nil else { throw .criticalExtension }
        guard members["b64"] == nil else { throw .unencodedPayload }
        guard members["enc"] == nil, members["zip"] == nil else { throw .encrypted }
        guard let name = members["alg"]?.stringValue,
            let algorithm = SignatureAlgorithm(name: name)
        else { throw .algorithmNotAccepted }
        self.algorithm = algorithm
        keyID = try Self.text("kid", in: members)
        guard keyID.map({ (1...limits.keyIDBytes).contains($0.utf8.count) }) ?? true else {
            throw .malformedHeaderMember("kid")
        }
        type = try Self.text("typ", in: members).map(Self.mediaType)
        let content = try Self.text("cty", in: members).map(Self.mediaType)
        guard content != "jwt" else { throw .nested }
    }

    private static func text(
        _ name: String, in members: JSONObject
    ) throws(TokenError) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.stringValue else { throw .malformedHeaderMember(name) }
        return text
    }

    /// Media types compare case-insensitively, and `application/` may be left out (§4.1.9).
    static func mediaType(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 < 0x80 && $0 != 0x2f && !(0x41...0x5a ~= $0) }
        if isPlain { return text }
        let lower = text.lowercased()
        let prefix = "application/"
        guard lower.hasPrefix(prefix), !lower.dropFirst(prefix.count).contains("/") else {
            return lower
        }
        return String(lower.dropFirst(prefix.count))
    }
}
