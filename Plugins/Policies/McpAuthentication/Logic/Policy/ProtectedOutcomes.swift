import GatehousePluginKit

/// What becomes of a request on a protected route.
extension McpAuthentication {
    /// Keeps when the stream of a GET is to end (G112).
    @inline(__always)
    func keep(_ expiry: Int64, _ attempt: Attempt, _ state: inout ExchangeState) {
        if attempt.isGet, expiry != .max { state = StreamExpiry(nanoseconds: expiry).state(state) }
    }

    /// Takes the client's credential out, whatever it was (G107), the gateway's own cookie, and
    /// what the client says of itself in our fields (G108); tells the upstream what the token says.
    ///
    /// - Parameter all: whether a cookie or fields of ``IdentityPart`` may be there.
    func remove(_ exchange: Exchange, all: Bool, _ details: TokenDetails?) -> Bool {
        var edits = FieldEdits()
        if all { edits.removeIdentity() }
        guard all || location.kind == .cookie, let left = remainingCookies(exchange) else {
            return removeCredential(&edits, details, exchange)
        }
        return left.withBorrowedBytes { left in
            if left.isEmpty { edits.remove("cookie") } else { edits.set("cookie", left) }
            return removeCredential(&edits, details, exchange)
        }
    }

    private func removeCredential(
        _ edits: inout FieldEdits, _ details: TokenDetails?, _ exchange: Exchange
    ) -> Bool {
        switch location.kind {
        case .cookie: break
        case .header: edits.remove(named: location.field)
        case .query:
            guard let query = exchange.attribute(.query)?.array else { break }
            let rest = CredentialRemoval.query(query, name: location.name) ?? []
            return rest.withBorrowedBytes { left in
                edits.setQuery(left)
                return apply(&edits, details, exchange)
            }
        }
        return apply(&edits, details, exchange)
    }

    /// The request's cookies without those that are not the upstream's: the browser's record of
    /// consents, and the token where it is a cookie; `nil` where there is nothing to change.
    private func remainingCookies(_ exchange: Exchange) -> [UInt8]? {
        guard let all = cookies(exchange) else { return nil }
        var names = BrowserCookie.names.map { Array($0.utf8) }
        if location.kind == .cookie { names.append(location.name) }
        let left = names.reduce(all) { CredentialRemoval.cookie($0, name: $1) ?? [] }
        return left == all ? nil : left
    }

    /// As ``remove(_:all:_:)`` where one field is all that there is: the way of a known token, for
    /// which the edits of the others cost two hundred instructions more.
    func removeField(_ exchange: Exchange) -> Bool {
        var edits = FieldEdits()
        edits.remove(named: location.field)
        return (try? exchange.apply(edits, to: .request)) != nil
    }

    @inline(__always)
    private func apply(
        _ edits: inout FieldEdits, _ details: TokenDetails?, _ exchange: Exchange
    ) -> Bool {
        if let details { tell(details, &edits) }
        if let fixedCredential { edits.set(named: fixedCredential.name, fixedCredential.value) }
        if edits.isEmpty { return true }
        return (try? exchange.apply(edits, to: .request)) != nil
    }

    /// No credential of our kind: the challenge without an error (G04), or through.
    func missing(_ exchange: Exchange) -> Action {
        measures.count(.missing)
        if configuration.mode != .strict { return withoutToken(exchange) }
        return respond(exchange, .unauthorized(challenge(exchange, nil), reason: "no token"))
    }

    func withoutToken(_ exchange: Exchange) -> Action {
        remove(exchange, all: true, nil) ? .continue : .fail
    }

    func refuse(
        _ exchange: Exchange, _ error: BearerError, _ reason: String,
        as outcome: TokenOutcome? = nil
    ) -> Action {
        measures.count(outcome ?? (error == .invalidRequest ? .malformed : .refused))
        if configuration.mode == .permissive {
            host.log(.info, "the token is not valid: \(reason)", exchange: exchange)
            return withoutToken(exchange)
        }
        return respond(exchange, .unauthorized(challenge(exchange, error), reason: reason))
    }

    func several(_ exchange: Exchange) -> Action {
        measures.count(.ambiguous)
        if configuration.mode == .permissive { return withoutToken(exchange) }
        return respond(exchange, .ambiguous(challenge(exchange, .invalidRequest)))
    }

    func challenge(_ exchange: Exchange, _ error: BearerError?) -> Challenge {
        let base = exchange.attribute(.externalBase)?.text ?? ""
        let path = exchange.attribute(.path)?.text ?? "/"
        return Challenge(
            error: error, metadataURL: urls.metadataURL(exchangeBase: base, path: path),
            scopes: configuration.challengeScopes)
    }

    /// Answers; where the host does not take it, the exchange fails closed.
    func respond(_ exchange: Exchange, _ response: LocalResponse) -> Action {
        let answer = PolicyResponse(
            status: UInt32(clamping: response.status), fields: response.fields,
            body: response.body, reason: response.reason)
        do throws(HostError) {
            try exchange.respond(answer)
            return .responded
        } catch {
            host.log(.error, "a response was not taken: \(error)", exchange: exchange)
            return .fail
        }
    }
}

/// When the stream of a GET ends, as the number that an exchange keeps: milliseconds since 1970,
/// marked as a number by its lowest bit.
struct StreamExpiry: Equatable {
    let milliseconds: Int64

    init(nanoseconds: Int64) { milliseconds = max(0, nanoseconds / 1_000_000) }

    /// Reads it back; `nil` where the exchange keeps none.
    init?(_ state: ExchangeState) {
        guard state.bits & 1 == 1 else { return nil }
        milliseconds = Int64(state.bits >> 1)
    }

    /// `state` with the expiry in it.
    func state(_ state: ExchangeState) -> ExchangeState {
        var state = state
        state.bits = UInt(clamping: milliseconds) << 1 | 1
        return state
    }

    /// Milliseconds until then, at most an hour: a longer timer is set again.
    func wait(from now: Int64) -> UInt32 {
        UInt32(clamping: max(1, min(milliseconds - now / 1_000_000, 3_600_000)))
    }
}
