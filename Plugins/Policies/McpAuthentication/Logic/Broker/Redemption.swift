import GatehouseJOSE
import GatehouseJSON

/// One request to `/token` in broker delivery, from the client's form to the gateway's tokens: a
/// value that says what is to be done next. Its shell performs requests and waits (`Policy/`).
///
/// A code (G72): opened, bound to the client, its redirect URI and its verifier, used once; the
/// provider's code behind it is redeemed with the gateway's verifier. A refresh token (G83, G86):
/// one of a family, each good for one use; the provider is asked again before it is renewed. Then
/// the user's identity is read and tokens are issued. Times are seconds since 1970.
struct Redemption {
    /// What the route's redemptions have in common.
    struct Environment: Sendable {
        var party: UpstreamParty
        var mint: TokenMint
        var ledger: Ledger
        var keys: ProviderKeys
        /// `jwks.url` of the configuration.
        var keysURL: String?
        /// The scopes that the gateway grants at all.
        var knownScopes: [String]
        /// What codes are sealed for.
        var codeContext: String
        /// The resource where the client names none.
        var resource: String
    }

    /// What is to be done next.
    enum Step: Equatable {
        /// Ask, then ``Redemption/answered(_:now:)``.
        case fetch(FetchPlan)
        /// The same token is being redeemed: wait a moment, then ``Redemption/begin(now:)`` again.
        case wait
        case respond(LocalResponse)
    }

    /// What the fetch that is under way is about.
    enum Phase: Equatable {
        case none
        case tokens
        case keys
        case probe(Int)
    }

    let environment: Environment
    let client: TokenClient
    let form: TokenForm
    /// What the operator is to be told; taken by the shell.
    var remarks: [String] = []
    var phase = Phase.none
    var grant: BrokerGrant?
    /// The scopes of the access token.
    var scopes: [String] = []
    /// The scopes that the provider was asked for.
    var asked: [String] = []
    var tokens: UpstreamTokens?
    var plan: IdentityPlan?
    var answers: [FetchedAnswer] = []
    /// The code that is used up by this redemption.
    var code: [UInt8]?
    /// The refresh token's family, while this redemption has it.
    var held: (family: [UInt8], generation: Int64, until: Int64)?

    init(_ environment: Environment, client: TokenClient, form: TokenForm) {
        self.environment = environment
        self.client = client
        self.form = form
    }

    // MARK: Events

    /// Begins, or begins again after a ``Step/wait``.
    mutating func begin(now: Int64) -> Step {
        switch form.grant {
        case .code(let text, let redirectURI, let verifier):
            beginCode(text, redirectURI, verifier, now)
        case .refresh(let text, let scope): beginRefresh(text, scope, now)
        }
    }

    /// The answer to the fetch that was asked for.
    mutating func answered(_ answer: FetchedAnswer, now: Int64) -> Step {
        let phase = phase
        self.phase = .none
        switch phase {
        case .tokens: return tokensAnswered(answer, now)
        case .keys:
            if answer.failure != nil || !(200...299).contains(answer.status) {
                return unavailable(
                    "the key set: \(answer.failure ?? "status \(answer.status)")", now)
            }
            guard environment.keys.take(answer.body, now: now) else {
                return broken("the provider's key set has no key that can be used", now)
            }
            return identify(now)
        case .probe(let index): return probeAnswered(answer, index, now)
        case .none: return broken("an answer that nobody asked for", now)
        }
    }

    /// The exchange ended before its answer: the refresh token stays good.
    mutating func abandon(now: Int64) { release(now) }

    // MARK: Codes

    private mutating func beginCode(
        _ text: String, _ redirectURI: String?, _ verifier: String, _ now: Int64
    ) -> Step {
        let opened = environment.mint.ring.sealer.open(
            text, for: SealPurpose.code, context: environment.codeContext, now: now)
        guard case .success(let bytes) = opened, let value = try? JSONValue(parsing: bytes),
            let code = GatewayCode(value),
            Digests.equal(code.client, Transaction.hash(of: client.id)),
            redirectURI == nil || redirectURI?.utf8.elementsEqual(code.redirectURI.utf8) == true,
            code.accepts(verifier: verifier), let upstreamVerifier = code.verifier
        else { return fail(OAuthFailure("invalid_grant", "the code is not good")) }
        let resource = code.resource ?? environment.resource
        guard form.asksOnly(for: resource) else {
            return fail(OAuthFailure("invalid_target", "the code is for another resource"))
        }
        let id = SealPurpose.identifier(of: text)
        guard environment.ledger.use(id, until: now + SealPurpose.codeLife, now: now) else {
            // Two have it, and one of them may be a thief (RFC 6749 §4.1.2). Where the provider
            // refused it there is nothing to revoke, and nothing that anybody could fill up.
            if environment.ledger.isFruitful(id, now: now) {
                environment.ledger.revokeFamily(
                    id, until: now + environment.mint.refreshLifetime, now: now)
            }
            return fail(OAuthFailure("invalid_grant", "the code was used before"))
        }
        self.code = id
        asked = code.scopes
        scopes = ScopeGrant.granted(asked: code.scopes, known: environment.knownScopes)
        grant = BrokerGrant(
            identity: Identity(), client: code.client, resource: resource, scopes: scopes,
            issuer: code.issuer, family: id)
        return ask(.code(code.code, verifier: upstreamVerifier), now)
    }

    // MARK: Refresh tokens

    private mutating func beginRefresh(_ text: String, _ scope: String?, _ now: Int64) -> Step {
        guard let grant = environment.mint.open(text, now: now),
            Digests.equal(grant.client, Transaction.hash(of: client.id))
        else { return fail(OAuthFailure("invalid_grant", "the refresh token is not good")) }
        guard form.asksOnly(for: grant.resource) else {
            return fail(OAuthFailure("invalid_target", "the token is for another resource"))
        }
        guard let scopes = ScopeGrant.narrowed(grant.scopes, to: scope) else {
            return fail(OAuthFailure("invalid_scope", "more than was granted"))
        }
        let start = environment.ledger.beginRefresh(
            grant.family, generation: grant.generation, until: grant.expiry, now: now)
        switch start {
        case .wait: return .wait
        case .answered(let body): return .respond(Self.success(body, "token, again"))
        case .revoked: return fail(OAuthFailure("invalid_grant", "the token was revoked"))
        case .reused:
            remarks.append(
                "a refresh token came a second time: it may have been stolen, and all tokens of"
                    + " this login were revoked")
            return fail(OAuthFailure("invalid_grant", "the token was used before"))
        case .proceed(let generation):
            held = (grant.family, generation, grant.expiry)
            self.scopes = scopes
            asked = scopes
            self.grant = grant
            self.grant?.generation = generation
            if let token = grant.refreshToken { return ask(.refresh(token), now) }
            // Without a refresh token of the provider its access token is what there is.
            var tokens = UpstreamTokens(accessToken: grant.accessToken ?? "")
            tokens.expiresIn = grant.accessExpiry.map { $0 - now }
            self.tokens = tokens
            return identify(now)
        }
    }

    // MARK: The provider's answer

    private mutating func ask(_ upstream: UpstreamParty.Grant, _ now: Int64) -> Step {
        let plan = environment.party.tokenRequest(
            upstream, resource: grant?.resource ?? "", scopes: asked)
        switch plan {
        case .success(let fetch):
            phase = .tokens
            return .fetch(fetch)
        case .failure(let refusal): return broken(refusal.reason, now)
        }
    }

    private mutating func tokensAnswered(_ answer: FetchedAnswer, _ now: Int64) -> Step {
        let name = isRefresh ? "refresh_token" : "authorization_code"
        var failure: String?
        let read = UpstreamAnswer.read(answer, grant: name, scopes: asked) { input in
            switch environment.party.hook("token_response/0", input) {
            case .output(let output): return output
            case .unsupported: return nil
            case .failed(let why):
                failure = why
                return nil
            }
        }
        if let failure { return broken("token_response/0: \(failure)", now) }
        if let hint = read.hint { remarks.append(hint) }
        switch read.answer {
        case .unavailable(let why): return unavailable("the token endpoint: \(why)", now)
        case .broken(let why): return broken("the token endpoint: \(why)", now)
        case .denied(let code): return denied("the provider answers \(code)", now)
        case .tokens(let tokens):
            self.tokens = tokens
            grant?.take(tokens, now: now)
            return identify(now)
        }
    }

    // MARK: Ends

    var isRefresh: Bool { if case .refresh = form.grant { true } else { false } }

    /// Issues the tokens to the user that was found.
    mutating func finish(_ now: Int64) -> Step {
        guard var grant, let subject = grant.identity.subject, !subject.isEmpty else {
            return broken("the provider says nothing of a subject", now)
        }
        if let held { grant.generation = held.generation }
        let issued = environment.mint.issue(
            grant, clientID: client.id, scopes: scopes, upstreamToken: tokens?.accessToken,
            now: now)
        switch issued {
        case .failure(let refusal):
            release(now)
            remarks.append(refusal.advice)
            return fail(refusal.failure)
        case .success(let issued):
            let body = JSONValue.object(issued.response).serializedBytes(.compact)
            if let held {
                environment.ledger.endRefresh(
                    held.family, generation: held.generation, answer: body,
                    until: issued.grant.expiry, now: now)
                self.held = nil
            }
            return .respond(Self.success(body, "token"))
        }
    }

    /// The provider does not want the user any more (G86): the login is over.
    mutating func denied(_ why: String, _ now: Int64) -> Step {
        remarks.append(why)
        waste(now)
        if let held {
            environment.ledger.revokeFamily(held.family, until: held.until, now: now)
            self.held = nil
        }
        return fail(OAuthFailure("invalid_grant", "the provider refuses: log in again"))
    }

    /// The provider cannot be asked now: what the client has stays good.
    mutating func unavailable(_ why: String, _ now: Int64) -> Step {
        remarks.append(why)
        // Where the provider's code was not redeemed, the client may try again.
        if tokens == nil, let code { environment.ledger.release(code) }
        release(now)
        var response = LocalResponse.oauthError(
            503, "temporarily_unavailable", "the provider cannot be reached", reason: why)
        response.fields.append(("retry-after", "5"))
        return .respond(DocumentResponse.open(response))
    }

    /// The provider's, the adapter's or the configuration's fault.
    mutating func broken(_ why: String, _ now: Int64) -> Step {
        remarks.append(why)
        waste(now)
        release(now)
        return .respond(
            DocumentResponse.open(
                .oauthError(
                    502, "server_error", "the provider's answer cannot be used", reason: why)))
    }

    /// The code is used up, and no token came of it.
    private func waste(_ now: Int64) {
        if let code { environment.ledger.waste(code, until: now + SealPurpose.codeLife, now: now) }
    }

    private mutating func release(_ now: Int64) {
        guard let held else { return }
        environment.ledger.endRefresh(
            held.family, generation: held.generation, answer: nil, until: held.until, now: now)
        self.held = nil
    }

    private func fail(_ failure: OAuthFailure) -> Step {
        .respond(DocumentResponse.open(failure.tokenResponse(usesBasic: client.usesBasic)))
    }

    private static func success(_ body: [UInt8], _ reason: String) -> LocalResponse {
        DocumentResponse.open(
            LocalResponse(
                status: 200,
                fields: [
                    ("content-type", "application/json"), ("cache-control", "no-store"),
                    ("pragma", "no-cache"),
                ], body: body, reason: reason))
    }
}
