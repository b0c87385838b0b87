import GatehouseJOSE
import GatehouseJSON

/// What the gateway's authorization code seals: the provider's code, and what `/token` needs of
/// the transaction. Relay and broker delivery.
struct GatewayCode: Sendable, Equatable {
    /// The provider's code, redeemed when the client redeems this one.
    var code: String
    /// SHA-256 of the client's identifier.
    var client: [UInt8]
    /// The client's redirect URI.
    var redirectURI: String
    /// The client's PKCE challenge, S256.
    var challenge: String
    var resource: String?
    /// The scopes that the client asked for.
    var scopes: [String]
    /// The gateway's issuer of the authorization.
    var issuer: String
    /// Broker: the gateway's verifier towards the provider.
    var verifier: String?
    /// The client at the provider; `nil`: the configured one.
    var upstream: UpstreamClient?

    /// The provider's code as the answer to `transaction`.
    init(_ code: String, of transaction: Transaction) {
        self.code = code
        client = transaction.client
        redirectURI = transaction.redirectURI
        challenge = transaction.challenge
        resource = transaction.resource
        scopes = transaction.scopes
        issuer = transaction.issuer
        verifier = transaction.verifier
        upstream = transaction.upstream
    }

    var value: JSONValue {
        var members: JSONObject = [
            "k": .string(code), "c": .string(Base64URL.encode(client)),
            "r": .string(redirectURI), "p": .string(challenge), "i": .string(issuer),
        ]
        members["t"] = resource.map { .string($0) }
        if !scopes.isEmpty { members["o"] = .array(scopes.map { .string($0) }) }
        members["v"] = verifier.map { .string($0) }
        members["u"] = upstream?.value
        return .object(members)
    }

    init?(_ value: JSONValue) {
        guard let code = value["k"]?.stringValue,
            let client = value["c"]?.stringValue.flatMap(Base64URL.decode),
            let redirectURI = value["r"]?.stringValue, let challenge = value["p"]?.stringValue,
            let issuer = value["i"]?.stringValue
        else { return nil }
        self.code = code
        self.client = client
        self.redirectURI = redirectURI
        self.challenge = challenge
        self.issuer = issuer
        resource = value["t"]?.stringValue
        scopes = (value["o"]?.arrayValue ?? []).compactMap(\.stringValue)
        verifier = value["v"]?.stringValue
        upstream = UpstreamClient(value["u"])
    }

    /// Whether `verifier` is the one of the client's challenge: 43 to 128 unreserved characters,
    /// compared in constant time (RFC 7636 §4.6, G72).
    func accepts(verifier text: String) -> Bool {
        guard PKCE.isVerifier(text) else { return false }
        return Digests.equal(Array(PKCE.challenge(of: text).utf8), Array(challenge.utf8))
    }
}

/// Proof Key for Code Exchange by S256 (RFC 7636).
enum PKCE {
    /// 43 to 128 unreserved characters (RFC 7636 §4.1).
    static func isVerifier(_ text: String) -> Bool {
        (43...128).contains(text.utf8.count) && text.utf8.allSatisfy(isUnreserved)
    }

    /// The base64url of a SHA-256 has 43 characters (RFC 7636 §4.2).
    static func isChallenge(_ text: String) -> Bool {
        text.utf8.count == 43 && text.utf8.allSatisfy(isUnreserved)
    }

    static func challenge(of verifier: String) -> String {
        Base64URL.encode(Digests.sha256(Array(verifier.utf8)))
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }
}
