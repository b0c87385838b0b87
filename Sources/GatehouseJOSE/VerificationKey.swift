import CLibCrypto

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
    /// A context that is ready for the key's usual algorithm: only ever copied, which any number
    /// of threads may do, and which saves the search for the implementation at each signature.
    private let prepared: (algorithm: SignatureAlgorithm, context: OpaquePointer)?

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
        prepared = Self.prepare(algorithm ?? Self.usual(keyType), handle)
    }

    deinit {
        if let prepared { EVP_MD_CTX_free(prepared.context) }
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

    private static func prepare(
        _ algorithm: SignatureAlgorithm, _ key: OpaquePointer
    ) -> (algorithm: SignatureAlgorithm, context: OpaquePointer)? {
        defer { ERR_clear_error() }
        guard let context = EVP_MD_CTX_new() else { return nil }
        guard DigestSetup(algorithm).beginVerify(context, key) else {
            EVP_MD_CTX_free(context)
            return nil
        }
        return (algorithm, context)
    }

    /// Makes `context` ready to verify with this key.
    private func begin(_ context: OpaquePointer, _ algorithm: SignatureAlgorithm) -> Bool {
        if let prepared, prepared.algorithm == algorithm,
            EVP_MD_CTX_copy_ex(context, prepared.context) == 1
        {
            return true
        }
        return DigestSetup(algorithm).beginVerify(context, handle)
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
        defer { ERR_clear_error() }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        guard begin(context, algorithm) else { return false }
        guard algorithm.keyType != .rsa && algorithm != .edDSA else {
            return verify(context, signature, message)
        }
        return withDERSignature(signature) { verify(context, $0, message) }
    }

    /// As `isValid` on arrays.
    public func isValid(
        _ signature: [UInt8], over message: [UInt8], by algorithm: SignatureAlgorithm
    ) -> Bool {
        signature.withUnsafeBytes { signature in
            message.withUnsafeBytes { isValid(signature, over: $0, by: algorithm) }
        }
    }

    private func verify(
        _ context: OpaquePointer, _ signature: UnsafeRawBufferPointer,
        _ message: UnsafeRawBufferPointer
    ) -> Bool {
        EVP_DigestVerify(
            context, signature.baseAddress?.assumingMemoryBound(to: UInt8.self), signature.count,
            message.baseAddress?.assumingMemoryBound(to: UInt8.self), message.count) == 1
    }
}

/// How libcrypto is told the scheme of an algorithm.
struct DigestSetup {
    private let algorithm: SignatureAlgorithm

    init(_ algorithm: SignatureAlgorithm) { self.algorithm = algorithm }

    /// Prepares `context` to verify with `key`.
    func beginVerify(_ context: OpaquePointer, _ key: OpaquePointer) -> Bool {
        var parameters: OpaquePointer?
        return EVP_DigestVerifyInit(context, &parameters, Self.digest(algorithm), nil, key) == 1
            && configure(parameters)
    }

    /// Prepares `context` to sign with `key`.
    func beginSign(_ context: OpaquePointer, _ key: OpaquePointer) -> Bool {
        var parameters: OpaquePointer?
        return EVP_DigestSignInit(context, &parameters, Self.digest(algorithm), nil, key) == 1
            && configure(parameters)
    }

    /// PSS: MGF1 with the same hash and a salt of its size (RFC 7518 §3.5).
    private func configure(_ parameters: OpaquePointer?) -> Bool {
        guard algorithm.keyType == .rsa else { return true }
        let padding = algorithm.isPSS ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING
        guard EVP_PKEY_CTX_set_rsa_padding(parameters, padding) == 1 else { return false }
        guard algorithm.isPSS else { return true }
        return EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1
            && EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, Self.digest(algorithm)) == 1
    }

    /// The hash, fetched once: an implicit fetch takes a lock of libcrypto on every use.
    private static func digest(_ algorithm: SignatureAlgorithm) -> OpaquePointer? {
        switch algorithm.digestName {
        case "SHA256": sha256.handle
        case "SHA384": sha384.handle
        case "SHA512": sha512.handle
        default: nil
        }
    }

    /// A hash of libcrypto, held for the life of the process; immutable, so it may be shared.
    private struct Hash: @unchecked Sendable {
        let handle: OpaquePointer?
        init(_ name: String) { handle = EVP_MD_fetch(nil, name, nil) }
    }
    private static let sha256 = Hash("SHA256")
    private static let sha384 = Hash("SHA384")
    private static let sha512 = Hash("SHA512")
}

/// Calls `body` with the DER form of a raw `r || s`, which is what libcrypto reads.
///
/// RFC 7518 §3.4 fixes both halves at the size of the curve's order; libcrypto refuses 0 and
/// anything from the order up.
private func withDERSignature<Result>(
    _ raw: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
) -> Result {
    let half = raw.count / 2
    return withUnsafeTemporaryAllocation(byteCount: raw.count + 16, alignment: 1) { output in
        let first = significant(raw[..<half])
        let second = significant(raw[half...])
        let size = integerSize(first) + integerSize(second)
        var at = 0
        func put(_ byte: UInt8) {
            output[at] = byte
            at += 1
        }
        put(0x30)
        if size > 127 { put(0x81) }
        put(UInt8(truncatingIfNeeded: size))
        for number in [first, second] {
            put(0x02)
            put(UInt8(truncatingIfNeeded: integerSize(number) - 2))
            if number.first.map({ $0 > 127 }) ?? true { put(0) }
            for byte in number { put(byte) }
        }
        return body(UnsafeRawBufferPointer(rebasing: output[..<at]))
    }
}

private func significant(_ half: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
    half.drop { $0 == 0 }
}

/// The octets of a DER INTEGER, tag and length included; at most 69 for P-521.
private func integerSize(_ number: Slice<UnsafeRawBufferPointer>) -> Int {
    2 + number.count + (number.first.map { $0 > 127 } ?? true ? 1 : 0)
}
