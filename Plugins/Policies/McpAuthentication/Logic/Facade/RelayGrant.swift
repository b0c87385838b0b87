import GatehouseJOSE
import GatehouseJSON

/// Who a client says that it is at the token endpoint (RFC 6749 §2.3).
struct TokenClient: Sendable, Equatable {
    let id: String
    let secret: String?
    /// Whether it used `Authorization: Basic`: an error then has a challenge (G82).
    let usesBasic: Bool

    /// Reads it from the form and from `Authorization`, of which a client uses one (G68).
    static func read(_ pairs: FormPairs, authorization: String?) -> Result<
        TokenClient, OAuthFailure
    > {
        guard let authorization else {
            guard let id = pairs["client_id"], !id.isEmpty else {
                return .failure(.request("client_id is missing"))
            }
            return .success(
                TokenClient(id: id, secret: pairs["client_secret"], usesBasic: false))
        }
        guard let basic = ClientCredentials.parse(authorization) else {
            return .failure(
                OAuthFailure("invalid_client", "only Basic is understood", status: 401))
        }
        guard pairs["client_secret"] == nil else {
            return .failure(.request("the client authenticates twice"))
        }
        guard pairs["client_id"] ?? basic.clientID == basic.clientID else {
            return .failure(
                OAuthFailure("invalid_client", "client_id names another client", status: 401))
        }
        return .success(TokenClient(id: basic.clientID, secret: basic.secret, usesBasic: true))
    }

    /// Whether a secret that is presented for the configured client is its own; one that a public
    /// client presents says nothing.
    func authenticates(_ record: ClientRecord, configuredSecret: String?) -> Bool {
        guard record.kind == .configured, let secret, let configuredSecret else { return true }
        return Digests.equal(
            Digests.sha256(Array(secret.utf8)), Digests.sha256(Array(configuredSecret.utf8)))
    }
}

extension OAuthFailure {
    /// A client that is not known here, or not any more: it registers anew (G66).
    static let unknownClient = OAuthFailure(
        "invalid_client", "the client is not registered here, or not any more", status: 401)

    /// As the answer of the token endpoint, with a challenge for a client that used Basic (G82).
    func tokenResponse(usesBasic: Bool) -> LocalResponse {
        var result = response
        if status == 401, usesBasic {
            result.fields.append(("www-authenticate", "Basic realm=\"token\""))
        }
        return result
    }
}

/// What a relay's refresh token seals: the provider's, and the client there that it belongs to.
struct RelayRefresh: Sendable, Equatable {
    /// The provider's refresh token.
    var token: String
    /// SHA-256 of the client's identifier.
    var client: [UInt8]
    var resource: String?
    var scopes: [String]
    /// The client at the provider; `nil`: the configured one.
    var upstream: UpstreamClient?

    init(
        token: String, client: [UInt8], resource: String?, scopes: [String],
        upstream: UpstreamClient?
    ) {
        self.token = token
        self.client = client
        self.resource = resource
        self.scopes = scopes
        self.upstream = upstream
    }

    init?(_ value: JSONValue) {
        guard value["k"] == "relay", let token = value["t"]?.stringValue,
            let client = value["c"]?.stringValue.flatMap(Base64URL.decode)
        else { return nil }
        self.init(
            token: token, client: client, resource: value["r"]?.stringValue,
            scopes: (value["o"]?.arrayValue ?? []).compactMap(\.stringValue),
            upstream: UpstreamClient(value["u"]))
    }

    var value: JSONValue {
        var members: JSONObject = [
            "k": "relay", "t": .string(token), "c": .string(Base64URL.encode(client)),
        ]
        members["r"] = resource.map { .string($0) }
        if !scopes.isEmpty { members["o"] = .array(scopes.map { .string($0) }) }
        members["u"] = upstream?.value
        return .object(members)
    }
}

/// The token requests of relay delivery: what of the client's request goes on to the provider,
/// after everything in it was checked here.
enum RelayGrant {
    /// The client at the provider that the policy has, where it has one.
    struct Configured: Sendable, Equatable {
        var id: String
        var hasSecret: Bool
        var hasKey: Bool
    }

    /// Whether a code is the client's to redeem: the client, its redirect URI, its verifier and
    /// its resource (OAuth 2.1 §4.1.3, G72). The provider is not asked before.
    static func check(
        _ code: GatewayCode, _ pairs: FormPairs, clientID: String
    ) -> OAuthFailure? {
        func refuse(_ text: String) -> OAuthFailure { OAuthFailure("invalid_grant", text) }
        guard Digests.equal(code.client, Transaction.hash(of: clientID)) else {
            return refuse("the code was issued to another client")
        }
        // OAuth 2.1 §10.2: it may be left out; where it is sent it is the same.
        if let uri = pairs["redirect_uri"], !uri.utf8.elementsEqual(code.redirectURI.utf8) {
            return refuse("redirect_uri is not the one of the authorization request")
        }
        guard let verifier = pairs["code_verifier"] else {
            return .request("code_verifier is missing")
        }
        guard code.accepts(verifier: verifier) else {
            return refuse("code_verifier is not the one of the challenge")
        }
        return checkResource(pairs, code.resource)
    }

    /// Whether a refresh token is the client's (G83).
    static func check(
        _ refresh: RelayRefresh, _ pairs: FormPairs, clientID: String
    ) -> OAuthFailure? {
        guard Digests.equal(refresh.client, Transaction.hash(of: clientID)) else {
            return OAuthFailure("invalid_grant", "the token was issued to another client")
        }
        return checkResource(pairs, refresh.resource)
    }

    private static func checkResource(_ pairs: FormPairs, _ resource: String?) -> OAuthFailure? {
        let asked = pairs.pairs.filter { $0.name == "resource" && !$0.value.isEmpty }.map(\.value)
        guard let resource else { return nil }
        return asked.allSatisfy { ResourceMatch.isSame($0, resource) }
            ? nil : OAuthFailure("invalid_target", "the grant is for another resource")
    }

    /// The request for the tokens of a code: the callback is put back as the redirect URI, the
    /// client's verifier goes on (PKCE end to end).
    static func request(
        _ code: GatewayCode, _ pairs: FormPairs, callback: String, configured: Configured?
    ) -> UpstreamTokenRequest? {
        guard var request = request(pairs, upstream: code.upstream, configured) else { return nil }
        request.added.set("redirect_uri", callback)
        request.params.set("redirect_uri", callback, inPlace: true)
        request.added.set("code", code.code)
        if let verifier = code.verifier ?? pairs["code_verifier"] {
            request.added.set("code_verifier", verifier)
        }
        request.resource = code.resource
        request.scopes = code.scopes
        return request
    }

    /// The request for new tokens.
    static func request(
        _ refresh: RelayRefresh, _ pairs: FormPairs, configured: Configured?
    ) -> UpstreamTokenRequest? {
        guard var request = request(pairs, upstream: refresh.upstream, configured) else {
            return nil
        }
        request.added.set("refresh_token", refresh.token)
        request.resource = refresh.resource
        let asked = (pairs["scope"] ?? "").split(separator: " ").map(String.init)
        request.scopes = asked.isEmpty ? refresh.scopes : asked
        return request
    }

    private static func request(
        _ pairs: FormPairs, upstream: UpstreamClient?, _ configured: Configured?
    ) -> UpstreamTokenRequest? {
        var params = pairs
        for name in UpstreamTokenRequest.hidden { params.remove(name) }
        params.remove("client_assertion_type")
        let client: UpstreamTokenRequest.Client
        if let upstream {
            client = UpstreamTokenRequest.Client(
                id: upstream.id, isConfigured: false, authenticates: upstream.secret != nil)
        } else if let configured {
            client = UpstreamTokenRequest.Client(
                id: configured.id, isConfigured: true, hasSecret: configured.hasSecret,
                hasKey: configured.hasKey)
        } else {
            return nil
        }
        params.set("client_id", client.id, inPlace: true)
        return UpstreamTokenRequest(
            grantType: pairs["grant_type"] ?? "", params: params, added: FormPairs([]),
            client: client, upstream: upstream, authorization: nil, resource: nil, scopes: [])
    }
}
