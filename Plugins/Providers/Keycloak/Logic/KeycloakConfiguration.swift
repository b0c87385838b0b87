import GatehouseJSON

/// The value of `provider.keycloak`.
struct KeycloakConfiguration: Sendable, Hashable {
    /// Whether a registration's `scope` is passed on.
    var forwardsScope: Bool
    /// Whether the realm's clients get `iss` in authorization responses (RFC 9207).
    var sendsIssuer: Bool
    /// The server's version; nil where it is not said.
    var version: KeycloakVersion?
    /// The features that the server was started with.
    var features: Set<String>
    /// Members of the document that are replaced, by their names there.
    var endpoints: JSONObject
    /// The reference of the secret that registrations are sent with.
    var initialAccessToken: String?
    /// Further values of `iss`, and of the document's issuer.
    var tokenIssuers: [String]
    /// Clients whose tokens are taken by `azp`; nil: no; empty: the policy's client.
    var authorizedParties: [String]?
    /// The client whose roles bind a token to this gateway.
    var resourceAccess: String?
    /// What becomes of `resource`.
    var resource: ResourceRule
    /// The client scope that stands for a resource.
    var resourceScopes: JSONObject
    /// The claim that holds the groups.
    var groupsClaim: String

    /// What becomes of `resource` on its way to the realm.
    enum ResourceRule: String, Sendable {
        /// It goes as it came.
        case pass
        /// It is left out.
        case drop
        /// A client scope takes its place.
        case scope
    }

    init(_ value: JSONValue = [:]) {
        forwardsScope = value["forwardScope"]?.boolValue ?? false
        sendsIssuer = value["issInResponses"]?.boolValue ?? true
        version = value["version"]?.stringValue.flatMap(KeycloakVersion.init)
        features = Set(value["features"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        endpoints = JSONObject()
        for (key, member) in Self.endpointMembers {
            endpoints[member] = value["endpoints"]?[key]
        }
        initialAccessToken = value["initialAccessToken"]?.stringValue
        tokenIssuers = Self.texts(value["tokenIssuer"])
        let fallback = value["audienceFallback"]
        authorizedParties =
            fallback?["azp"] == true
            ? []
            : fallback?["azp"]?.arrayValue.map { _ in
                Self.texts(fallback?["azp"])
            }
        resourceAccess = fallback?["resourceAccess"]?.stringValue
        resource = value["resource"]?.stringValue.flatMap(ResourceRule.init) ?? .pass
        resourceScopes = value["resourceScopes"]?.objectValue ?? JSONObject()
        groupsClaim = value["groupsClaim"]?.stringValue ?? "groups"
    }

    /// The keys of `endpoints` and the members of RFC 8414 §2 that they replace.
    static let endpointMembers = [
        ("authorization", "authorization_endpoint"), ("token", "token_endpoint"),
        ("registration", "registration_endpoint"), ("jwks", "jwks_uri"),
        ("introspection", "introspection_endpoint"), ("revocation", "revocation_endpoint"),
        ("userinfo", "userinfo_endpoint"),
    ]

    private static func texts(_ value: JSONValue?) -> [String] {
        value?.stringValue.map { [$0] } ?? value?.arrayValue?.compactMap(\.stringValue) ?? []
    }
}

/// A version as Keycloak writes it: `26.6` or `26.6.1`.
struct KeycloakVersion: Sendable, Hashable, Comparable {
    /// The first two numbers decide what the server can do.
    var major: Int
    var minor: Int

    init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    init?(_ text: String) {
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard let major = numbers.first.flatMap({ $0 }) else { return nil }
        guard numbers.count > 1 else {
            self.init(major, 0)
            return
        }
        guard let minor = numbers[1] else { return nil }
        self.init(major, minor)
    }

    static func < (a: KeycloakVersion, b: KeycloakVersion) -> Bool {
        (a.major, a.minor) < (b.major, b.minor)
    }
}
