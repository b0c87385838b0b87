import GatehouseJOSE
import GatehouseJSON

/// The revocation endpoint of broker delivery (RFC 7009, G87): a value that says what is to be
/// done. A token that is not known here is answered like one that was revoked (§2.2).
struct Revocation {
    /// What is to be done next.
    enum Step: Equatable {
        /// End the provider's token; whatever it answers, the client gets ``Revocation/done``.
        case fetch(FetchPlan)
        case respond(LocalResponse)
    }

    let mint: TokenMint
    let ledger: Ledger
    /// The gateway's client at the provider; `nil` while its document is not there.
    let party: UpstreamParty?

    /// 200 without content.
    static let done = DocumentResponse.open(
        LocalResponse(
            status: 200, fields: [("cache-control", "no-store")], body: [],
            reason: "token revoked"))

    /// Revokes the token of a form.
    ///
    /// - Parameters:
    ///   - clientID: who asks; `nil` for a client that names itself in no way: whoever has a token
    ///     may end it.
    ///   - now: seconds since 1970.
    func begin(_ pairs: FormPairs, clientID: String?, now: Int64) -> Step {
        guard pairs.count(of: "token") == 1, let token = pairs["token"], !token.isEmpty else {
            return refuse(.request("exactly one token is revoked"))
        }
        let client = clientID.map(Transaction.hash(of:))
        if let grant = mint.open(token, now: now) {
            if let client, !Digests.equal(client, grant.client) { return foreign }
            // A newer token of the family, which another process made, lives longer than this one.
            ledger.revokeFamily(
                grant.family, until: max(grant.expiry, now + mint.refreshLifetime), now: now)
            return upstream(grant)
        }
        if let claims = verified(token) {
            let named = claims["client_id"]?.stringValue
            if let clientID, named?.utf8.elementsEqual(clientID.utf8) != true { return foreign }
            if let id = claims["jti"]?.stringValue.flatMap(Base64URL.decode),
                let expiry = claims["exp"]?.intValue
            {
                // Beyond its expiry it is taken for the leeway of clocks, five minutes at most.
                ledger.revoke(id, until: expiry + 300, now: now)
            }
        }
        return .respond(Self.done)
    }

    /// RFC 7009 §2.1: a token of another client is not revoked.
    private var foreign: Step {
        refuse(OAuthFailure("unauthorized_client", "the token was issued to another client"))
    }

    private func refuse(_ failure: OAuthFailure) -> Step {
        .respond(DocumentResponse.open(failure.response))
    }

    private func upstream(_ grant: BrokerGrant) -> Step {
        let plan =
            grant.refreshToken.flatMap { party?.revocation(of: $0, kind: "refresh_token") }
            ?? grant.accessToken.flatMap { party?.revocation(of: $0, kind: "access_token") }
        return plan.map(Step.fetch) ?? .respond(Self.done)
    }

    /// The claims of an access token that a key of the ring signed.
    private func verified(_ text: String) -> JSONObject? {
        guard let token = try? UnverifiedToken(parsing: text), token.header.type == "at+jwt",
            let set = try? KeySet(document: mint.ring.keySet),
            case .found(let key) = set.lookUp(token.header)
        else { return nil }
        return token.verify(with: key)?.claims.members
    }
}
