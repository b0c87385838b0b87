import CLibCrypto

/// SHA-256 over a body that is not kept; for one connection's event loop.
final class StreamingDigest {
    private let context: OpaquePointer?

    init() {
        context = EVP_MD_CTX_new()
        EVP_DigestInit_ex(context, EVP_sha256(), nil)
    }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: [UInt8]) { EVP_DigestUpdate(context, bytes, bytes.count) }

    func finish() -> [UInt8] {
        var result = [UInt8](repeating: 0, count: 32)
        EVP_DigestFinal_ex(context, &result, nil)
        return result
    }
}

/// Lower-case hexadecimal digits.
func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}

/// HMAC-SHA-512, for the tokens that only their issuer reads.
func hmacSHA512(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: 64)
    var size = result.count
    let written = EVP_Q_mac(
        nil, "HMAC", nil, "SHA512", nil, key, key.count, message, message.count, &result,
        result.count, &size)
    return written == nil ? [] : result
}
