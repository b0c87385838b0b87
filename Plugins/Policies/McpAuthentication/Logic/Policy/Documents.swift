import GatehouseJSON
import GatehousePluginKit

/// The paths that the policy serves by itself.
extension McpAuthentication {
    /// A request on a path that the instance claimed.
    func claimed(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ head: MessageHead,
        _ state: inout ExchangeState
    ) -> Action {
        guard let path = claims.first(where: { $0.claim.matches(head) })?.path else {
            return respond(exchange, DocumentResponse.notFound())
        }
        if let other = check(head, DocumentResponse.Methods.of(path.kind)) {
            return respond(exchange, other)
        }
        guard let base = trustedBase(exchange) else { return respond(exchange, Self.spoofed) }
        switch path.kind {
        case .protectedResource: return resource(exchange, path)
        case .authorizationServer:
            return issuerDocument(loop, exchange, path, hasWaited: false, &state)
        case .authorize:
            return authorize(loop, exchange, head, FacadeRequest(path, base: base), &state)
        case .callback: return callback(loop, exchange, path, base: base)
        case .keySet: return brokerKeySet(exchange)
        case .registration, .token, .revocation:
            return submission(exchange, head, FacadeRequest(path, base: base), &state)
        }
    }

    /// The answer to OPTIONS and to methods that the endpoint does not have.
    private func check(_ head: MessageHead, _ methods: DocumentResponse.Methods) -> LocalResponse? {
        switch head.method {
        case .options: DocumentResponse.options(methods)
        case .get where methods.names.contains("GET"): nil
        case .head where methods.names.contains("HEAD"): nil
        case .post where methods.names.contains("POST"): nil
        default: DocumentResponse.methodNotAllowed(methods)
        }
    }

    func base(_ exchange: Exchange) -> String {
        urls.base(exchange.attribute(.externalBase)?.text ?? "")
    }

    /// The external base, where nobody can have made it up: it is configured, or a loopback name,
    /// or nothing depends on it (relay and broker; G37, §6.7).
    private func trustedBase(_ exchange: Exchange) -> String? {
        let base = base(exchange)
        guard delivery.hasCallback, !parts.hasFixedBase else { return base }
        return HTTPURL(base)?.isLoopback == true ? base : nil
    }

    private static let spoofed = DocumentResponse.open(
        .problem(
            400, "this host is not one that the gateway is known by",
            reason: "no publicUrl is configured, and the host is no loopback name"))

    /// The issuer of a claimed path.
    func issuer(_ path: ClaimedPath, base: String) -> String {
        urls.issuer(exchangeBase: base, protected: path.protected, layout: path.layout)
    }

    private func resource(_ exchange: Exchange, _ path: ClaimedPath) -> Action {
        let asked = exchange.attribute(.path)?.text ?? ""
        var resource = path.protected
        if !path.insertion.isEmpty, asked.hasPrefix(path.insertion) {
            resource = String(asked.dropFirst(path.insertion.count))
        }
        let base = base(exchange)
        let issuer =
            delivery == .direct
            ? configuration.issuer
            : urls.issuer(exchangeBase: base, protected: path.protected, layout: parts.layout)
        let document = ProtectedResourceDocument.build(
            configuration, resource: urls.resource(exchangeBase: base, path: resource),
            issuer: issuer)
        return respond(
            exchange, DocumentResponse.document(document, reason: "protected-resource metadata"))
    }

    /// The authorization server's document: relayed in direct delivery, else the gateway's own.
    private func issuerDocument(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ path: ClaimedPath, hasWaited: Bool,
        _ state: inout ExchangeState
    ) -> Action {
        if delivery.isFacade {
            let document = facadeDocument(loop, exchange, path).value
            return respond(
                exchange,
                DocumentResponse.document(document, reason: "authorization-server metadata"))
        }
        if case .metadata(let bytes, let isPrivate)? = loop.document {
            let caching =
                isPrivate ? "no-store" : "public, max-age=\(DocumentResponse.maximumAge)"
            return respond(
                exchange,
                DocumentResponse.document(
                    bytes: bytes, cacheControl: caching, reason: "the issuer's metadata"))
        }
        if !hasWaited, wait(exchange, .metadata, bell: .metadataDemanded, milliseconds: 5000) {
            if state.isEmpty { state.keep(FacadeRequest(path)) }
            return .pause
        }
        let isInvalid = loop.document == .noMetadata(isInvalid: true)
        return respond(
            exchange,
            DocumentResponse.open(
                .problem(
                    isInvalid ? 502 : 503, "the issuer's metadata is not available",
                    retryAfter: 5, reason: "no metadata of the issuer")))
    }

    /// A wait for the issuer's document is over.
    func documentArrived(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ state: inout ExchangeState
    ) -> Action {
        guard let request = state.with(FacadeRequest.self, { $0 }) else { return .fail }
        switch request.path.kind {
        case .authorize: return authorize(loop, exchange, request)
        case .registration: return register(loop, exchange, request, request.body)
        case .token: return submitted(loop, exchange, request, request.body)
        default: return issuerDocument(loop, exchange, request.path, hasWaited: true, &state)
        }
    }

    /// The gateway's document for a protected path, built from what is known now.
    private func facadeDocument(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ path: ClaimedPath
    ) -> FacadeDocument {
        let base = base(exchange)
        let gateway = issuer(path, base: base)
        let registration = registrationURL(loop, path, base: base)
        var keysURL: String?
        if case .url(let url) = configuration.keys { keysURL = url }
        let configured = configuration.resourceMember("scopes_supported")?.arrayValue ?? []
        return FacadeDocument(
            issuer: gateway, registrationURL: registration,
            provider: rewritten(loop, gateway: gateway, registration: registration),
            keysURL: keysURL, scopes: configured.compactMap(\.stringValue), mode: parts.mode)
    }

    private func registrationURL(
        _ loop: AuthenticationLoop, _ path: ClaimedPath, base: String
    ) -> String? {
        let own =
            path.layout == .origin
            ? base + "/register"
            : base + WellKnownKind.authorizationServerPath
                + ExternalURLs.safePath(path.protected) + "/client-registration"
        switch parts.directory.registration {
        case .none: return nil
        case .configured, .emulated: return own
        case .native: return loop.provider?["registration_endpoint"]?.stringValue
        case .passed, .proxied:
            // Before any document came, it is offered: the adapter says that there is one.
            guard let provider = loop.provider else { return own }
            return provider["registration_endpoint"]?.stringValue == nil ? nil : own
        }
    }

    /// The provider's document after its adapter's rewriting, once per issuer and document.
    private func rewritten(
        _ loop: AuthenticationLoop, gateway: String, registration: String?
    ) -> JSONValue? {
        guard let document = loop.provider else { return nil }
        if let known = loop.rewritten, known.gateway == gateway { return known.document }
        var result = document
        if let provider {
            let input = ProviderAnswers.rewriteInput(
                document, issuer: configuration.issuer, gateway: gateway,
                registration: registration, delivery: delivery)
            do throws(HookFailure) {
                let output = try provider.call("rewrite_metadata/0", input)
                if let changed = output["document"], changed.objectValue != nil { result = changed }
            } catch {
                if error.error != .unsupported {
                    host.log(.warning, "rewrite_metadata/0: \(error.error)")
                }
            }
        }
        loop.rewritten = (gateway, result)
        return result
    }
}
