import GatehouseJSON

/// The client at the provider that stands behind a client of the gateway, where it is not the
/// configured one.
struct UpstreamClient: Sendable, Equatable {
    /// Its identifier at the provider.
    var id: String
    /// What the provider gave it; sealed wherever it travels, never logged.
    var secret: String?
    /// How the provider wants it to authenticate: `none`, `client_secret_basic` or
    /// `client_secret_post` (RFC 7591 §2).
    var authentication = "none"

    var value: JSONValue {
        var members: JSONObject = ["i": .string(id), "a": .string(authentication)]
        members["s"] = secret.map { .string($0) }
        return .object(members)
    }

    init(id: String, secret: String? = nil, authentication: String = "none") {
        self.id = id
        self.secret = secret
        self.authentication = authentication
    }

    init?(_ value: JSONValue?) {
        guard let id = value?["i"]?.stringValue else { return nil }
        self.init(
            id: id, secret: value?["s"]?.stringValue,
            authentication: value?["a"]?.stringValue ?? "none")
    }
}

/// A client of the gateway, as the OAuth endpoints know it.
struct ClientRecord: Sendable, Equatable {
    /// Where what is known of a client comes from.
    enum Kind: String, Sendable {
        /// `clientId` of the configuration, known by its plain identifier.
        case configured
        /// Registered here (RFC 7591): the record is sealed into its identifier.
        case registered
        /// A Client ID Metadata Document: the identifier is the document's URL.
        case document
    }

    /// The identifier as the client writes it.
    var clientID: String
    var kind: Kind
    /// `client_name`, of the client's choice: never trusted, always escaped.
    var name: String?
    /// Compared by ``RedirectURIs``; empty for a configured client, whose URIs are not known here.
    var redirectURIs: [String]
    /// `token_endpoint_auth_method` towards the gateway.
    var authentication = "none"
    /// The client at the provider; `nil`: the configured one.
    var upstream: UpstreamClient?

    /// What of it is sealed into `client_id`.
    var sealedValue: JSONValue {
        var members: JSONObject = ["r": .array(redirectURIs.map { .string($0) })]
        members["n"] = name.map { .string($0) }
        members["u"] = upstream?.value
        if authentication != "none" { members["a"] = .string(authentication) }
        return .object(members)
    }

    init(
        clientID: String, kind: Kind, name: String? = nil, redirectURIs: [String],
        authentication: String = "none", upstream: UpstreamClient? = nil
    ) {
        self.clientID = clientID
        self.kind = kind
        self.name = name
        self.redirectURIs = redirectURIs
        self.authentication = authentication
        self.upstream = upstream
    }

    /// A registered client, of what was sealed into `clientID`.
    init?(sealed value: JSONValue, clientID: String) {
        guard let uris = value["r"]?.arrayValue?.compactMap(\.stringValue) else { return nil }
        self.init(
            clientID: clientID, kind: .registered, name: value["n"]?.stringValue,
            redirectURIs: uris, authentication: value["a"]?.stringValue ?? "none",
            upstream: UpstreamClient(value["u"]))
    }
}
