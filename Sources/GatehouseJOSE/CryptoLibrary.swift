import CLibCrypto

/// The process's libcrypto.
enum CryptoLibrary {
    /// Prepares libcrypto before its first use, without its exit handler.
    ///
    /// That handler frees what other threads may still verify with while the process ends; the
    /// memory is the process's anyway.
    static let isReady: Bool =
        OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1
}

/// SHA-256 (FIPS 180-4); any thread.
public func sha256(_ bytes: [UInt8]) -> [UInt8] {
    guard CryptoLibrary.isReady else { return [] }
    var result = [UInt8](repeating: 0, count: 32)
    var size = result.count
    guard EVP_Q_digest(nil, "SHA256", nil, bytes, bytes.count, &result, &size) == 1 else {
        return []
    }
    return result
}
