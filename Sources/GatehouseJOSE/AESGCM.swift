import CLibCrypto

/// AES-256 in Galois/Counter Mode with nonces of 96 and tags of 128 bits (NIST SP 800-38D).
enum AESGCM {
    static let keySize = 32
    static let nonceSize = 12
    static let tagSize = 16

    /// The implementation, fetched once; immutable, so it may be shared.
    private struct Cipher: @unchecked Sendable {
        let handle: OpaquePointer?
        init() {
            handle = CryptoLibrary.isReady ? EVP_CIPHER_fetch(nil, "AES-256-GCM", nil) : nil
        }
    }
    private static let cipher = Cipher()

    /// The ciphertext with the tag at its end; `nil` where the sizes are wrong or libcrypto fails.
    static func seal(
        _ plaintext: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]
    ) -> [UInt8]? {
        guard let context = context(key: key, nonce: nonce, counts: [plaintext, associated]) else {
            return nil
        }
        defer {
            EVP_CIPHER_CTX_free(context)
            ERR_clear_error()
        }
        guard EVP_EncryptInit_ex2(context, cipher.handle, key, nonce, nil) == 1 else { return nil }
        var written: Int32 = 0
        guard
            EVP_EncryptUpdate(context, nil, &written, associated, Int32(associated.count)) == 1
        else { return nil }
        var output = [UInt8](repeating: 0, count: plaintext.count)
        guard EVP_EncryptUpdate(context, &output, &written, plaintext, Int32(plaintext.count)) == 1,
            Int(written) == plaintext.count
        else { return nil }
        var tag = [UInt8](repeating: 0, count: tagSize)
        var rest: Int32 = 0
        guard EVP_EncryptFinal_ex(context, &tag, &rest) == 1, rest == 0,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagSize), &tag) == 1
        else { return nil }
        return output + tag
    }

    /// The plaintext; `nil` where one bit of anything is another than when it was sealed.
    static func open(
        _ sealed: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]
    ) -> [UInt8]? {
        guard sealed.count >= tagSize,
            let context = context(key: key, nonce: nonce, counts: [sealed, associated])
        else { return nil }
        defer {
            EVP_CIPHER_CTX_free(context)
            ERR_clear_error()
        }
        var tag = Array(sealed.suffix(tagSize))
        let count = sealed.count - tagSize
        var written: Int32 = 0
        guard EVP_DecryptInit_ex2(context, cipher.handle, key, nonce, nil) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagSize), &tag) == 1,
            EVP_DecryptUpdate(context, nil, &written, associated, Int32(associated.count)) == 1
        else { return nil }
        var output = [UInt8](repeating: 0, count: count)
        guard EVP_DecryptUpdate(context, &output, &written, sealed, Int32(count)) == 1,
            Int(written) == count
        else { return nil }
        var end = [UInt8](repeating: 0, count: tagSize)
        var rest: Int32 = 0
        return EVP_DecryptFinal_ex(context, &end, &rest) == 1 && rest == 0 ? output : nil
    }

    private static func context(
        key: [UInt8], nonce: [UInt8], counts: [[UInt8]]
    ) -> OpaquePointer? {
        guard cipher.handle != nil, key.count == keySize, nonce.count == nonceSize,
            counts.allSatisfy({ (1...Int(Int32.max)).contains($0.count) })
        else { return nil }
        return EVP_CIPHER_CTX_new()
    }
}
