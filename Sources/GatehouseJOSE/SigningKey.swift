import CLibCrypto
public import GatehouseJSON

/// A private key that signs tokens: those of the gateway, of tests and of the demo programs.
///
/// Signing takes the time of the algorithm (RS256 about 0.7 ms). May be used on any thread.
public final class SigningKey: @unchecked Sendable {
    /// The algorithm that it signs with.
    public let algorithm: SignatureAlgorithm
    /// The id in the headers and in the public key.
    public let keyID: String
    let handle: OpaquePointer

    init(owning handle: OpaquePointer, algorithm: SignatureAlgorithm, keyID: String) {
        self.handle = handle
        self.algorithm = algorithm
        self.keyID = keyID
    }

    deinit { EVP_PKEY_free(handle) }

    /// Makes a new key; RSA has 2048 bits and takes about 50 ms.
    public static func generate(
        _ algorithm: SignatureAlgorithm, keyID: String
    ) throws(SigningError) -> SigningKey {
        guard CryptoLibrary.isReady else { throw .library }
        defer { ERR_clear_error() }
        let type =
            switch algorithm.keyType {
            case .rsa: "RSA"
            case .p256, .p384, .p521: "EC"
            case .ed25519: "ED25519"
            }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, type, nil) else { throw .library }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_keygen_init(context) == 1 else { throw .library }
        if algorithm.keyType == .rsa {
            guard EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) == 1 else { throw .library }
        }
        if let group = algorithm.keyType.groupName {
            guard EVP_PKEY_CTX_set_group_name(context, group) == 1 else { throw .library }
        }
        var key: OpaquePointer?
        guard EVP_PKEY_generate(context, &key) == 1, let key else { throw .library }
        return SigningKey(owning: key, algorithm: algorithm, keyID: keyID)
    }

    /// The public key as a JWK with `kid`, `use` and `alg`.
    public func publicJWK() throws(SigningError) -> JSONObject {
        var jwk: JSONObject = [
            "use": "sig", "alg": .string(algorithm.rawValue), "kid": .string(keyID),
        ]
        func member(_ name: String, _ bytes: [UInt8]) {
            jwk[name] = .string(Base64URL.encode(bytes))
        }
        switch algorithm.keyType {
        case .rsa:
            jwk["kty"] = "RSA"
            member("n", try number(OSSL_PKEY_PARAM_RSA_N, size: nil))
            member("e", try number(OSSL_PKEY_PARAM_RSA_E, size: nil))
        case .p256, .p384, .p521:
            jwk["kty"] = "EC"
            jwk["crv"] = .string(algorithm.keyType.rawValue)
            let size = algorithm.keyType.coordinateSize
            member("x", try number(OSSL_PKEY_PARAM_EC_PUB_X, size: size))
            member("y", try number(OSSL_PKEY_PARAM_EC_PUB_Y, size: size))
        case .ed25519:
            jwk["kty"] = "OKP"
            jwk["crv"] = "Ed25519"
            var bytes = [UInt8](repeating: 0, count: 32)
            var count = bytes.count
            guard EVP_PKEY_get_raw_public_key(handle, &bytes, &count) == 1, count == 32 else {
                throw .library
            }
            member("x", bytes)
        }
        return jwk
    }

    /// The public half, ready to verify.
    public func verificationKey() throws(SigningError) -> VerificationKey {
        let jwk = JSONValue.object(try publicJWK())
        do { return try VerificationKey.parse(jwk: jwk) } catch { throw .library }
    }

    /// A compact JWT; `alg` and `kid` are set unless `header` has them (tests lie there).
    public func token(claims: JSONObject, header: JSONObject = [:]) throws(SigningError) -> String {
        try token(payload: JSONValue.object(claims).serializedBytes(), header: header)
    }

    /// A compact JWS over any payload.
    public func token(payload: [UInt8], header: JSONObject = [:]) throws(SigningError) -> String {
        var members = header
        if members["alg"] == nil { members["alg"] = .string(algorithm.rawValue) }
        if members["kid"] == nil { members["kid"] = .string(keyID) }
        let head = Base64URL.encode(JSONValue.object(members).serializedBytes())
        let signed = head + "." + Base64URL.encode(payload)
        return signed + "." + Base64URL.encode(try signature(over: Array(signed.utf8)))
    }

    /// The signature in the form of RFC 7518: `r || s` for ECDSA.
    public func signature(over message: [UInt8]) throws(SigningError) -> [UInt8] {
        defer { ERR_clear_error() }
        guard let context = EVP_MD_CTX_new() else { throw .library }
        defer { EVP_MD_CTX_free(context) }
        guard DigestSetup(algorithm).beginSign(context, handle) else { throw .library }
        var size = Int(EVP_PKEY_get_size(handle))
        var bytes = [UInt8](repeating: 0, count: size)
        guard EVP_DigestSign(context, &bytes, &size, message, message.count) == 1 else {
            throw .library
        }
        bytes.removeLast(bytes.count - size)
        guard let half = algorithm.keyType.coordinateSize, algorithm != .edDSA else {
            return bytes
        }
        return try Self.raw(bytes, half: half)
    }

    /// The two integers of a DER signature, each padded to `half` octets.
    private static func raw(_ der: [UInt8], half: Int) throws(SigningError) -> [UInt8] {
        var signature: OpaquePointer?
        der.withUnsafeBufferPointer { bytes in
            var at = bytes.baseAddress
            signature = d2i_ECDSA_SIG(nil, &at, der.count)
        }
        guard let signature else { throw .library }
        defer { ECDSA_SIG_free(signature) }
        return try padded(ECDSA_SIG_get0_r(signature), to: half)
            + padded(ECDSA_SIG_get0_s(signature), to: half)
    }

    private static func padded(
        _ number: OpaquePointer?, to size: Int
    ) throws(SigningError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        guard let number, BN_bn2binpad(number, &bytes, Int32(size)) == Int32(size) else {
            throw .library
        }
        return bytes
    }

    private func number(_ name: String, size: Int?) throws(SigningError) -> [UInt8] {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(handle, name, &number) == 1, let number else {
            throw .library
        }
        defer { BN_free(number) }
        return try Self.padded(number, to: size ?? (Int(BN_num_bits(number)) + 7) / 8)
    }
}

/// Signing failed.
public enum SigningError: Error, Sendable {
    /// libcrypto refused; with a good key only for want of memory or entropy.
    case library
}
