import GatehouseJOSE
import GatehouseJSON

/// Makes the tokens of broker delivery: access tokens as RFC 9068 wants them, refresh tokens
/// sealed. [any]; signing takes 0.1 ms at most.
struct TokenMint: Sendable {
    let ring: KeyRing
    /// Seconds that an access token is good for at most.
    let accessLifetime: Int64
    /// Seconds that a refresh token is good for, from its issue.
    let refreshLifetime: Int64
    /// What refresh tokens and the provider's tokens are sealed for: the route.
    let context: String
    /// The resource of the route, in the form that its tokens are judged by.
    let resource: String
    /// Whether the provider's access token travels in the gateway's (`upstreamCredential: user`).
    let sealsUpstream: Bool

    /// Octets of an access token at most: servers and proxies bound their heads.
    static let accessSize = 6 * 1024
    /// Octets of a refresh token at most: it travels in a form.
    static let refreshSize = 32 * 1024
    /// The claims of the gateway itself.
    static let familyClaim = "gatehouse_grant"
    static let upstreamClaim = "gatehouse_upstream"

    /// What the sealer is told that a refresh token and a provider's token are for.
    static let refreshPurpose = "refresh"
    static let upstreamPurpose = "upstream"

    /// Why there are no tokens.
    enum Refusal: Error, Sendable, Equatable {
        /// A token would have so many octets.
        case tooLarge(what: String, octets: Int)
        /// libcrypto failed.
        case library
        /// The provider's token has expired already.
        case expired
    }

    /// The response of `/token`, and the grant as its refresh token has it.
    struct Tokens: Sendable, Equatable {
        var response: JSONObject
        var grant: BrokerGrant
    }

    /// Issues both tokens.
    ///
    /// - Parameters:
    ///   - grant: its generation is that of the new refresh token.
    ///   - clientID: as the client writes it.
    ///   - scopes: of this access token; some of the grant's.
    ///   - upstreamToken: the provider's access token.
    ///   - now: seconds since 1970.
    func issue(
        _ grant: BrokerGrant, clientID: String, scopes: [String], upstreamToken: String?,
        now: Int64
    ) -> Result<Tokens, Refusal> {
        guard let signer = ring.signers.first, let id = RandomOctets.make(16) else {
            return .failure(.library)
        }
        let expiry = min(now + accessLifetime, grant.accessExpiry ?? .max)
        guard expiry > now else { return .failure(.expired) }
        var claims = claims(grant, clientID, scopes)
        claims["jti"] = .string(Base64URL.encode(id))
        claims["iat"] = .number(JSONNumber(now))
        claims["exp"] = .number(JSONNumber(expiry))
        if sealsUpstream, let upstreamToken {
            let sealed = ring.sealer.seal(
                Array(upstreamToken.utf8), for: Self.upstreamPurpose, context: context,
                until: expiry)
            claims[Self.upstreamClaim] = .string(sealed)
        }
        guard let token = try? signer.token(claims: claims, header: ["typ": "at+jwt"]) else {
            return .failure(.library)
        }
        guard token.utf8.count <= Self.accessSize else {
            return .failure(.tooLarge(what: "access token", octets: token.utf8.count))
        }
        return refresh(grant, now).map { text, sealed in
            var response: JSONObject = [
                "access_token": .string(token), "token_type": "Bearer",
                "expires_in": .number(JSONNumber(expiry - now)), "refresh_token": .string(text),
            ]
            if !scopes.isEmpty { response["scope"] = .string(scopes.joined(separator: " ")) }
            return Tokens(response: response, grant: sealed)
        }
    }

    /// The claims but for id and times (RFC 9068 §2.2).
    private func claims(
        _ grant: BrokerGrant, _ clientID: String, _ scopes: [String]
    ) -> JSONObject {
        var claims: JSONObject = [
            "iss": .string(grant.issuer), "sub": .string(grant.identity.subject ?? ""),
            "client_id": .string(clientID),
            Self.familyClaim: .string(Base64URL.encode(grant.family)),
        ]
        // A resource in another spelling is named beside the one that the route compares with.
        claims["aud"] =
            grant.resource == resource || resource.isEmpty
            ? .string(grant.resource) : [.string(grant.resource), .string(resource)]
        if !scopes.isEmpty { claims["scope"] = .string(scopes.joined(separator: " ")) }
        func list(_ name: String, _ texts: [String]) {
            if !texts.isEmpty { claims[name] = .array(texts.map { .string($0) }) }
        }
        list("groups", grant.identity.groups)
        list("roles", grant.identity.roles)
        claims["tid"] = grant.identity.tenant.map { .string($0) }
        return claims
    }

    private func refresh(
        _ grant: BrokerGrant, _ now: Int64
    ) -> Result<(String, BrokerGrant), Refusal> {
        var grant = grant
        grant.expiry = now + refreshLifetime
        // Where only an access token proves that the user is welcome, its end is the end.
        if grant.refreshToken == nil, let end = grant.accessExpiry {
            grant.expiry = min(grant.expiry, end)
        }
        let text = ring.sealer.seal(
            grant.value.serializedBytes(.compact), for: Self.refreshPurpose, context: context,
            until: grant.expiry)
        guard !text.isEmpty, text.utf8.count <= Self.refreshSize else {
            return .failure(.tooLarge(what: "refresh token", octets: text.utf8.count))
        }
        return .success((text, grant))
    }

    /// The grant of a refresh token of this route.
    func open(_ text: String, now: Int64) -> BrokerGrant? {
        guard
            case .success(let bytes) = ring.sealer.open(
                text, for: Self.refreshPurpose, context: context, now: now),
            let value = try? JSONValue(parsing: bytes)
        else { return nil }
        return BrokerGrant(value)
    }
}

extension TokenMint.Refusal {
    /// What the client gets.
    var failure: OAuthFailure {
        switch self {
        case .tooLarge:
            OAuthFailure("server_error", "the token is too large: tell the operator", status: 500)
        case .library: OAuthFailure("server_error", "no token could be made", status: 500)
        case .expired: OAuthFailure("invalid_grant", "the provider's token has expired")
        }
    }

    /// What the operator is told.
    var advice: String {
        switch self {
        case .tooLarge(let what, let octets):
            "the \(what) would have \(octets) octets, more than clients and servers bear: let the"
                + " provider send fewer groups and roles, or shorter tokens where"
                + " upstreamCredential is user"
        case .library: "no token could be signed or sealed: libcrypto failed"
        case .expired: "the provider's token had expired when it came"
        }
    }
}
