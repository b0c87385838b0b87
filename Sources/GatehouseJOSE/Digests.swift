import CLibCrypto

/// Hashes and comparisons of octets; any thread.
public enum Digests {
    /// SHA-256 (FIPS 180-4): 32 octets.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] { GatehouseJOSE.sha256(bytes) }

    /// HMAC with SHA-256 (RFC 2104): 32 octets; empty where libcrypto fails.
    public static func hmacSHA256(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        guard CryptoLibrary.isReady else { return [] }
        defer { ERR_clear_error() }
        var result = [UInt8](repeating: 0, count: 32)
        var size = 0
        let done = EVP_Q_mac(
            nil, "HMAC", nil, "SHA256", nil, key, key.count, message, message.count, &result,
            result.count, &size)
        return done != nil && size == 32 ? result : []
    }

    /// Whether both are the same octets, in a time that depends on their counts only.
    public static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && (left.isEmpty || CRYPTO_memcmp(left, right, left.count) == 0)
    }
}

/// HKDF with SHA-256 (RFC 5869); any thread.
public enum HKDF {
    /// `count` octets, 1 to 8160, derived from `secret` for the use that `info` names.
    ///
    /// Empty where `count` is out of range or libcrypto fails.
    public static func derive(
        _ secret: [UInt8], salt: [UInt8] = [], info: [UInt8], count: Int
    ) -> [UInt8] {
        guard (1...255 * 32).contains(count) else { return [] }
        // RFC 5869 §2.2: without a salt it is a hash's length of zeros.
        let salt = salt.isEmpty ? [UInt8](repeating: 0, count: 32) : salt
        let pseudorandomKey = Digests.hmacSHA256(secret, key: salt)
        guard !pseudorandomKey.isEmpty else { return [] }
        var result: [UInt8] = []
        var block: [UInt8] = []
        var index: UInt8 = 0
        while result.count < count {
            index += 1
            block = Digests.hmacSHA256(block + info + [index], key: pseudorandomKey)
            guard !block.isEmpty else { return [] }
            result += block
        }
        return Array(result.prefix(count))
    }
}

/// The process's generator of random octets; any thread.
public enum RandomOctets {
    /// So many octets that nobody can guess (RFC 4086); `nil` where libcrypto has no entropy.
    public static func make(_ count: Int) -> [UInt8]? {
        guard CryptoLibrary.isReady, count >= 0, count <= Int(Int32.max) else { return nil }
        defer { ERR_clear_error() }
        var result = [UInt8](repeating: 0, count: count)
        return RAND_bytes(&result, Int32(count)) == 1 ? result : nil
    }
}
