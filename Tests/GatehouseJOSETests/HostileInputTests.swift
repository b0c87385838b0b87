import GatehouseJSON
import Testing

@testable import GatehouseJOSE

/// What comes from the network never traps and is never taken for a token.
@Suite("Hostile input")
struct HostileInputTests {
    @Test func `no single changed octet of a token is accepted (G90)`() throws {
        let key = try SigningKey.generate(.es256, keyID: "k")
        let verification = try key.verificationKey()
        let good = Array(try key.token(claims: ["exp": 1_800_000_300, "sub": "u"]).utf8)
        var tried = 0
        for index in good.indices {
            for replacement in [UInt8(0), 0xff, good[index] ^ 1, UInt8(ascii: "."), 0x41]
            where replacement != good[index] {
                var bad = good
                bad[index] = replacement
                let token = try? UnverifiedToken(parsing: bad)
                #expect(token?.verify(with: verification) == nil)
                tried += 1
            }
        }
        #expect(tried > good.count * 4)
    }

    @Test func `no prefix of a token and no garbage traps`() throws {
        let key = try SigningKey.generate(.edDSA, keyID: "k")
        let verification = try key.verificationKey()
        let good = Array(try key.token(claims: ["sub": "u"]).utf8)
        for count in 0..<good.count {
            let token = try? UnverifiedToken(parsing: Array(good[..<count]))
            #expect(token?.verify(with: verification) == nil)
        }
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("eyJhbGciOiJFUzI1NiJ9.._-=+/ {}\"".utf8)
        for _ in 0..<2000 {
            let count = Int.random(in: 0...200, using: &generator)
            let bytes = (0..<count).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            #expect((try? UnverifiedToken(parsing: bytes)) == nil)
            _ = try? KeySet(parsing: bytes)
        }
    }

    @Test func `key ids of the same letters and other octets are two`() throws {
        let key = try SigningKey.generate(.es256, keyID: "k")
        let members = ["\u{e9}", "e\u{301}"].map { spelling -> JSONValue in
            var jwk = try? key.publicJWK()
            jwk?["kid"] = .string(spelling)
            return jwk.map(JSONValue.object) ?? nil
        }
        let set = try KeySet(document: ["keys": .array(members)])
        #expect(set.keys.count == 2 && set.unusable.isEmpty)
        for spelling in ["\u{e9}", "e\u{301}"] {
            guard case .found = set.lookUp(keyID: spelling, algorithm: .es256) else {
                Issue.record("no key for \(Array(spelling.utf8))")
                continue
            }
        }
    }

    @Test func `sizes are checked before anything is decoded (G99)`() {
        let long = [UInt8](repeating: UInt8(ascii: "A"), count: 16 * 1024 + 1)
        #expect(throws: TokenError.tooLarge) { try UnverifiedToken(parsing: long) }
        let header = "{\"alg\":\"RS256\",\"x\":\"" + String(repeating: "y", count: 8200) + "\"}"
        let token = Base64URL.encode(Array(header.utf8)) + ".e30.AA"
        #expect(throws: TokenError.headerTooLarge) { try UnverifiedToken(parsing: token) }
        let members = (0..<33).map { "\"m\($0)\":0" }.joined(separator: ",")
        let many = Base64URL.encode(Array("{\"alg\":\"RS256\",\(members)}".utf8)) + ".e30.AA"
        #expect(throws: TokenError.headerTooLarge) { try UnverifiedToken(parsing: many) }
    }

    @Test(arguments: [
        ("{\"exp\":1e400}", "exp"), ("{\"exp\":-1}", "exp"), ("{\"exp\":253402300800}", "exp"),
        ("{\"nbf\":9223372036854775808}", "nbf"), ("{\"iat\":\"1\"}", "iat"),
        ("{\"aud\":[1]}", "aud"), ("{\"aud\":{}}", "aud"), ("{\"iss\":null}", "iss"),
        ("{\"sub\":7}", "sub"), ("{\"scope\":false}", "scope"), ("{\"scp\":[null]}", "scp"),
    ])
    func `a claim of the wrong type or range is named`(text: String, claim: String) {
        #expect(throws: TokenError.malformedClaim(claim)) {
            try Claims(parsing: Array(text.utf8))
        }
    }

    @Test func `scope and scp, text and array, are one list`() throws {
        let text = #"{"scope":"a b  c","scp":["d","e"]}"#
        #expect(try Claims(parsing: Array(text.utf8)).scopes == ["a", "b", "c", "d", "e"])
        #expect(try Claims(parsing: Array(#"{"scp":"x y"}"#.utf8)).scopes == ["x", "y"])
        #expect(try Claims(parsing: Array("{}".utf8)).scopes == nil)
    }
}

@Suite("Keys that cannot be used")
struct UnusableKeyTests {
    private func reason(_ change: (inout JSONObject) throws -> Void) throws
        -> UnusableKey.Reason?
    {
        var jwk = try SigningKey.generate(.es256, keyID: "k").publicJWK()
        try change(&jwk)
        do throws(UnusableKey.Reason) {
            _ = try VerificationKey.parse(jwk: .object(jwk))
            return nil
        } catch {
            return error
        }
    }

    @Test func `each reason is told (RFC 7517 §4)`() throws {
        #expect(try reason { _ in } == nil)
        #expect(try reason { $0["kty"] = nil } == .unknownKeyType)
        #expect(try reason { $0["kty"] = "oct" } == .symmetric)
        #expect(try reason { $0["k"] = "AA" } == .symmetric)
        #expect(try reason { $0["d"] = "AA" } == .privateKey)
        #expect(try reason { $0["use"] = "enc" } == .notForSignatures)
        #expect(try reason { $0["use"] = 1 } == .notForSignatures)
        #expect(try reason { $0["key_ops"] = "verify" } == .operationsForbidVerify)
        #expect(try reason { $0["key_ops"] = ["sign"] } == .operationsForbidVerify)
        #expect(try reason { $0["key_ops"] = ["verify", "verify"] } == .operationsForbidVerify)
        #expect(try reason { $0["key_ops"] = ["verify"] } == nil)
        #expect(try reason { $0["alg"] = "HS256" } == .unknownAlgorithm)
        #expect(try reason { $0["alg"] = "none" } == .unknownAlgorithm)
        #expect(try reason { $0["alg"] = "ES384" } == .algorithmMismatch)
        #expect(try reason { $0["alg"] = nil } == nil)
        #expect(try reason { $0["kid"] = "" } == .malformedKeyID)
        #expect(
            try reason { $0["kid"] = .string(String(repeating: "k", count: 257)) }
                == .malformedKeyID)
        #expect(try reason { $0["crv"] = "secp256k1" } == .unknownCurve)
        #expect(try reason { $0["crv"] = "P-521" } == .algorithmMismatch)
        #expect(try reason { $0["x"] = nil } == .malformedMember("x"))
        #expect(try reason { $0["x"] = $0["y"] } == .notAKey)
        #expect(
            throws: UnusableKey.Reason.notAnObject,
            performing: {
                try VerificationKey.parse(jwk: ["not", "an", "object"])
            })
    }

    @Test func `RSA numbers are bounded (RFC 7518 §3.3, RFC 8725 §3.5)`() throws {
        let good = try SigningKey.generate(.rs256, keyID: "r").publicJWK()
        func reason(_ modulus: [UInt8]?, _ exponent: [UInt8]?) -> UnusableKey.Reason? {
            var jwk = good
            if let modulus { jwk["n"] = .string(Base64URL.encode(modulus)) }
            if let exponent { jwk["e"] = .string(Base64URL.encode(exponent)) }
            do throws(UnusableKey.Reason) {
                _ = try VerificationKey.parse(jwk: .object(jwk))
                return nil
            } catch {
                return error
            }
        }
        #expect(reason(nil, nil) == nil)
        #expect(reason(nil, [3]) == nil)
        for exponent: [UInt8] in [[1], [2], [1, 0, 0], [1, 0, 0, 0, 1]] {
            #expect(reason(nil, exponent) == .exponent)
        }
        let odd = { (count: Int) in [0x80] + [UInt8](repeating: 0x55, count: count - 1) }
        #expect(reason(odd(255), nil) == .modulusSize(bits: 2040))
        #expect(reason(odd(513), nil) == .modulusSize(bits: 4104))
        #expect(reason(Array(odd(256).dropLast()) + [0x54], nil) == .notAKey)
    }
}

/// Tests/Vectors/jose-cookbook: the examples of RFC 7520 §4 and RFC 8037 that are compact.
@Suite("JOSE cookbook")
struct CookbookTests {
    @Test(arguments: [
        "jws/4_1.rsa_v15_signature.json", "jws/4_2.rsa-pss_signature.json",
        "jws/4_3.ecdsa_signature.json", "curve25519/jws.json",
    ])
    func `signatures of the RFCs verify`(file: String) throws {
        let example = try Vectors.json("jose-cookbook/" + file)
        var jwk = try #require(example["input"]?["key"]?.objectValue)
        // The examples print key pairs; only the public half may be read.
        #expect(throws: UnusableKey.Reason.privateKey) {
            try VerificationKey.parse(jwk: .object(jwk))
        }
        for name in ["d", "p", "q", "dp", "dq", "qi"] { jwk[name] = nil }
        let key = try VerificationKey.parse(jwk: .object(jwk))
        let compact = try #require(example["output"]?["compact"]?.stringValue)
        let jws = try CompactJWS(parsing: Array(compact.utf8))
        #expect(jws.isSigned(by: key))
        #expect(
            String(decoding: jws.payload, as: UTF8.self)
                == example["input"]?["payload"]?.stringValue)
    }

    @Test(arguments: [
        ("jws/4_4.hmac-sha2_integrity_protection.json", TokenError.algorithmNotAccepted),
        ("jws/4_5.signature_with_detached_content.json", .algorithmNotAccepted),
        ("rfc7797/hmac-sha2_b64_false.json", .notBase64URL),
    ])
    func `what is no signed token of ours is refused`(file: String, error: TokenError) throws {
        let example = try Vectors.json("jose-cookbook/" + file)
        let compact = try #require(example["output"]?["compact"]?.stringValue)
        #expect(throws: error) { try CompactJWS(parsing: Array(compact.utf8)) }
    }
}
