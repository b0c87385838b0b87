/// The signature algorithms that are accepted: asymmetric ones only (RFC 8725 §3.1 and §3.2).
///
/// There is no case for `none` and none for the HMAC family, so no token can ask for them.
public enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    case rs256 = "RS256"
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    case rs384 = "RS384"
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    case rs512 = "RS512"
    /// RSASSA-PSS with SHA-256, MGF1 with the same hash, a salt of the hash's size (§3.5).
    case ps256 = "PS256"
    /// RSASSA-PSS with SHA-384.
    case ps384 = "PS384"
    /// RSASSA-PSS with SHA-512.
    case ps512 = "PS512"
    /// ECDSA on P-256 with SHA-256 (§3.4).
    case es256 = "ES256"
    /// ECDSA on P-384 with SHA-384.
    case es384 = "ES384"
    /// ECDSA on P-521 with SHA-512.
    case es512 = "ES512"
    /// EdDSA on Ed25519 (RFC 8037 §3.1); the name `Ed25519` of RFC 9864 means the same.
    case edDSA = "EdDSA"

    /// The algorithm of that name, compared exactly; nil for every other name.
    public init?(name: String) {
        if name == "Ed25519" {
            self = .edDSA
        } else {
            self.init(rawValue: name)
        }
    }

    /// The type of key that this algorithm needs.
    public var keyType: KeyType {
        switch self {
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: .rsa
        case .es256: .p256
        case .es384: .p384
        case .es512: .p521
        case .edDSA: .ed25519
        }
    }

    var isPSS: Bool { self == .ps256 || self == .ps384 || self == .ps512 }
}

/// A type of key together with its curve: what decides which algorithms a key can serve.
public enum KeyType: String, Sendable, Hashable {
    /// RSA, 2048 to 4096 bits.
    case rsa = "RSA"
    /// The curve P-256.
    case p256 = "P-256"
    /// The curve P-384.
    case p384 = "P-384"
    /// The curve P-521.
    case p521 = "P-521"
    /// The curve Ed25519.
    case ed25519 = "Ed25519"

    /// The octets of one coordinate or, for Ed25519, of the public key; nil for RSA.
    var coordinateSize: Int? {
        switch self {
        case .rsa: nil
        case .p256, .ed25519: 32
        case .p384: 48
        case .p521: 66
        }
    }

    /// OpenSSL's name of the curve; nil where the key needs none.
    var groupName: String? {
        switch self {
        case .p256: "prime256v1"
        case .p384: "secp384r1"
        case .p521: "secp521r1"
        case .rsa, .ed25519: nil
        }
    }
}
