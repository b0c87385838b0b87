import GatehouseJSON

/// One remark about a configuration: an error refuses it, a warning is said at load.
struct ConfigurationRemark: Sendable, Equatable {
    /// Whether the configuration cannot be used.
    let isError: Bool
    /// Where, as JSON Pointer (RFC 6901) into the policy's configuration.
    let pointer: String
    /// What is wrong, for a person.
    let message: String
    /// What to write instead; empty where nothing is to be suggested.
    let suggestion: String

    static func error(
        _ pointer: String, _ message: String, _ suggestion: String = ""
    ) -> ConfigurationRemark {
        ConfigurationRemark(
            isError: true, pointer: pointer, message: message, suggestion: suggestion)
    }

    static func warning(
        _ pointer: String, _ message: String, _ suggestion: String = ""
    ) -> ConfigurationRemark {
        ConfigurationRemark(
            isError: false, pointer: pointer, message: message, suggestion: suggestion)
    }
}

/// The claims whose presence `jwtValidationOptions.requiredClaims` may ask for.
struct RequiredClaims: OptionSet, Sendable, Hashable {
    let rawValue: UInt8

    static let exp = RequiredClaims(rawValue: 1)
    static let nbf = RequiredClaims(rawValue: 2)
    static let aud = RequiredClaims(rawValue: 4)
    static let iss = RequiredClaims(rawValue: 8)
    static let sub = RequiredClaims(rawValue: 16)

    /// The claim that `name` stands for, or `nil` for a name that has no effect.
    static func named(_ name: String) -> RequiredClaims? {
        switch name {
        case "exp": .exp
        case "nbf": .nbf
        case "aud": .aud
        case "iss": .iss
        case "sub": .sub
        default: nil
        }
    }
}

/// Where the signing keys come from.
enum KeySource: Sendable, Equatable {
    /// Fetched, used as written.
    case url(String)
    /// Read and watched.
    case file(String)
    /// The bytes of a JWK set (RFC 7517 §5).
    case inline([UInt8])
    /// `jwks_uri` of the issuer's discovery document.
    case derived
}

/// Where the client's token is read and removed.
enum TokenLocation: Sendable, Equatable {
    /// A field; the prefix is compared without regard to case.
    case header(name: String, prefix: String)
    /// A parameter of the query.
    case queryParameter(name: String)
    /// A cookie.
    case cookie(name: String)

    static let bearer = TokenLocation.header(name: "authorization", prefix: "Bearer ")
}

/// What happens to requests without a valid token.
enum Mode: String, Sendable {
    case strict
    case optional
    case permissive
}

/// Who serves the authorization server's part.
enum Delivery: String, Sendable {
    case direct
    case mediated
    case relay
    case broker

    /// Whether the provider redirects to the gateway.
    var hasCallback: Bool { self == .relay || self == .broker }
    /// Whether the gateway serves an authorization server of its own.
    var isFacade: Bool { self != .direct }
}

/// The named adapter and its own configuration.
struct ProviderChoice: Sendable, Equatable {
    let name: String
    /// Where its configuration stands, for diagnostics: `/provider/<name>`.
    var pointer: String { "/provider/" + name }
}

/// The policy's configuration, read and checked.
struct Configuration: Sendable, Equatable {
    var mode: Mode = .strict
    /// Compared with `iss` byte for byte.
    var issuer: String
    /// Empty: `aud` is not looked at.
    var audiences: [String]
    var keys: KeySource = .derived
    var provider: ProviderChoice?
    /// As written; `nil` takes the adapter's default.
    var delivery: Delivery?
    /// As written; `nil`: by the host's routes.
    var layout: Layout?
    var clients = ClientsConfiguration()
    /// The members of `resourceMetadata` under their served names, sorted by the written name.
    var resourceMembers: [(name: String, value: JSONValue)] = []
    var clientID: String?
    /// A reference into the host's secrets, never the secret.
    var clientSecret: String?
    var location: TokenLocation = .bearer
    var requiredClaims: RequiredClaims = .exp
    /// Milliseconds, 0 to 300,000.
    var leeway: Int64 = 60_000
    /// What the gateway seals, signs and issues with.
    var broker = BrokerConfiguration()
    var tokens = TokenSettings()

    /// `resource` as configured, where it is one.
    var resource: String? { resourceMember("resource")?.stringValue }

    /// The issuer as a URL, where it is one.
    var issuerURL: HTTPURL? { HTTPURL(issuer) }

    /// The scopes of the challenge: the required ones, else `scopes_supported` without
    /// `offline_access` (SEP-2207).
    var challengeScopes: [String] {
        if !tokens.requiredScopes.isEmpty { return tokens.requiredScopes }
        return (resourceMember("scopes_supported")?.arrayValue ?? []).compactMap(\.stringValue)
            .filter { $0 != "offline_access" && Challenge.isScopeToken($0) }
    }

    /// The member of the resource metadata that is served as `name`.
    func resourceMember(_ name: String) -> JSONValue? {
        resourceMembers.last { $0.name == name }?.value
    }

    static func == (left: Configuration, right: Configuration) -> Bool {
        left.mode == right.mode && left.issuer == right.issuer
            && left.audiences == right.audiences && left.keys == right.keys
            && left.provider == right.provider && left.delivery == right.delivery
            && left.resourceMembers.map(\.name) == right.resourceMembers.map(\.name)
            && left.resourceMembers.map(\.value) == right.resourceMembers.map(\.value)
            && left.clientID == right.clientID && left.clientSecret == right.clientSecret
            && left.location == right.location && left.requiredClaims == right.requiredClaims
            && left.leeway == right.leeway && left.broker == right.broker
            && left.tokens == right.tokens
            && left.layout == right.layout && left.clients == right.clients
    }
}
