import CLibCrypto

/// libcrypto's state of a verification with one key and algorithm.
///
/// Made once and used again and again: libcrypto's interface for one signature looks up the
/// implementation, and copies the key's state, each time. Nothing of a signature stays in it for
/// the next, whether it was good or not. **Confined to** one thread at a time.
final class SignatureVerifier {
    /// Hashes what was signed, or verifies by itself (EdDSA).
    private let hashing: OpaquePointer
    /// Verifies hashes; nil where `hashing` verifies by itself.
    private let verifying: OpaquePointer?
    private let setup: DigestSetup
    private let key: OpaquePointer
    /// Whether raw `r || s` is what comes, and DER what libcrypto reads.
    private let isRaw: Bool

    /// Prepares for `key`, which is held; nil when libcrypto cannot.
    init?(key: OpaquePointer, algorithm: SignatureAlgorithm) {
        defer { ERR_clear_error() }
        guard let hashing = EVP_MD_CTX_new() else { return nil }
        guard EVP_PKEY_up_ref(key) == 1 else {
            EVP_MD_CTX_free(hashing)
            return nil
        }
        self.key = key
        self.hashing = hashing
        setup = DigestSetup(algorithm)
        isRaw = algorithm.keyType != .rsa && algorithm != .edDSA
        verifying = algorithm == .edDSA ? nil : EVP_PKEY_CTX_new_from_pkey(nil, key, nil)
        if let verifying {
            guard setup.digest != nil, setup.beginVerifyHash(verifying) else { return nil }
        } else {
            guard algorithm == .edDSA, setup.beginVerify(hashing, key) else { return nil }
        }
    }

    deinit {
        EVP_MD_CTX_free(hashing)
        EVP_PKEY_CTX_free(verifying)
        EVP_PKEY_free(key)
    }

    /// Whether `signature`, of the algorithm's size, is the key's over `message`.
    func isValid(_ signature: UnsafeRawBufferPointer, over message: UnsafeRawBufferPointer) -> Bool
    {
        let isValid =
            if let verifying {
                isHashSigned(verifying, signature, over: message)
            } else {
                isMessageSigned(signature, over: message)
            }
        if !isValid { ERR_clear_error() }
        return isValid
    }

    private func isMessageSigned(
        _ signature: UnsafeRawBufferPointer, over message: UnsafeRawBufferPointer
    ) -> Bool {
        // The same key again, or else from the beginning.
        guard
            EVP_DigestVerifyInit(hashing, nil, nil, nil, nil) == 1
                || EVP_MD_CTX_reset(hashing) == 1 && setup.beginVerify(hashing, key)
        else { return false }
        return EVP_DigestVerify(
            hashing, octets(signature), signature.count, octets(message), message.count) == 1
    }

    private func isHashSigned(
        _ context: OpaquePointer, _ signature: UnsafeRawBufferPointer,
        over message: UnsafeRawBufferPointer
    ) -> Bool {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(EVP_MAX_MD_SIZE)) { hash in
            var size: UInt32 = 0
            guard EVP_DigestInit_ex2(hashing, setup.digest, nil) == 1,
                EVP_DigestUpdate(hashing, message.baseAddress, message.count) == 1,
                EVP_DigestFinal_ex(hashing, hash.baseAddress, &size) == 1
            else { return false }
            func verify(_ signature: UnsafeRawBufferPointer) -> Bool {
                EVP_PKEY_verify(
                    context, octets(signature), signature.count, hash.baseAddress, Int(size)) == 1
            }
            return isRaw ? withDERSignature(signature, verify) : verify(signature)
        }
    }

    private func octets(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? {
        bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    }
}

/// How libcrypto is told the scheme of an algorithm.
struct DigestSetup {
    private let algorithm: SignatureAlgorithm

    init(_ algorithm: SignatureAlgorithm) { self.algorithm = algorithm }

    /// Prepares `context` to verify with `key` an algorithm that hashes by itself.
    func beginVerify(_ context: OpaquePointer, _ key: OpaquePointer) -> Bool {
        EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1
    }

    /// Prepares `context`, one of a key, to verify signatures over hashes.
    func beginVerifyHash(_ context: OpaquePointer) -> Bool {
        EVP_PKEY_verify_init(context) == 1 && configure(context)
            && EVP_PKEY_CTX_set_signature_md(context, digest) == 1
    }

    /// Prepares `context` to sign with `key`.
    func beginSign(_ context: OpaquePointer, _ key: OpaquePointer) -> Bool {
        var parameters: OpaquePointer?
        return EVP_DigestSignInit(context, &parameters, digest, nil, key) == 1
            && configure(parameters)
    }

    /// PSS: MGF1 with the same hash and a salt of its size (RFC 7518 §3.5).
    private func configure(_ parameters: OpaquePointer?) -> Bool {
        guard algorithm.keyType == .rsa else { return true }
        let padding = algorithm.isPSS ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING
        guard EVP_PKEY_CTX_set_rsa_padding(parameters, padding) == 1 else { return false }
        guard algorithm.isPSS else { return true }
        return EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1
            && EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, digest) == 1
    }

    /// The hash, nil where the algorithm brings its own; fetched once, because an implicit fetch
    /// takes a lock of libcrypto on every use.
    var digest: OpaquePointer? {
        switch algorithm {
        case .rs256, .ps256, .es256: Self.sha256.handle
        case .rs384, .ps384, .es384: Self.sha384.handle
        case .rs512, .ps512, .es512: Self.sha512.handle
        case .edDSA: nil
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
        func put(_ byte: Int) {
            output[at] = UInt8(truncatingIfNeeded: byte)
            at += 1
        }
        func put(integer: Slice<UnsafeRawBufferPointer>) {
            put(0x02)
            put(integerSize(integer) - 2)
            if integer.first.map({ $0 > 127 }) ?? true { put(0) }
            UnsafeMutableRawBufferPointer(rebasing: output[at...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: integer))
            at += integer.count
        }
        put(0x30)
        if size > 127 { put(0x81) }
        put(size)
        put(integer: first)
        put(integer: second)
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
