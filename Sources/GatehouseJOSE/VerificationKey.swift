import CLibCrypto
import Synchronization

/// A public key that verifies signatures.
///
/// It owns an `EVP_PKEY`, which costs up to a quarter of a millisecond to make and is made once.
/// libcrypto lets any number of threads verify with one key at a time, so the class is Sendable;
/// nothing in it changes after the initialiser.
public final class VerificationKey: @unchecked Sendable {
    /// The key's id; nil when the document gave none.
    public let keyID: String?
    /// The key's type and curve.
    public let keyType: KeyType
    /// The one algorithm that the document allows; nil when it names none.
    public let algorithm: SignatureAlgorithm?
    let handle: OpaquePointer
    /// What a verification costs: 1 for RSA of 2048 bits (14 us where it was measured), 4 for
    /// P-256 and RSA of 4096 bits, 5 for Ed25519, 32 for the larger curves.
    public let cost: Int
    /// The octets of a signature of this key.
    let signatureSize: Int
    /// The algorithm that most signatures of this key are by: the one for which a verifier is kept.
    private let usual: SignatureAlgorithm
    /// The verifier that waits for the next signature; taken out while one is verified, so that
    /// two threads never share it.
    private let spare = Atomic<Unmanaged<SignatureVerifier>?>(nil)

    /// Takes ownership of `handle`.
    init(
        owning handle: OpaquePointer, keyID: String?, keyType: KeyType,
        algorithm: SignatureAlgorithm?
    ) {
        self.handle = handle
        self.keyID = keyID
        self.keyType = keyType
        self.algorithm = algorithm
        switch keyType {
        case .rsa: signatureSize = Int(EVP_PKEY_get_size(handle))
        case .p256, .p384, .p521, .ed25519: signatureSize = 2 * (keyType.coordinateSize ?? 0)
        }
        switch keyType {
        case .rsa: cost = signatureSize <= 256 ? 1 : signatureSize <= 384 ? 2 : 4
        case .p256: cost = 4
        case .ed25519: cost = 5
        case .p384, .p521: cost = 32
        }
        usual = algorithm ?? Self.usual(keyType)
    }

    deinit {
        spare.exchange(nil, ordering: .acquiring)?.release()
        EVP_PKEY_free(handle)
    }

    private static func usual(_ type: KeyType) -> SignatureAlgorithm {
        switch type {
        case .rsa: .rs256
        case .p256: .es256
        case .p384: .es384
        case .p521: .es512
        case .ed25519: .edDSA
        }
    }

    /// Whether this key may serve that algorithm: type, curve and `alg` must agree (RFC 8725 §3.1).
    public func allows(_ other: SignatureAlgorithm) -> Bool {
        other.keyType == keyType && (algorithm == nil || algorithm == other)
    }

    /// Whether both are the same mathematical key.
    func isSameKey(as other: VerificationKey) -> Bool {
        EVP_PKEY_eq(handle, other.handle) == 1
    }

    /// Whether `signature` is this key's signature over `message`.
    ///
    /// 14 us for RS256, 47 us for ES256, 68 us for EdDSA on the machine that was measured. May be
    /// called on any thread. Signatures of another size than the algorithm's are refused unread
    /// (RFC 7518 §3.4).
    public func isValid(
        _ signature: UnsafeRawBufferPointer, over message: UnsafeRawBufferPointer,
        by algorithm: SignatureAlgorithm
    ) -> Bool {
        guard allows(algorithm), signature.count == signatureSize else { return false }
        if algorithm == usual, let kept = spare.exchange(nil, ordering: .acquiring) {
            return verify(with: kept, signature, message)
        }
        guard let made = SignatureVerifier(key: handle, algorithm: algorithm) else { return false }
        guard algorithm == usual else { return made.isValid(signature, over: message) }
        return verify(with: .passRetained(made), signature, message)
    }

    /// Verifies, and keeps the verifier for the next signature.
    private func verify(
        with verifier: Unmanaged<SignatureVerifier>, _ signature: UnsafeRawBufferPointer,
        _ message: UnsafeRawBufferPointer
    ) -> Bool {
        let isValid = verifier._withUnsafeGuaranteedRef { $0.isValid(signature, over: message) }
        spare.exchange(verifier, ordering: .acquiringAndReleasing)?.release()
        return isValid
    }

    /// As `isValid` on arrays.
    public func isValid(
        _ signature: [UInt8], over message: [UInt8], by algorithm: SignatureAlgorithm
    ) -> Bool {
        signature.withUnsafeBytes { signature in
            message.withUnsafeBytes { isValid(signature, over: $0, by: algorithm) }
        }
    }
}
