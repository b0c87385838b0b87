import GatehouseJSON
import Testing

@testable import GatehouseJOSE

private func hex(_ text: String) -> [UInt8] { Vectors.hex(.string(text)) }

@Suite("Digests and derivation")
struct DerivationTests {
    @Test func `HMAC-SHA-256 agrees with every vector of Wycheproof`() throws {
        var count = 0
        for (group, tests) in try Vectors.groups("hmac_sha256_test.json") {
            let size = Int(group["tagSize"]?.numberValue?.double ?? 0) / 8
            for test in tests {
                let tag = Digests.hmacSHA256(
                    Vectors.hex(test["msg"]), key: Vectors.hex(test["key"]))
                let isSame = Digests.equal(Array(tag.prefix(size)), Vectors.hex(test["tag"]))
                #expect(isSame == (test["result"]?.stringValue == "valid"), "\(test)")
                count += 1
            }
        }
        #expect(count > 100)
    }

    @Test func `HKDF derives what RFC 5869 appendix A says`() {
        let one = HKDF.derive(
            [UInt8](repeating: 0x0b, count: 22), salt: hex("000102030405060708090a0b0c"),
            info: hex("f0f1f2f3f4f5f6f7f8f9"), count: 42)
        #expect(
            one
                == hex(
                    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                        + "34007208d5b887185865"))
        let two = HKDF.derive(
            Array(0x00...0x4f), salt: Array(0x60...0xaf), info: Array(0xb0...0xff), count: 82)
        #expect(
            two
                == hex(
                    "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
                        + "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
                        + "cc30c58179ec3e87c14c01d5c1f3434f1d87"))
        let three = HKDF.derive([UInt8](repeating: 0x0b, count: 22), info: [], count: 42)
        #expect(
            three
                == hex(
                    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                        + "9d201395faa4b61a96c8"))
    }

    @Test func `a count out of range derives nothing`() {
        #expect(HKDF.derive([1], info: [], count: 0).isEmpty)
        #expect(HKDF.derive([1], info: [], count: 255 * 32 + 1).isEmpty)
        #expect(HKDF.derive([1], info: [], count: 255 * 32).count == 255 * 32)
    }

    @Test func `equality is that of octets`() {
        #expect(Digests.equal([], []))
        #expect(Digests.equal([1, 2], [1, 2]))
        #expect(!Digests.equal([1, 2], [1, 3]))
        #expect(!Digests.equal([1, 2], [1, 2, 0]))
        #expect(!Digests.equal([], [0]))
    }

    @Test func `random octets have the asked count and differ`() {
        #expect(RandomOctets.make(0) == [])
        #expect(RandomOctets.make(-1) == nil)
        let one = RandomOctets.make(32)
        #expect(one?.count == 32 && one != RandomOctets.make(32))
    }
}

@Suite("AES-256-GCM")
struct AESGCMTests {
    /// Test case 16 of the submission to NIST (The Galois/Counter Mode of Operation, appendix B).
    private let key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
    private let nonce = hex("cafebabefacedbaddecaf888")
    private let associated = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    private let plaintext = hex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
            + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
    private let sealed = hex(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
            + "76fc6ece0f4e1768cddf8853bb2d551b")

    @Test func `the published case seals and opens`() {
        #expect(AESGCM.seal(plaintext, key: key, nonce: nonce, associated: associated) == sealed)
        #expect(AESGCM.open(sealed, key: key, nonce: nonce, associated: associated) == plaintext)
    }

    @Test func `another key, nonce or associated octet does not open`() {
        var other = key
        other[31] ^= 1
        #expect(AESGCM.open(sealed, key: other, nonce: nonce, associated: associated) == nil)
        other = nonce
        other[0] ^= 1
        #expect(AESGCM.open(sealed, key: key, nonce: other, associated: associated) == nil)
        #expect(AESGCM.open(sealed, key: key, nonce: nonce, associated: associated + [0]) == nil)
    }

    @Test func `wrong sizes are refused before libcrypto`() {
        #expect(AESGCM.seal(plaintext, key: [1], nonce: nonce, associated: associated) == nil)
        #expect(AESGCM.seal(plaintext, key: key, nonce: [1], associated: associated) == nil)
        #expect(AESGCM.open([1, 2, 3], key: key, nonce: nonce, associated: associated) == nil)
    }
}

@Suite("Sealed values")
struct SealerTests {
    private let secret = [UInt8](repeating: 7, count: 32)
    private let former = [UInt8](repeating: 9, count: 40)
    private let value = Array("the transaction".utf8)
    private let now: Int64 = 1_800_000_000

    private func open(_ text: String, _ sealer: Sealer) -> Result<[UInt8], SealRefusal> {
        sealer.open(text, for: "state", context: "/mcp", now: now)
    }

    private func sealed(_ sealer: Sealer) -> String {
        sealer.seal(value, for: "state", context: "/mcp", until: now + 60)
    }

    @Test func `what one seals another with the same secret opens, and no two texts are alike`()
        throws
    {
        let one = try Sealer(secrets: [secret])
        let two = try Sealer(secrets: [secret])
        #expect(open(sealed(one), two) == .success(value))
        #expect(sealed(one) != sealed(one))
        #expect(Set(sealed(one)).isSubset(of: Set(base64URL)))
        let empty = one.seal([], for: "state", context: "/mcp", until: now + 1)
        #expect(open(empty, one) == .success([]))
    }

    @Test func `a flipped bit anywhere never opens`() throws {
        let sealer = try Sealer(secrets: [secret])
        let bytes = try #require(Base64URL.decode(sealed(sealer)))
        for at in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[at] ^= 1 << bit
                let result = open(Base64URL.encode(changed), sealer)
                #expect(result == .failure((1..<5).contains(at) ? .unknownKey : .malformed))
            }
        }
    }

    @Test func `every truncation and every longer text is malformed`() throws {
        let sealer = try Sealer(secrets: [secret])
        let bytes = try #require(Base64URL.decode(sealed(sealer)))
        for count in 0..<bytes.count {
            let text = Base64URL.encode(Array(bytes[..<count]))
            #expect(open(text, sealer) == .failure(.malformed))
        }
        #expect(open(Base64URL.encode(bytes + [0]), sealer) == .failure(.malformed))
        #expect(open(sealed(sealer) + "=", sealer) == .failure(.malformed))
        #expect(open("", sealer) == .failure(.malformed))
    }

    @Test func `another purpose or context does not open, however they are cut`() throws {
        let sealer = try Sealer(secrets: [secret])
        let text = sealed(sealer)
        for (purpose, context) in [
            ("code", "/mcp"), ("state", "/mcp2"), ("state/", "mcp"), ("state", ""),
            ("", "state/mcp"),
            ("state/mcp", ""),
        ] {
            let result = sealer.open(text, for: purpose, context: context, now: now)
            #expect(result == .failure(.malformed), "\(purpose) \(context)")
        }
    }

    @Test func `a text expires at its second, not after it`() throws {
        let sealer = try Sealer(secrets: [secret])
        let text = sealer.seal(value, for: "state", context: "/mcp", until: now)
        func opened(_ at: Int64) -> Result<[UInt8], SealRefusal> {
            sealer.open(text, for: "state", context: "/mcp", now: at)
        }
        #expect(opened(now - 1) == .success(value))
        #expect(opened(now) == .failure(.expired))
        #expect(opened(.max) == .failure(.expired))
        let negative = sealer.seal(value, for: "state", context: "/mcp", until: -5)
        #expect(open(negative, sealer) == .failure(.expired))
    }

    @Test func `the first secret seals and all open; an unknown one is said to be unknown`() throws
    {
        let old = try Sealer(secrets: [former])
        let both = try Sealer(secrets: [secret, former])
        let new = try Sealer(secrets: [secret])
        #expect(open(sealed(old), both) == .success(value))
        #expect(open(sealed(both), new) == .success(value))
        #expect(open(sealed(old), new) == .failure(.unknownKey))
    }

    @Test func `a text beyond the bound is neither made nor read`() throws {
        let sealer = try Sealer(secrets: [secret])
        let large = [UInt8](repeating: 1, count: Sealer.textSize)
        #expect(sealer.seal(large, for: "state", context: "/mcp", until: now + 1).isEmpty)
        let long = String(repeating: "A", count: Sealer.textSize + 4)
        #expect(open(long, sealer) == .failure(.malformed))
        let fits = [UInt8](repeating: 1, count: Sealer.textSize * 3 / 4 - 41)
        let text = sealer.seal(fits, for: "state", context: "/mcp", until: now + 1)
        #expect(text.utf8.count == Sealer.textSize)
        #expect(open(text, sealer) == .success(fits))
    }

    @Test func `a secret has 32 octets at least`() {
        #expect(throws: SealerError.noSecret) { try Sealer(secrets: []) }
        #expect(throws: SealerError.tooShort(index: 1)) {
            try Sealer(secrets: [secret, Array(secret.dropLast())])
        }
    }

    private let base64URL =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
}
