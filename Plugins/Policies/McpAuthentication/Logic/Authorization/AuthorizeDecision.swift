/// What is done with an authorization request whose client was looked up: every delivery with a
/// facade.
struct AuthorizeDecision: Sendable, Equatable {
    enum Action: Sendable, Equatable {
        /// An error page: the client or its redirect URI is not known (G73).
        case page(OAuthFailure)
        /// An error by redirect to the client.
        case fail(OAuthFailure, redirectURI: String)
        /// A person is asked first.
        case ask(redirectURI: String, consent: String)
        /// The browser goes on to the provider.
        case proceed(redirectURI: String?, resource: String?, consent: String?)
    }

    let directory: ClientDirectory
    let policy: RedirectURIs
    let consent: ClientsConfiguration.Consent
    /// What the route serves, the one that is named in its metadata first.
    let resources: [String]
    /// The route, which a remembered consent belongs to.
    let route: String

    /// - Parameters:
    ///   - client: `nil` for a client that is the provider's business (mediated).
    ///   - consents: what this browser's person consented to before.
    ///   - hasConsented: whether this very request was consented to just now.
    func action(
        _ request: AuthorizationRequest, client: ClientRecord?, consents: [String],
        hasConsented: Bool
    ) -> Action {
        guard let client else { return foreign(request) }
        let redirect: (uri: String, registered: String, isVerified: Bool)
        switch redirectURI(request, client) {
        case .failure(let failure): return .page(failure)
        case .success(let found): redirect = found
        }
        func fail(_ failure: OAuthFailure) -> Action {
            // Where nobody checked the URI, nobody is sent there with an error (G73).
            redirect.isVerified ? .fail(failure, redirectURI: redirect.uri) : .page(failure)
        }
        if let flaw = request.flaw { return fail(flaw) }
        var resource = request.resources.first
        if directory.delivery.hasCallback {
            resource = ResourceMatch.resource(of: request.resources, served: resources)
            guard resource != nil else {
                return fail(OAuthFailure("invalid_target", "the resource is not served here"))
            }
        }
        let isShared = consent != .never && directory.sharesUpstream(client)
        let key = BrowserRecord.consent(
            clientID: client.clientID, redirectURI: redirect.registered, route: route,
            scopes: request.scopes)
        let isRemembered = consent == .remember && consents.contains(key)
        if isShared, !hasConsented, !isRemembered {
            if request.pairs["prompt"] == "none" {
                return fail(OAuthFailure("consent_required", "a person has to consent first"))
            }
            return .ask(redirectURI: redirect.uri, consent: key)
        }
        return .proceed(
            redirectURI: redirect.uri, resource: resource,
            consent: isShared && hasConsented && consent == .remember ? key : nil)
    }

    /// A client that only the provider knows: it checks the redirect URI, so no error is
    /// redirected here.
    private func foreign(_ request: AuthorizationRequest) -> Action {
        if let uri = request.redirectURI, !RedirectURIs().isAcceptable(uri) {
            return .page(OAuthFailure("invalid_redirect_uri", "redirect_uri is not acceptable"))
        }
        if let flaw = request.flaw { return .page(flaw) }
        return .proceed(
            redirectURI: request.redirectURI, resource: request.resources.first, consent: nil)
    }

    /// The redirect URI of a request, the client's own that it is, and whether it was checked
    /// against a list of the client's (G64).
    private func redirectURI(
        _ request: AuthorizationRequest, _ client: ClientRecord
    ) -> Result<(uri: String, registered: String, isVerified: Bool), OAuthFailure> {
        let refusal = OAuthFailure(
            "invalid_redirect_uri", "redirect_uri is none that this client has registered")
        guard let uri = request.redirectURI else {
            // OAuth 2.1 §2.3.2: it may be left out where there is only one.
            guard client.redirectURIs.count == 1, let only = client.redirectURIs.first,
                policy.isAcceptable(only)
            else { return .failure(.request("redirect_uri is missing")) }
            return .success((only, only, true))
        }
        guard policy.isAcceptable(uri) else { return .failure(refusal) }
        if client.kind != .configured {
            guard
                let own = client.redirectURIs.first(where: {
                    RedirectURIs.matches(uri, registered: $0)
                })
            else { return .failure(refusal) }
            return .success((uri, own, true))
        }
        if let own = policy.only.first(where: { RedirectURIs.matches(uri, registered: $0) }) {
            return .success((uri, own, true))
        }
        let isOfThisMachine = RedirectURIs.isLoopback(uri) || HTTPURL(uri) == nil
        if directory.delivery == .mediated || isOfThisMachine {
            return .success((uri, uri, isOfThisMachine))
        }
        return .failure(
            OAuthFailure(
                "invalid_redirect_uri",
                "redirect_uri of the configured client does not stand in clients.redirectUris"))
    }
}
