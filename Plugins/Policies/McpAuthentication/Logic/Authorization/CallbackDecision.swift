import GatehouseJOSE
import GatehouseJSON

/// What the provider's answer at the callback means (relay and broker). Nothing is asked of
/// anybody for it: the provider's code is redeemed when the client redeems the gateway's.
struct CallbackDecision {
    enum Action: Sendable, Equatable {
        /// An error page: it is not sure whose answer this is.
        case page(OAuthFailure)
        /// The client gets an error.
        case fail(Transaction, OAuthFailure)
        /// The client gets a code.
        case succeed(Transaction, code: String)
    }

    /// The browser's records, of all its cookies.
    let browsers: [BrowserRecord]
    /// What `iss` of the provider may be (RFC 9207, §6.5).
    let issuers: [String]
    /// Whether the provider's document says that it always sends `iss`.
    let requiresIssuer: Bool

    /// - Parameters:
    ///   - open: the transaction that a `state` seals.
    ///   - use: whether it is the first time that the `state` is used; asked last, so that nobody
    ///     but the browser it belongs to can use it up.
    ///   - failure: what the adapter makes of an answer without a code (`authorize_response/0`).
    func action(
        _ query: [UInt8], open: (String) -> Result<Transaction, SealRefusal>,
        use: (String) -> Bool, failure: (FormPairs) -> OAuthFailure?
    ) -> Action {
        guard query.count <= 32 * 1024, let pairs = FormPairs(parsing: query),
            pairs.count(of: "state") == 1, let state = pairs["state"]
        else { return .page(.request("the answer of the provider has no state")) }
        let transaction: Transaction
        switch open(state) {
        case .success(let opened): transaction = opened
        case .failure(.expired): return .page(.request("the login took too long: begin again"))
        case .failure: return .page(.request("the state is none of this gateway"))
        }
        guard browsers.contains(where: { Digests.equal($0.hash, transaction.browser) }) else {
            return .page(.request("the login was begun in another browser, or cookies are off"))
        }
        if let mixUp = mixUp(pairs) { return .page(mixUp) }
        guard use(state) else { return .page(.request("this login has been used already")) }
        var rest = pairs
        for name in ["code", "state"] { rest.remove(name) }
        if let failure = failure(rest) { return .fail(transaction, failure) }
        if pairs["error"] != nil { return .fail(transaction, Self.passed(pairs)) }
        guard pairs.count(of: "code") == 1, let code = pairs["code"], !code.isEmpty,
            code.utf8.count <= 8192
        else {
            return .fail(transaction, OAuthFailure("server_error", "the provider gave no code"))
        }
        return .succeed(transaction, code: code)
    }

    /// Whether the answer may be another server's (RFC 9207 §2.4).
    private func mixUp(_ pairs: FormPairs) -> OAuthFailure? {
        switch pairs.count(of: "iss") {
        case 0:
            return requiresIssuer
                ? .request("the provider's answer lacks iss, which it says that it sends") : nil
        case 1:
            return issuers.contains { $0.utf8.elementsEqual((pairs["iss"] ?? "").utf8) }
                ? nil : .request("the answer is of another authorization server")
        default: return .request("iss is repeated")
        }
    }

    /// The provider's error in the shape of RFC 6749 §4.1.2.1.
    static func passed(_ pairs: FormPairs) -> OAuthFailure {
        let known: Set<String> = [
            "invalid_request", "unauthorized_client", "access_denied",
            "unsupported_response_type", "invalid_scope", "server_error",
            "temporarily_unavailable", "invalid_target", "login_required", "consent_required",
            "interaction_required", "account_selection_required",
        ]
        let code = pairs["error"] ?? ""
        return OAuthFailure(
            known.contains(code) ? code : "server_error",
            ErrorText.plain(pairs["error_description"] ?? "", atMost: 300))
    }
}
