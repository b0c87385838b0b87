import GatehouseJSON
import Testing

@testable import GatehouseJOSE

@Suite("Signing keys from secrets and files")
struct SigningKeyLoadingTests {
    private let seed = Base64URL.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A") ?? []

    @Test func `the example of RFC 8037 appendix A is reproduced: key, thumbprint and signature`()
        throws
    {
        let key = try SigningKey.ed25519(seed: seed)
        let jwk = try key.publicJWK()
        #expect(jwk["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
        #expect(key.keyID == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        let message = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
        let signature = Base64URL.encode(try key.signature(over: Array(message.utf8)))
        #expect(
            signature
                == "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_"
                + "MuM0KAg"
        )
    }

    @Test func `the thumbprint is that of RFC 7638 §3.1, whatever else the key has`() {
        let jwk: JSONObject = [
            "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
            "n": .string(
                "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxu"
                    + "hDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN"
                    + "5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5"
                    + "hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBni"
                    + "Iqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"),
        ]
        #expect(JSONWebKeyThumbprint.of(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
    }

    @Test func `a secret gives the same key each time and another secret another`() throws {
        let one = try SigningKey.derived(from: [UInt8](repeating: 1, count: 32))
        let again = try SigningKey.derived(from: [UInt8](repeating: 1, count: 32))
        let other = try SigningKey.derived(from: [UInt8](repeating: 2, count: 32))
        #expect(one.keyID == again.keyID && one.algorithm == .edDSA)
        #expect(one.keyID != other.keyID)
    }

    @Test(arguments: [
        (TestKeys.p256, SignatureAlgorithm.es256), (TestKeys.sec1, .es256),
        (TestKeys.ed25519, .edDSA), (TestKeys.rsa2048, .rs256),
    ])
    func `a PEM key signs, and its public half verifies`(
        pem: String, algorithm: SignatureAlgorithm
    ) throws {
        let key = try SigningKey.parse(pem: Array(pem.utf8))
        #expect(key.algorithm == algorithm)
        #expect(try key.keyID == JSONWebKeyThumbprint.of(key.publicJWK()))
        let verification = try key.verificationKey()
        // Many: the integers of an ECDSA signature are now and then shorter (RFC 7518 §3.4).
        for number in UInt8(0)..<(algorithm == .rs256 ? 4 : 200) {
            let signature = try key.signature(over: [number])
            #expect(algorithm == .rs256 || signature.count == 64)
            #expect(verification.isValid(signature, over: [number], by: algorithm))
        }
    }

    @Test(arguments: [
        (TestKeys.p384, SigningKeyRefusal.kind), (TestKeys.x25519, .kind),
        (TestKeys.rsa1024, .modulusSize(bits: 1024)), (TestKeys.encrypted, .notAPrivateKey),
        ("", .notAPrivateKey), ("-----BEGIN PRIVATE KEY-----\nAAAA\n", .notAPrivateKey),
        (String(repeating: "x", count: 70_000), .notAPrivateKey),
    ])
    func `another kind of key, an encrypted one and garbage are refused with the reason`(
        pem: String, refusal: SigningKeyRefusal
    ) {
        #expect(throws: refusal) { try SigningKey.parse(pem: Array(pem.utf8)) }
    }

    @Test func `a seed of another size is no key`() {
        #expect(throws: SigningError.self) { try SigningKey.ed25519(seed: [1, 2, 3]) }
    }
}
