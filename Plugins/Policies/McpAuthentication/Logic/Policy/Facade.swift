import GatehouseJOSE
import GatehouseJSON
public import GatehousePluginKit

/// The OAuth endpoints: what they share.
extension McpAuthentication {
    /// Asks for the body of a submission; registrations are counted first (G65, G120).
    func submission(
        _ exchange: Exchange, _ head: MessageHead, _ request: FacadeRequest,
        _ state: inout ExchangeState
    ) -> Action {
        if request.path.kind == .registration, let refusal = limited(exchange) { return refusal }
        if head.hasNoBody {
            return respond(
                exchange,
                DocumentResponse.open(OAuthFailure.request("the body is missing").response))
        }
        return readBody(exchange, request, &state)
    }

    func readBody(
        _ exchange: Exchange, _ request: FacadeRequest, _ state: inout ExchangeState
    ) -> Action {
        do throws(HostError) {
            try exchange.readBody(.whole, maxBytes: TokenProxy.maximumBytes)
        } catch {
            host.log(.error, "the body cannot be read: \(error)", exchange: exchange)
            return .fail
        }
        state.keep(request)
        return .continue
    }

    /// 429 for an address that registers, or has documents fetched, too often.
    func limited(_ exchange: Exchange) -> Action? {
        let address = exchange.attribute(.peerAddress)?.text ?? ""
        let now = Int64(clamping: host.monotonicNanoseconds / 1_000_000)
        guard let seconds = parts.limiter.refusal(of: address, now: now) else { return nil }
        var response = LocalResponse.oauthError(
            429, "temporarily_unavailable", "too many registrations from this address",
            reason: "too many registrations")
        response.fields.append(("retry-after", String(seconds)))
        return respond(exchange, DocumentResponse.open(response))
    }

    /// The whole body of a submission.
    public func requestBody(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ body: MessageBody,
        _ state: inout ExchangeState
    ) -> Action {
        guard body.isEnd else { return .continue }
        let bytes = body.array
        let action = state.with(FacadeRequest.self) { request -> Action in
            switch request.path.kind {
            case .token, .revocation: submitted(loop, exchange, request, bytes)
            case .registration: register(loop, exchange, request, bytes)
            case .authorize: consented(loop, exchange, request, bytes)
            default: .fail
            }
        }
        return action ?? .fail
    }

    /// Begins a fetch of the exchange, with a wider reach where the host denies the first.
    ///
    /// - Returns: whether it was begun; the exchange pauses then.
    func fetch(
        _ plan: FetchPlan, for step: FacadeRequest.Step, _ exchange: Exchange,
        _ request: FacadeRequest
    ) -> Bool {
        var next: FetchPlan? = plan
        while let plan = next {
            do throws(HostError) {
                try exchange.fetch(plan.request, token: ExchangePurpose.facade.rawValue)
                request.plan = plan
                request.step = step
                return true
            } catch {
                next = error == .denied ? plan.wider : nil
                if next == nil {
                    host.log(
                        .warning, "\(plan.url) cannot be fetched: \(error)", exchange: exchange)
                }
            }
        }
        return false
    }

    /// A fetch whose client waits for an answer as JSON.
    func begin(
        _ plan: FetchPlan, for step: FacadeRequest.Step, _ exchange: Exchange,
        _ request: FacadeRequest
    ) -> Action {
        if fetch(plan, for: step, exchange, request) { return .pause }
        return respond(
            exchange,
            DocumentResponse.open(
                .oauthError(
                    502, "temporarily_unavailable", "the provider cannot be reached",
                    reason: "the fetch could not begin")))
    }

    /// A fetch of the exchange was answered.
    func facadeAnswered(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ result: OperationResult,
        _ state: inout ExchangeState
    ) -> Action {
        let action = state.with(FacadeRequest.self) { request -> Action in
            if result.error == .denied, let wider = request.plan?.wider,
                fetch(wider, for: request.step, exchange, request)
            {
                return .pause
            }
            switch request.step {
            case .registration: return registered(exchange, result.answer, request)
            case .token: return tokenAnswered(exchange, result.answer, request)
            case .clientDocument, .documentRegistration:
                return clientAnswered(loop, exchange, result.answer, request)
            case .broker: return brokerAnswered(loop, exchange, result.answer, request)
            case .none: return .fail
            }
        }
        return action ?? .fail
    }

    /// Asks a hook of the adapter; `nil` where the default applies.
    func ask(_ hook: String, _ input: JSONValue) throws(OAuthFailure) -> JSONValue? {
        guard let provider else { return nil }
        do throws(HookFailure) {
            return try provider.call(hook, input)
        } catch {
            if error.error == .unsupported { return nil }
            host.log(.warning, "\(hook): \(error.error)")
            throw OAuthFailure("server_error", "the request could not be prepared", status: 502)
        }
    }

    /// The error that a hook answers with, and its hint for the operator.
    func refusal(_ output: JSONValue?, _ hook: String) -> OAuthFailure? {
        if let hint = output?["hint"]?.stringValue { host.log(.warning, "\(hook): \(hint)") }
        guard let error = output?["error"] else { return nil }
        return OAuthFailure(
            error["error"]?.stringValue ?? "server_error",
            ErrorText.plain(error["error_description"]?.stringValue ?? "", atMost: 300))
    }

    /// An endpoint of the provider's document: https, or of the issuer's own origin.
    func endpoint(_ name: String, _ loop: AuthenticationLoop) -> HTTPURL? {
        guard let url = loop.provider?[name]?.stringValue.flatMap(HTTPURL.init) else { return nil }
        return url.scheme == "https" || url.origin == configuration.issuerURL?.origin ? url : nil
    }

    /// Seconds since 1970.
    var seconds: Int64 { host.unixNanoseconds / 1_000_000_000 }

    /// Waits once for the provider's document, where there is none yet: a gateway that has just
    /// started does not turn clients away. The request comes back with its body.
    func waitsForProvider(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ request: FacadeRequest,
        _ body: [UInt8] = []
    ) -> Bool {
        guard !request.hasWaited, loop.provider == nil,
            wait(exchange, .metadata, bell: .metadataDemanded, milliseconds: 5000)
        else { return false }
        request.hasWaited = true
        request.body = body
        return true
    }

    func unavailable(_ exchange: Exchange) -> Action {
        ring(.metadataDemanded)
        var response = LocalResponse.oauthError(
            503, "temporarily_unavailable", "the provider cannot be asked now",
            reason: "no metadata of the provider, or an endpoint in it that may not be used")
        response.fields.append(("retry-after", "5"))
        return respond(exchange, DocumentResponse.open(response))
    }
}
