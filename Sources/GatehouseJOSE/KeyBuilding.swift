import CLibCrypto

/// Makes libcrypto's public keys out of numbers; every check that a JWK needs is here.
enum KeyBuilding {
    /// An RSA key (RFC 7518 §3.3 and §6.3.1; RFC 8725 §3.5).
    static func rsa(
        modulus: [UInt8], exponent: [UInt8]
    ) throws(UnusableKey.Reason) -> OpaquePointer {
        // Leading zeros are not canonical (RFC 7518 §2, Base64urlUInt) but harmless; count bits
        // of the number itself.
        let digits = Array(modulus.drop { $0 == 0 })
        let bits = digits.first.map { digits.count * 8 - $0.leadingZeroBitCount } ?? 0
        guard (2048...4096).contains(bits) else { throw .modulusSize(bits: bits) }
        guard let last = digits.last, last & 1 == 1 else { throw .notAKey }
        let power = exponent.drop { $0 == 0 }
        guard power.count <= 4, let low = power.last, low & 1 == 1,
            power.reduce(UInt64(0), { $0 << 8 | UInt64($1) }) >= 3
        else { throw .exponent }
        guard !ROCAFingerprint.matches(digits) else { throw .weakModulus }
        let key = build(type: "RSA") { builder in
            builder.push(OSSL_PKEY_PARAM_RSA_N, number: digits)
                && builder.push(OSSL_PKEY_PARAM_RSA_E, number: Array(power))
        }
        guard let key else { throw .notAKey }
        return key
    }

    /// A key on a NIST curve; a point that is not on the curve is refused (RFC 8725 §3.4).
    static func ellipticCurve(
        _ type: KeyType, x: [UInt8], y: [UInt8]
    ) throws(UnusableKey.Reason) -> OpaquePointer {
        guard let group = type.groupName, let size = type.coordinateSize else {
            throw .unknownCurve
        }
        guard x.count == size else { throw .malformedMember("x") }
        guard y.count == size else { throw .malformedMember("y") }
        let point = [0x04] + x + y
        let key = build(type: "EC") { builder in
            builder.push(OSSL_PKEY_PARAM_GROUP_NAME, text: group)
                && builder.push(OSSL_PKEY_PARAM_PUB_KEY, octets: point)
        }
        guard let key else { throw .notAKey }
        guard isPublicKeyValid(key) else {
            EVP_PKEY_free(key)
            throw .notAKey
        }
        return key
    }

    /// A key on Ed25519 (RFC 8037 §2).
    static func ed25519(x: [UInt8]) throws(UnusableKey.Reason) -> OpaquePointer {
        guard x.count == 32 else { throw .malformedMember("x") }
        guard CryptoLibrary.isReady else { throw .notAKey }
        defer { ERR_clear_error() }
        let key = EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, x, x.count)
        guard let key else { throw .notAKey }
        return key
    }

    private static func isPublicKeyValid(_ key: OpaquePointer) -> Bool {
        defer { ERR_clear_error() }
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { return false }
        defer { EVP_PKEY_CTX_free(context) }
        return EVP_PKEY_public_check(context) == 1
    }

    private static func build(
        type: String, _ push: (ParameterBuilder) -> Bool
    ) -> OpaquePointer? {
        defer { ERR_clear_error() }
        guard CryptoLibrary.isReady, let builder = ParameterBuilder(), push(builder),
            let parameters = OSSL_PARAM_BLD_to_param(builder.handle)
        else { return nil }
        defer { OSSL_PARAM_free(parameters) }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, type, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_fromdata_init(context) == 1,
            EVP_PKEY_fromdata(context, &key, gatehouse_pkey_public, parameters) == 1
        else { return nil }
        return key
    }
}

/// A builder of parameters, with what it points at until they are made: names too are borrowed.
private final class ParameterBuilder {
    let handle: OpaquePointer
    private var numbers: [OpaquePointer] = []
    private var blocks: [UnsafeMutableRawPointer] = []

    init?() {
        guard let handle = OSSL_PARAM_BLD_new() else { return nil }
        self.handle = handle
    }

    deinit {
        OSSL_PARAM_BLD_free(handle)
        for number in numbers { BN_free(number) }
        for block in blocks { block.deallocate() }
    }

    /// Adds an unsigned number, most significant octet first; at most 512 octets.
    func push(_ name: String, number: [UInt8]) -> Bool {
        guard let value = BN_bin2bn(number, Int32(truncatingIfNeeded: number.count), nil) else {
            return false
        }
        numbers.append(value)
        return OSSL_PARAM_BLD_push_BN(handle, keep(name), value) == 1
    }

    func push(_ name: String, text: String) -> Bool {
        OSSL_PARAM_BLD_push_utf8_string(handle, keep(name), keep(text), 0) == 1
    }

    func push(_ name: String, octets: [UInt8]) -> Bool {
        OSSL_PARAM_BLD_push_octet_string(handle, keep(name), keep(octets), octets.count) == 1
    }

    private func keep(_ bytes: [UInt8]) -> UnsafeMutableRawPointer {
        let block = UnsafeMutableRawPointer.allocate(byteCount: bytes.count, alignment: 1)
        UnsafeMutableRawBufferPointer(start: block, count: bytes.count).copyBytes(from: bytes)
        blocks.append(block)
        return block
    }

    private func keep(_ text: String) -> UnsafePointer<CChar> {
        let block = keep(Array(text.utf8) + [0])
        return UnsafePointer(block.assumingMemoryBound(to: CChar.self))
    }
}

/// The fingerprint of moduli that a faulty generator made (CVE-2017-15361, "ROCA").
///
/// Such a modulus is, modulo each small prime, a power of 65537. A random one passes for all of
/// these primes with a probability below 2^-27.
enum ROCAFingerprint {
    private static let primes: [UInt32] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
        101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ]

    /// Whether the number, most significant octet first, has the fingerprint.
    static func matches(_ modulus: [UInt8]) -> Bool {
        primes.allSatisfy { prime in
            let rest = modulus.reduce(UInt32(0)) { ($0 << 8 | UInt32($1)) % prime }
            var power: UInt32 = 1
            repeat {
                if power == rest { return true }
                power = power * (65537 % prime) % prime
            } while power != 1
            return false
        }
    }
}
