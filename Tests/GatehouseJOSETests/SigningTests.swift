import GatehouseJSON
import Testing

@testable import GatehouseJOSE

@Suite("Signing and validating")
struct SigningTests {
    private let claims: JSONObject = [
        "iss": "https://as.test", "aud": "https://gw.test/mcp", "exp": 1_800_000_300, "sub": "u",
    ]
    private let now = NumericDate(seconds: 1_800_000_000)
    private let validator = TokenValidator(
        issuers: ["https://as.test"], audiences: ["https://gw.test/mcp"])

    @Test(arguments: SignatureAlgorithm.allCases)
    func `what a key signs its public half verifies, and nothing else does`(
        algorithm: SignatureAlgorithm
    ) throws {
        let key = try SigningKey.generate(algorithm, keyID: "k1")
        let other = try SigningKey.generate(algorithm, keyID: "k1").verificationKey()
        let text = try key.token(claims: claims, header: ["typ": "at+jwt"])
        let token = try UnverifiedToken(parsing: text)
        #expect(validator.check(token, now: now) == .accepted)
        let set = try KeySet(document: ["keys": [.object(try key.publicJWK())]])
        guard case .found(let found) = set.lookUp(token.header) else {
            Issue.record("the key is not found")
            return
        }
        #expect(token.verify(with: found)?.claims.subject == "u")
        #expect(token.verify(with: other) == nil)
        var signature = try key.signature(over: [1, 2, 3])
        #expect(found.isValid(signature, over: [1, 2, 3], by: algorithm))
        #expect(!found.isValid(signature, over: [1, 2, 4], by: algorithm))
        signature[signature.count / 2] ^= 1
        #expect(!found.isValid(signature, over: [1, 2, 3], by: algorithm))
        signature[signature.count / 2] ^= 1
        #expect(!found.isValid(signature + [0], over: [1, 2, 3], by: algorithm))
        #expect(!found.isValid([], over: [1, 2, 3], by: algorithm))
    }

    @Test func `one key serves many threads at once`() async throws {
        let key = try SigningKey.generate(.es256, keyID: "k")
        let verification = try key.verificationKey()
        let token = try UnverifiedToken(parsing: try key.token(claims: claims))
        let good = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<50).allSatisfy { _ in token.verify(with: verification) != nil }
                }
            }
            return await group.allSatisfy { $0 }
        }
        #expect(good)
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `a bad signature leaves nothing behind for the next (G90)`(
        algorithm: SignatureAlgorithm
    ) throws {
        let key = try SigningKey.generate(algorithm, keyID: "k")
        // Published with its algorithm, so that this one's verifier is the one that is kept.
        let set = try KeySet(document: ["keys": [.object(try key.publicJWK())]])
        let verification = try #require(set.keys.first)
        for round in 0..<6 {
            let message = Array("message \(round)".utf8)
            let good = try key.signature(over: message)
            var bad = good
            bad[round % 2 == 0 ? 3 : bad.count - 4] ^= 0x40
            #expect(!verification.isValid(bad, over: message, by: algorithm))
            #expect(verification.isValid(good, over: message, by: algorithm))
            #expect(verification.isValid(good, over: message, by: algorithm))
            #expect(!verification.isValid(good, over: message + [0], by: algorithm))
            let zeros = [UInt8](repeating: 0, count: good.count)
            #expect(!verification.isValid(zeros, over: message, by: algorithm))
        }
    }

    @Test func `good and bad signatures on many threads keep their verdicts`() async throws {
        let key = try SigningKey.generate(.edDSA, keyID: "k")
        let verification = try key.verificationKey()
        let good = try key.signature(over: [1, 2, 3])
        var bad = good
        bad[40] ^= 1
        let isRight = await withTaskGroup(of: Bool.self) { [bad] group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<50).allSatisfy { _ in
                        verification.isValid(good, over: [1, 2, 3], by: .edDSA)
                            && !verification.isValid(bad, over: [1, 2, 3], by: .edDSA)
                    }
                }
            }
            return await group.allSatisfy { $0 }
        }
        #expect(isRight)
    }

    @Test func `required claims decide presence only (issue section 5)`() throws {
        let key = try SigningKey.generate(.es256, keyID: "k")
        func verdict(_ claims: JSONObject, _ change: (inout TokenValidator) -> Void) throws
            -> TokenVerdict
        {
            var validator = validator
            change(&validator)
            let token = try UnverifiedToken(parsing: try key.token(claims: claims))
            return validator.check(token, now: now)
        }
        func without(_ name: String) -> JSONObject {
            var copy = claims
            copy[name] = nil
            return copy
        }
        #expect(try verdict(without("exp")) { _ in } == .refused(.missing(.exp)))
        #expect(try verdict(without("exp")) { $0.requiredClaims = [] } == .accepted)
        #expect(try verdict(without("iss")) { $0.requiredClaims = [] } == .refused(.missing(.iss)))
        #expect(try verdict(without("aud")) { $0.requiredClaims = [] } == .refused(.missing(.aud)))
        #expect(try verdict(without("aud")) { $0.audiences = [] } == .accepted)
        #expect(try verdict(without("sub")) { _ in } == .accepted)
        #expect(
            try verdict(without("sub")) { $0.requiredClaims = [.sub] } == .refused(.missing(.sub)))
        var late = claims
        late["exp"] = 1_799_999_940
        #expect(try verdict(late) { $0.requiredClaims = [] } == .refused(.expired))
        #expect(try verdict(late) { $0.leeway = 61 } == .accepted)
        var early = claims
        early["nbf"] = 1_800_000_061
        #expect(try verdict(early) { _ in } == .refused(.notYetValid))
        #expect(try verdict(early) { $0.leeway = 61 } == .accepted)
    }

    @Test func `audiences and issuers are octets, not canonical equivalents`() throws {
        let key = try SigningKey.generate(.es256, keyID: "k")
        var claims = claims
        claims["aud"] = "https://gw.test/caf\u{65}\u{301}"
        var validator = validator
        validator.audiences = ["https://gw.test/caf\u{e9}"]
        let token = try UnverifiedToken(parsing: try key.token(claims: claims))
        #expect(validator.check(token, now: now) == .refused(.audience))
    }

    @Test func `a token without a key id finds a key only where one fits`() throws {
        let one = try SigningKey.generate(.es256, keyID: "1").verificationKey()
        let two = try SigningKey.generate(.es256, keyID: "2").verificationKey()
        let three = try SigningKey.generate(.edDSA, keyID: "3").verificationKey()
        let set = KeySet(keys: [one, two, three])
        guard case .ambiguous = set.lookUp(keyID: nil, algorithm: .es256) else {
            Issue.record("a key was guessed")
            return
        }
        guard case .found(let found) = set.lookUp(keyID: nil, algorithm: .edDSA) else {
            Issue.record("the only key was not found")
            return
        }
        #expect(found === three)
        guard case .algorithmMismatch = set.lookUp(keyID: "3", algorithm: .es256) else {
            Issue.record("a key of another type was found")
            return
        }
        guard case .unknownKey = set.lookUp(keyID: "4", algorithm: .es256) else {
            Issue.record("an unknown id was found")
            return
        }
    }

    @Test func `two different keys of one id and type are both left out`() throws {
        let one = JSONValue.object(try SigningKey.generate(.es256, keyID: "k").publicJWK())
        let two = JSONValue.object(try SigningKey.generate(.es256, keyID: "k").publicJWK())
        let set = try KeySet(document: ["keys": [one, two]])
        #expect(set.keys.isEmpty)
        #expect(set.unusable.map(\.reason) == [.duplicateKeyID, .duplicateKeyID])
    }

    @Test func `a log line shows a hostile key id escaped`() {
        let key = UnusableKey(index: 1, keyID: "a\r\n\u{202e}\"", reason: .unknownKeyType)
        #expect(key.description.utf8.allSatisfy { (32..<127).contains($0) })
    }
}

@Suite("Base64url")
struct Base64URLTests {
    @Test func `every length round-trips and is decoded into borrowed memory`() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ count) }
            let text = Base64URL.encode(bytes)
            #expect(Base64URL.decode(text) == bytes)
            var output = [UInt8](repeating: 0xee, count: count + 1)
            let written = Array(text.utf8).withUnsafeBytes { input in
                output.withUnsafeMutableBytes { Base64URL.decode(input, into: $0) }
            }
            #expect(written == count && output.last == 0xee)
            if count > 0 {
                var small = [UInt8](repeating: 0, count: count - 1)
                let refused = Array(text.utf8).withUnsafeBytes { input in
                    small.withUnsafeMutableBytes { Base64URL.decode(input, into: $0) }
                }
                #expect(refused == nil)
            }
        }
    }

    @Test(arguments: [
        "A", "AAAAA", "AA==", "AB", "AAB", "A A", "AA\n", "+A", "/A", "A\u{e9}", "AA=",
    ])
    func `what is not strict is refused (RFC 7515 §2)`(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }
}
