import GatehouseJOSE
import GatehouseJSON

/// How the tokens of the main issuer are verified: the defaults, the configuration, and what an
/// adapter says (`verification/0`, `issuers/0`, `audience/0`). A value.
struct VerificationRules: Sendable, Equatable {
    /// The ways.
    enum Kind: String, Sendable {
        case jwt
        case introspection
        case probe
    }

    /// Whether a token of the shape of a JWS is verified by the key set.
    var takesJWTs = true
    /// The way of every other token; `nil`: it is refused.
    var remote: Kind?
    /// `typ` in lower case without `application/`; `nil`: the default.
    var types: Set<String>?
    /// Whether `typ` may be left out.
    var allowsNoType = true
    /// `nil`: all that are ever accepted.
    var algorithms: Set<SignatureAlgorithm>?
    /// Whether access tokens look like ID tokens (Dex): then the adapter alone tells them apart.
    var hasIDTokenShape = false
    /// Absent: the configured issuer.
    var issuers: AcceptedIssuers?
    /// Absent: `aud` names a configured audience.
    var audience: AudienceRule?
    /// The adapter's plans.
    var introspection: JSONValue?
    var probe: [JSONValue] = []

    init() {}

    /// The rules without an adapter.
    init(_ configuration: Configuration) {
        if configuration.tokens.introspection != nil { remote = .introspection }
    }

    /// Takes the answer of `verification/0`.
    mutating func take(verification output: JSONValue) -> HookRefusal? {
        if let listed = output["kinds"]?.arrayValue {
            let kinds = listed.compactMap { $0.stringValue.flatMap(Kind.init) }
            guard !kinds.isEmpty, kinds.count == listed.count else {
                return HookRefusal("verification/0 names a kind that is none")
            }
            takesJWTs = kinds.contains(.jwt)
            remote = kinds.first { $0 != .jwt } ?? remote
        }
        if let listed = output["types"]?.arrayValue, !listed.isEmpty {
            types = Set(listed.compactMap(\.stringValue).map(Self.mediaType))
            allowsNoType = listed.contains(.null)
        }
        if let listed = output["algorithms"]?.arrayValue {
            let known = listed.compactMap { $0.stringValue.flatMap(SignatureAlgorithm.init(name:)) }
            guard !known.isEmpty else {
                return HookRefusal("verification/0 names no algorithm that is accepted here")
            }
            algorithms = Set(known)
        }
        hasIDTokenShape = output["id_token_shape"]?.boolValue ?? false
        introspection = output["introspection"]
        probe = output["probe"]?.arrayValue ?? []
        if remote == .probe, !(1...4).contains(probe.count) {
            return HookRefusal("verification/0 names the kind probe and no request of it")
        }
        return nil
    }

    /// Media types compare without regard to case, `application/` may be left out (RFC 7515
    /// §4.1.9).
    private static func mediaType(_ text: String) -> String {
        let lower = text.lowercased()
        return lower.hasPrefix("application/")
            ? String(lower.dropFirst("application/".count)) : lower
    }

    /// Whether a token of these octets is asked about at its issuer.
    func isRemote(_ token: [UInt8]) -> Bool {
        guard remote != nil else { return false }
        return !takesJWTs || !Self.isCompactJWS(token)
    }

    /// Whether a token has the shape of a JWS: three parts, none of them empty (RFC 7515 §7.1).
    static func isCompactJWS(_ token: [UInt8]) -> Bool {
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 3 && parts.allSatisfy { !$0.isEmpty }
    }
}
