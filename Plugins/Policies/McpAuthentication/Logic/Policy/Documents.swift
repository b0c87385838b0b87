import GatehouseJSON
import GatehousePluginKit

/// What one exchange on a claimed path keeps while it waits.
final class FacadeRequest {
    let path: ClaimedPath
    /// The client's registration, where it is one.
    var registration: JSONObject = [:]
    /// The plan under way, to be asked again with a wider reach.
    var plan: FetchPlan?

    init(_ path: ClaimedPath) { self.path = path }
}

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
        switch path.kind {
        case .protectedResource, .authorizationServer:
            if let other = check(head, .document) { return respond(exchange, other) }
            if case .protectedResource = path.kind { return resource(exchange, path) }
            return issuerDocument(loop, exchange, path, hasWaited: false, &state)
        case .authorize:
            if let other = check(head, .page) { return respond(exchange, other) }
            return authorize(loop, exchange, path)
        case .registration, .token:
            if let other = check(head, .submission) { return respond(exchange, other) }
            return submission(exchange, head, path, &state)
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

    func base(_ exchange: Exchange) -> String { exchange.attribute(.externalBase)?.text ?? "" }

    private func resource(_ exchange: Exchange, _ path: ClaimedPath) -> Action {
        let asked = exchange.attribute(.path)?.text ?? ""
        var resource = path.protected
        if !path.insertion.isEmpty, asked.hasPrefix(path.insertion) {
            resource = String(asked.dropFirst(path.insertion.count))
        }
        let base = base(exchange)
        let issuer =
            delivery == .direct
            ? configuration.issuer : urls.issuer(exchangeBase: base, protected: path.protected)
        let document = ProtectedResourceDocument.build(
            configuration, resource: urls.resource(exchangeBase: base, path: resource),
            issuer: issuer)
        return respond(
            exchange, DocumentResponse.document(document, reason: "protected-resource metadata"))
    }

    /// The authorization server's document: relayed in direct delivery, the gateway's own in
    /// mediated.
    func issuerDocument(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ path: ClaimedPath, hasWaited: Bool,
        _ state: inout ExchangeState
    ) -> Action {
        if delivery == .mediated {
            let document = mediated(loop, exchange, path).value
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
        guard let path = state.with(FacadeRequest.self, { $0.path }) else { return .fail }
        if case .authorize = path.kind { return authorize(loop, exchange, path, hasWaited: true) }
        if case .registration = path.kind {
            return state.with(FacadeRequest.self) { register(loop, exchange, $0, hasWaited: true) }
                ?? .fail
        }
        return issuerDocument(loop, exchange, path, hasWaited: true, &state)
    }

    /// The gateway's document for a protected path, built from what is known now.
    private func mediated(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ path: ClaimedPath
    ) -> MediatedDocument {
        let gateway = urls.issuer(exchangeBase: base(exchange), protected: path.protected)
        let registration = registrationURL(loop, exchange, path)
        var keysURL: String?
        if case .url(let url) = configuration.keys { keysURL = url }
        let configured = configuration.resourceMember("scopes_supported")?.arrayValue ?? []
        return MediatedDocument(
            issuer: gateway, registrationURL: registration,
            provider: rewritten(loop, gateway: gateway, registration: registration),
            keysURL: keysURL, scopes: configured.compactMap(\.stringValue))
    }

    private func registrationURL(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ path: ClaimedPath
    ) -> String? {
        let own =
            urls.base(base(exchange)) + WellKnownKind.authorizationServerPath
            + ExternalURLs.safePath(path.protected) + "/client-registration"
        if configuration.clientID != nil { return own }
        switch registration {
        case .none, .emulate: return nil
        case .native: return loop.provider?["registration_endpoint"]?.stringValue
        case .proxy:
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
