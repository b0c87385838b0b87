import GatehouseJOSE
import GatehouseJSON

/// What a sealed text is for (docs/adr/0007): one of a purpose never opens as another.
enum SealPurpose {
    static let client = "client"
    static let browser = "browser"
    static let consent = "consent"
    static let state = "state"
    static let code = "code"
    static let refresh = "refresh"

    /// Seconds that a transaction may take: from `/authorize` to the callback.
    static let stateLife: Int64 = 600
    /// Seconds that a code is good for.
    static let codeLife: Int64 = 60
    /// Seconds that a refresh token of the relay is good for, from its last use.
    static let refreshLife: Int64 = 30 * 24 * 3600
    /// Seconds that a browser is remembered.
    static let browserLife: Int64 = 30 * 24 * 3600

    /// By what a process knows that a sealed text was used: 16 octets.
    static func identifier(of text: String) -> [UInt8] {
        Array(Digests.sha256(Array(text.utf8)).prefix(16))
    }
}

/// One authorization on its way through the provider: what the `state` towards it seals.
struct Transaction: Sendable, Equatable {
    /// SHA-256 of the client's identifier: the identifier itself may be long.
    var client: [UInt8]
    /// Where the client gets its code; it was compared with the client's own.
    var redirectURI: String
    /// The client's `state`, byte for byte (G74).
    var clientState: String?
    /// The client's PKCE challenge, S256.
    var challenge: String
    /// The resource that is asked for: one that this route serves.
    var resource: String?
    /// The scopes that the client asked for; empty where it asked for none.
    var scopes: [String]
    /// The gateway's issuer of the endpoint that was used (G75, G88).
    var issuer: String
    /// SHA-256 of the browser's identifier, its first 16 octets.
    var browser: [UInt8]
    /// Broker: the gateway's own verifier towards the provider.
    var verifier: String?
    /// The client at the provider; `nil`: the configured one.
    var upstream: UpstreamClient?

    /// What stands for `clientID` in ``client``.
    static func hash(of clientID: String) -> [UInt8] { Digests.sha256(Array(clientID.utf8)) }

    var value: JSONValue {
        var members: JSONObject = [
            "c": .string(Base64URL.encode(client)), "r": .string(redirectURI),
            "p": .string(challenge), "i": .string(issuer),
            "b": .string(Base64URL.encode(browser)),
        ]
        members["s"] = clientState.map { .string($0) }
        members["t"] = resource.map { .string($0) }
        if !scopes.isEmpty { members["o"] = .array(scopes.map { .string($0) }) }
        members["v"] = verifier.map { .string($0) }
        members["u"] = upstream?.value
        return .object(members)
    }

    init(
        client: [UInt8], redirectURI: String, clientState: String?, challenge: String,
        resource: String?, scopes: [String], issuer: String, browser: [UInt8],
        verifier: String? = nil, upstream: UpstreamClient? = nil
    ) {
        self.client = client
        self.redirectURI = redirectURI
        self.clientState = clientState
        self.challenge = challenge
        self.resource = resource
        self.scopes = scopes
        self.issuer = issuer
        self.browser = browser
        self.verifier = verifier
        self.upstream = upstream
    }

    init?(_ value: JSONValue) {
        guard let client = value["c"]?.stringValue.flatMap(Base64URL.decode),
            let redirectURI = value["r"]?.stringValue, let challenge = value["p"]?.stringValue,
            let issuer = value["i"]?.stringValue,
            let browser = value["b"]?.stringValue.flatMap(Base64URL.decode)
        else { return nil }
        self.init(
            client: client, redirectURI: redirectURI, clientState: value["s"]?.stringValue,
            challenge: challenge, resource: value["t"]?.stringValue,
            scopes: (value["o"]?.arrayValue ?? []).compactMap(\.stringValue), issuer: issuer,
            browser: browser, verifier: value["v"]?.stringValue,
            upstream: UpstreamClient(value["u"]))
    }
}
