import CLibCrypto
public import GatehouseJSON

/// Signing keys that come from elsewhere; each has its thumbprint (RFC 7638) as id.
extension SigningKey {
    /// An Ed25519 key whose private part is these 32 octets (RFC 8032 §5.1.5).
    public static func ed25519(seed: [UInt8]) throws(SigningError) -> SigningKey {
        guard CryptoLibrary.isReady, seed.count == 32 else { throw .library }
        defer { ERR_clear_error() }
        let handle = EVP_PKEY_new_raw_private_key_ex(nil, "ED25519", nil, seed, seed.count)
        guard let handle else { throw .library }
        return try named(handle, .edDSA)
    }

    /// An Ed25519 key derived from a secret: whoever has the secret has the same key.
    public static func derived(from secret: [UInt8]) throws(SigningError) -> SigningKey {
        try ed25519(
            seed: HKDF.derive(secret, info: Array("gatehouse signing key".utf8), count: 32))
    }

    /// The private key of a PEM text (RFC 7468): P-256 signs with ES256, Ed25519 with EdDSA, RSA
    /// of 2048 to 4096 bits with RS256.
    ///
    /// Encrypted keys are refused: nobody is there to type the password.
    public static func parse(pem: [UInt8]) throws(SigningKeyRefusal) -> SigningKey {
        guard CryptoLibrary.isReady, pem.count <= 64 * 1024,
            let input = BIO_new_mem_buf(pem, Int32(pem.count))
        else { throw .notAPrivateKey }
        defer {
            BIO_free(input)
            ERR_clear_error()
        }
        let key = withExtendedLifetime(pem) {
            PEM_read_bio_PrivateKey_ex(input, nil, { _, _, _, _ in -1 }, nil, nil, nil)
        }
        guard let key else { throw .notAPrivateKey }
        do {
            return try named(key, try algorithm(of: key))
        } catch let refusal as SigningKeyRefusal {
            EVP_PKEY_free(key)
            throw refusal
        } catch {
            throw .notAPrivateKey
        }
    }

    private static func algorithm(
        of key: OpaquePointer
    ) throws(SigningKeyRefusal) -> SignatureAlgorithm {
        if EVP_PKEY_is_a(key, "ED25519") == 1 { return .edDSA }
        if EVP_PKEY_is_a(key, "RSA") == 1 {
            let bits = Int(EVP_PKEY_get_bits(key))
            guard (2048...4096).contains(bits) else { throw .modulusSize(bits: bits) }
            return .rs256
        }
        guard EVP_PKEY_is_a(key, "EC") == 1 else { throw .kind }
        var name = [CChar](repeating: 0, count: 64)
        var size = 0
        guard EVP_PKEY_get_group_name(key, &name, name.count, &size) == 1,
            name.prefix(size).elementsEqual("prime256v1".utf8.map(CChar.init(bitPattern:)))
        else { throw .kind }
        return .es256
    }

    /// Takes ownership of `handle`.
    private static func named(
        _ handle: OpaquePointer, _ algorithm: SignatureAlgorithm
    ) throws(SigningError) -> SigningKey {
        let unnamed = SigningKey(owning: handle, algorithm: algorithm, keyID: "")
        let thumbprint = JSONWebKeyThumbprint.of(try unnamed.publicJWK())
        guard EVP_PKEY_up_ref(handle) == 1 else { throw .library }
        return SigningKey(owning: handle, algorithm: algorithm, keyID: thumbprint)
    }
}

/// The thumbprint of a public key with SHA-256 (RFC 7638 §3, RFC 8037 §2).
public enum JSONWebKeyThumbprint {
    /// The thumbprint in base64url, of the members that the key's type requires.
    public static func of(_ jwk: JSONObject) -> String {
        let names =
            switch jwk["kty"]?.stringValue {
            case "RSA": ["e", "kty", "n"]
            case "EC": ["crv", "kty", "x", "y"]
            default: ["crv", "kty", "x"]
            }
        // In the order of their code points, without white space (RFC 7638 §3.2).
        let members = names.map { "\"\($0)\":\"\(jwk[$0]?.stringValue ?? "")\"" }
        return Base64URL.encode(
            Digests.sha256(Array("{\(members.joined(separator: ","))}".utf8)))
    }
}

/// Why a PEM text is no key to sign with.
public enum SigningKeyRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// No unencrypted private key in PEM.
    case notAPrivateKey
    /// A key of another kind or curve.
    case kind
    /// An RSA key with too few or too many bits.
    case modulusSize(bits: Int)

    /// The reason in words.
    public var description: String {
        switch self {
        case .notAPrivateKey: "it is no unencrypted private key in PEM"
        case .kind: "it is no P-256, Ed25519 or RSA key"
        case .modulusSize(let bits): "it is an RSA key of \(bits) bits, not of 2048 to 4096"
        }
    }
}
