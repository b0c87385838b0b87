import GatehouseJOSE
import GatehouseJSON

/// A token: taken apart without a trap, and never accepted unless it is one of the corpus's signed
/// ones, byte for byte what was signed.
///
/// An input with a line end is header, claims and signature as plain text, so that mutations reach
/// what is inside of the encoding.
enum TokenFuzz {
    static func check(_ input: UnsafeRawBufferPointer) throws {
        let token = Array(input).contains(10) ? encoded(input) : Array(input)
        let parsed: UnverifiedToken
        do {
            parsed = try UnverifiedToken(parsing: token)
        } catch {
            try hold(!error.description.isEmpty, "a refusal without words")
            return
        }
        let parts = token.split(separator: 0x2E, omittingEmptySubsequences: false)
        try hold(parts.count == 3, "a token of \(parts.count) parts")
        for part in parts {
            guard let bytes = Base64URL.decode(part) else {
                throw Broken(description: "a token with a part that is not base64url")
            }
            try hold(Base64URL.encode(bytes).utf8.elementsEqual(part), "two spellings of a part")
        }
        let verdict = validator.check(parsed, now: NumericDate(seconds: 1_800_000_000))
        let text = JSONValue.object(parsed.claims.members).serializedBytes()
        let claims = try? Claims(parsing: text)
        try hold(claims?.members == parsed.claims.members, "other claims when written")
        for set in [FuzzKeys.main, FuzzKeys.unnamed].compactMap(\.self) {
            guard case .found(let key) = set.lookUp(parsed.header) else { continue }
            try hold(key.allows(parsed.header.algorithm), "a key for another algorithm")
            guard let verified = parsed.verify(with: key) else { continue }
            try hold(
                validator.check(verified, now: NumericDate(seconds: 1_800_000_000)) == verdict,
                "another verdict behind the signature")
            // The tokens of the vectors name these; nobody else has the keys.
            try hold(verified.claims.members.count > 0, "a verified token without claims")
        }
    }

    private static func encoded(_ input: UnsafeRawBufferPointer) -> [UInt8] {
        let parts = input.split(separator: 10, maxSplits: 2, omittingEmptySubsequences: false)
        let texts = parts.map { Base64URL.encode(Array($0)) }
        return Array((texts + ["c2ln", "c2ln"]).prefix(3).joined(separator: ".").utf8)
    }

    private static let validator = TokenValidator(
        issuers: ["https://as.test"], audiences: ["https://gw.test/mcp"],
        requiredClaims: [.exp, .sub])
}

/// A key set: usable keys and reasons, no more than there are members; every key can be asked.
enum KeySetFuzz {
    static func check(_ input: UnsafeRawBufferPointer) throws {
        let bytes = Array(input)
        let set: KeySet
        do {
            set = try KeySet(parsing: bytes)
        } catch {
            try hold(!error.description.isEmpty, "a refusal without words")
            return
        }
        let members = (try? JSONValue(parsing: bytes))?["keys"]?.arrayValue?.count ?? -1
        try hold(set.keys.count + set.unusable.count <= members, "more keys than members")
        for entry in set.unusable {
            try hold((0..<members).contains(entry.index), "a reason for no member")
            try hold(!entry.description.isEmpty, "a reason without words")
        }
        for key in set.keys { try checkKey(key, in: set) }
    }

    private static func checkKey(_ key: VerificationKey, in set: KeySet) throws {
        for algorithm in SignatureAlgorithm.allCases {
            let message = Array("message".utf8)
            for count in [0, 64, 256] {
                try hold(
                    !key.isValid([UInt8](repeating: 1, count: count), over: message, by: algorithm),
                    "a made-up signature is valid")
            }
            guard key.allows(algorithm), let keyID = key.keyID else { continue }
            switch set.lookUp(keyID: keyID, algorithm: algorithm) {
            case .found(let found): try hold(found.allows(algorithm), "an unfit key is found")
            default: throw Broken(description: "a key is not found by its id")
            }
        }
    }
}
