import GatehouseJSON
import Testing

@testable import GatehouseJOSE

/// Tests/Vectors/wycheproof, with Tests/Vectors/wycheproof/OVERRIDES.json.
@Suite("Wycheproof")
struct WycheproofTests {
    /// Published results that a verifier with pinned algorithms and strict base64url contradicts.
    private let contradicted: [Int: String] = [
        346: "RFC 7517 §4.4: alg of the key is PS256, of the token PS384",
        350: "RFC 7517 §4.4: as 346",
        347: "RFC 7518 §3.1: the key's alg ES521 is no registered name",
        351: "RFC 7518 §3.1: as 347",
        372: "RFC 7515 §2: a question mark is not in the alphabet",
        373: "RFC 7515 §2: a question mark is not in the alphabet",
    ]

    @Test func `JWS: every signature gets its verdict (G90)`() throws {
        let groups = try Vectors.groups("json_web_signature_test.json")
        var tried = 0
        var wrong: [String] = []
        for (group, tests) in groups {
            // A symmetric group has no public key: nothing of it may ever be accepted (G90).
            let jwk = group["public"] ?? group["private"] ?? .null
            let key = try? VerificationKey.parse(jwk: jwk)
            for test in tests {
                let id = Int(test["tcId"]?.intValue ?? 0)
                let isSymmetric = jwk["kty"]?.stringValue == "oct"
                let isValid =
                    test["result"]?.stringValue == "valid" && contradicted[id] == nil
                    && !isSymmetric
                // 368 and 370 of the symmetric group are refused like all of it.
                let token = Array((test["jws"]?.stringValue ?? "").utf8)
                let jws = try? CompactJWS(parsing: token)
                let accepted = jws.map { jws in key.map(jws.isSigned(by:)) ?? false } ?? false
                if accepted != isValid {
                    wrong.append("\(id) \(test["comment"]?.stringValue ?? ""): \(accepted)")
                }
                tried += 1
            }
        }
        #expect(tried == 401)
        #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
    }

    @Test func `JWK: every key set gets its verdict (G90)`() throws {
        let groups = try Vectors.groups("json_web_key_test.json")
        var tried = 0
        var wrong: [String] = []
        for (group, tests) in groups {
            let document = group["public"] ?? group["private"] ?? .null
            let keys = try? KeySet(document: document)
            let isSymmetric = group["public"] == nil
            for test in tests {
                let isValid = test["result"]?.stringValue == "valid" && !isSymmetric
                let accepted = isAccepted(Array((test["jws"]?.stringValue ?? "").utf8), by: keys)
                if accepted != isValid {
                    wrong.append("\(test["tcId"]?.intValue ?? 0): \(accepted)")
                }
                tried += 1
            }
        }
        #expect(tried == 26)
        #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
    }

    private func isAccepted(_ token: [UInt8], by keys: KeySet?) -> Bool {
        guard let keys, let jws = try? CompactJWS(parsing: token),
            case .found(let key) = keys.lookUp(jws.header)
        else { return false }
        return jws.isSigned(by: key)
    }

    @Test(arguments: [
        ("ecdsa_secp256r1_sha256_p1363_test.json", SignatureAlgorithm.es256, 262),
        ("ecdsa_secp384r1_sha384_p1363_test.json", .es384, 280),
        ("ecdsa_secp521r1_sha512_p1363_test.json", .es512, 318),
        ("ed25519_test.json", .edDSA, 151),
        ("rsa_signature_2048_sha256_test.json", .rs256, 259),
        ("rsa_signature_3072_sha256_test.json", .rs256, 259),
        ("rsa_signature_4096_sha256_test.json", .rs256, 258),
        ("rsa_pss_2048_sha256_mgf1_32_test.json", .ps256, 108),
        ("rsa_pss_4096_sha512_mgf1_64_test.json", .ps512, 179),
    ])
    func `signatures: the back end of each algorithm`(
        file: String, algorithm: SignatureAlgorithm, count: Int
    ) throws {
        var tried = 0
        var wrong: [String] = []
        for (group, tests) in try Vectors.groups(file) {
            let key = try publicKey(of: group, for: algorithm)
            for test in tests {
                let accepted =
                    key?.isValid(
                        Vectors.hex(test["sig"]), over: Vectors.hex(test["msg"]), by: algorithm)
                    ?? false
                // "acceptable" rows (a DigestInfo without NULL) are refused.
                if accepted != (test["result"]?.stringValue == "valid") {
                    wrong.append("\(test["tcId"]?.intValue ?? 0): \(accepted)")
                }
                tried += 1
            }
        }
        #expect(tried == count)
        #expect(wrong.isEmpty, "\(file): \(wrong)")
    }

    private func publicKey(
        of group: JSONValue, for algorithm: SignatureAlgorithm
    ) throws -> VerificationKey? {
        let handle: OpaquePointer
        let type = algorithm.keyType
        let key = group["publicKey"]
        switch type {
        case .rsa:
            let modulus = Vectors.hex(key?["modulus"] ?? group["privateKey"]?["modulus"])
            let exponent = Vectors.hex(
                key?["publicExponent"] ?? group["privateKey"]?["publicExponent"])
            handle = try KeyBuilding.rsa(modulus: modulus, exponent: exponent)
        case .p256, .p384, .p521:
            let point = Vectors.hex(key?["uncompressed"]).dropFirst()
            let half = point.count / 2
            handle = try KeyBuilding.ellipticCurve(
                type, x: Array(point.prefix(half)), y: Array(point.suffix(half)))
        case .ed25519: handle = try KeyBuilding.ed25519(x: Vectors.hex(key?["pk"]))
        }
        return VerificationKey(owning: handle, keyID: nil, keyType: type, algorithm: algorithm)
    }
}
