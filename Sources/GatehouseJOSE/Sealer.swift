/// Seals values into texts that only a holder of one of the secrets can read or make.
///
/// A text is, in base64url without padding, `version (1) | key id (4) | nonce (12) | ciphertext |
/// tag (16)` of AES-256-GCM (NIST SP 800-38D); the plaintext is the expiry (8, seconds since 1970,
/// most significant octet first) and the value. Version, key id, purpose and context are the
/// associated data: what was sealed for one purpose and context never opens for another. Key and
/// key id are derived from each secret by HKDF-SHA-256, so replicas need the secret only.
///
/// Nonces are random: one secret is good for 2^32 texts (SP 800-38D §8.3). Any thread.
public struct Sealer: Sendable {
    private struct Key: Sendable {
        let id: [UInt8]
        let octets: [UInt8]
    }

    /// The least octets of a secret.
    public static let secretSize = 32
    /// The most characters of a text; a longer one is refused before it is decoded.
    public static let textSize = 64 * 1024

    private static let version: UInt8 = 1
    private static let headSize = 1 + 4
    private static let expirySize = 8

    private let keys: [Key]

    /// A sealer that seals with the first of `secrets` and opens with all of them.
    public init(secrets: [[UInt8]]) throws(SealerError) {
        guard !secrets.isEmpty else { throw .noSecret }
        var keys: [Key] = []
        for (index, secret) in secrets.enumerated() {
            guard secret.count >= Self.secretSize else { throw .tooShort(index: index) }
            let key = Key(
                id: HKDF.derive(secret, info: Array("gatehouse seal key id".utf8), count: 4),
                octets: HKDF.derive(
                    secret, info: Array("gatehouse seal key".utf8), count: AESGCM.keySize))
            guard key.id.count == 4, key.octets.count == AESGCM.keySize else { throw .library }
            keys.append(key)
        }
        self.keys = keys
    }

    /// The text of `value`, which opens for this purpose and context only, and before `until`.
    ///
    /// - Parameter until: seconds since 1970.
    /// - Returns: an empty text, which opens never, where there is no entropy or the text would be
    ///   longer than ``textSize``.
    public func seal(
        _ value: [UInt8], for purpose: String, context: String, until: Int64
    ) -> String {
        guard let key = keys.first, let nonce = RandomOctets.make(AESGCM.nonceSize) else {
            return ""
        }
        let head = [Self.version] + key.id
        let sealed = AESGCM.seal(
            Self.octets(until) + value, key: key.octets, nonce: nonce,
            associated: Self.associated(head, purpose, context))
        guard let sealed else { return "" }
        let text = Base64URL.encode(head + nonce + sealed)
        return text.utf8.count <= Self.textSize ? text : ""
    }

    /// The value of a text that was sealed for this purpose and context.
    ///
    /// - Parameter now: seconds since 1970; at `until` itself a text has expired.
    public func open(
        _ text: String, for purpose: String, context: String, now: Int64
    ) -> Result<[UInt8], SealRefusal> {
        guard text.utf8.count <= Self.textSize, let bytes = Base64URL.decode(text),
            bytes.count >= Self.headSize + AESGCM.nonceSize + Self.expirySize + AESGCM.tagSize,
            bytes[0] == Self.version
        else { return .failure(.malformed) }
        let head = Array(bytes[..<Self.headSize])
        let named = keys.filter { $0.id.elementsEqual(head[1...]) }
        guard !named.isEmpty else { return .failure(.unknownKey) }
        let nonce = Array(bytes[Self.headSize...].prefix(AESGCM.nonceSize))
        let sealed = Array(bytes[(Self.headSize + AESGCM.nonceSize)...])
        let associated = Self.associated(head, purpose, context)
        for key in named {
            guard
                let plaintext = AESGCM.open(
                    sealed, key: key.octets, nonce: nonce, associated: associated)
            else { continue }
            guard now < Self.number(plaintext[..<Self.expirySize]) else {
                return .failure(.expired)
            }
            return .success(Array(plaintext[Self.expirySize...]))
        }
        return .failure(.malformed)
    }

    /// Each part after its length, so that no two pairs of purpose and context look the same.
    private static func associated(
        _ head: [UInt8], _ purpose: String, _ context: String
    ) -> [UInt8] {
        let parts = [Array(purpose.utf8), Array(context.utf8)]
        return parts.reduce(head) { $0 + octets(Int64($1.count)) + $1 }
    }

    private static func octets(_ number: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    }

    private static func number(_ octets: ArraySlice<UInt8>) -> Int64 {
        octets.reduce(0) { $0 << 8 | Int64($1) }
    }
}

/// Why there is no sealer.
public enum SealerError: Error, Sendable, Hashable {
    /// No secret was given.
    case noSecret
    /// The secret of that index has less than 32 octets.
    case tooShort(index: Int)
    /// libcrypto failed.
    case library
}

/// Why a text does not open.
public enum SealRefusal: Error, Sendable, Hashable {
    /// Not such a text, changed, or sealed for another purpose or context.
    case malformed
    /// Sealed with a secret that is not known here.
    case unknownKey
    /// Its time is over.
    case expired
}
