/// A member of a key set that cannot verify a signature, and why.
public struct UnusableKey: Sendable, Hashable, CustomStringConvertible {
    /// The place of the key in the set, from 0.
    public let index: Int
    /// The key's id where it has a readable one.
    public let keyID: String?
    /// Why the key is not used.
    public let reason: Reason

    /// Why a key is not used.
    public enum Reason: Error, Sendable, Hashable {
        /// The member is not a JSON object.
        case notAnObject
        /// `kty` is missing, not a string, or not RSA, EC or OKP (RFC 7517 §4.1).
        case unknownKeyType
        /// A symmetric key; published, so its secret is known to everybody.
        case symmetric
        /// Private members are present; published, so the secret is known to everybody.
        case privateKey
        /// `use` is not `sig` (RFC 7517 §4.2).
        case notForSignatures
        /// `key_ops` is malformed or does not hold `verify` (RFC 7517 §4.3).
        case operationsForbidVerify
        /// `alg` is not a string or names an algorithm that is not accepted (RFC 7517 §4.4).
        case unknownAlgorithm
        /// `alg` does not fit the key's type or curve (RFC 8725 §3.1).
        case algorithmMismatch
        /// `kid` is not a string, is empty, or is longer than 256 octets (RFC 7517 §4.5).
        case malformedKeyID
        /// A curve that is not accepted.
        case unknownCurve
        /// A member that the type needs is missing or not strict base64url of the right size.
        case malformedMember(String)
        /// The modulus is shorter than 2048 or longer than 4096 bits (RFC 7518 §3.3).
        case modulusSize(bits: Int)
        /// The exponent is even, below 3, or of more than 32 bits.
        case exponent
        /// The modulus has the fingerprint of CVE-2017-15361 and can be factored.
        case weakModulus
        /// The modulus is even, or the point is not on the curve: no key at all.
        case notAKey
        /// Another key of the set has the same id and type but is a different key.
        case duplicateKeyID
    }

    /// One line for the log; key ids are escaped.
    public var description: String {
        let name = keyID.map { " (kid \(printable($0)))" } ?? ""
        return "key \(index)\(name): \(reason)"
    }
}

extension UnusableKey.Reason: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .notAnObject: "not a JSON object"
        case .unknownKeyType: "kty is not RSA, EC or OKP"
        case .symmetric: "a symmetric key is published here: its secret is no secret any more"
        case .privateKey: "a private key is published here: it is no secret any more"
        case .notForSignatures: "use is not sig"
        case .operationsForbidVerify: "key_ops does not allow verify"
        case .unknownAlgorithm: "alg is not an accepted signature algorithm"
        case .algorithmMismatch: "alg does not fit the type of the key"
        case .malformedKeyID: "kid is not a string of 1 to 256 octets"
        case .unknownCurve: "crv is not P-256, P-384, P-521 or Ed25519"
        case .malformedMember(let name): "\(name) is missing or malformed"
        case .modulusSize(let bits): "the modulus has \(bits) bits, not 2048 to 4096"
        case .exponent: "the exponent is not an odd number from 3 to 2^32 - 1"
        case .weakModulus: "the modulus can be factored (CVE-2017-15361)"
        case .notAKey: "the numbers are no key of that type"
        case .duplicateKeyID: "a different key of the same type has the same kid"
        }
    }
}

/// A peer's text for a log line: at most 64 characters, printable ASCII, everything else escaped.
func printable(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars.prefix(64) {
        result += scalar.escaped(asASCII: true)
    }
    if text.unicodeScalars.count > 64 { result += "..." }
    return result + "\""
}
