import GatehousePluginKit

extension FieldEdits {
    /// Removes every field that says who a token stands for: only the gateway says so (G108).
    mutating func removeIdentity() {
        for part in IdentityPart.allCases { remove(part.field) }
    }
}

/// Tokens of which more is known than their client's name.
extension McpAuthentication {
    /// Notes and fields for such a token, or 403 where it lacks a scope.
    @inline(never)
    func detailed(
        _ slot: Int, _ loop: AuthenticationLoop, _ exchange: Exchange, _ attempt: Attempt,
        _ state: inout ExchangeState
    ) -> Action {
        let details = loop.cache.details(slot)
        if let clientNote, !details.clientID.isEmpty {
            try? exchange.setNote(clientNote, details.clientID)
        }
        if details.lacksScopes { return refuseScopes(exchange) }
        for part in IdentityPart.allCases where part.rawValue < identityNotes.count {
            guard let note = identityNotes[part.rawValue] else { continue }
            let text = details[part]
            let count = IdentityTexts.fitting(text, part, atMost: Self.noteBound)
            if count > 0 { try? exchange.setNote(note, text.slice(0..<count)) }
        }
        countAccepted(loop)
        guard remove(exchange, all: attempt.hasIdentity, details) else { return .fail }
        keep(details.expiresAt, attempt, &state)
        return .continue
    }

    /// The octets of a note at most (`gatehouse.host.exchange/0`).
    private static let noteBound = 256

    /// 403 with every scope that the route requires (G07, G08).
    private func refuseScopes(_ exchange: Exchange) -> Action {
        measures.count(.insufficientScope)
        if configuration.mode == .permissive {
            host.log(.info, "the token lacks a scope", exchange: exchange)
            return withoutToken(exchange)
        }
        return respond(exchange, .insufficientScope(challenge(exchange, .insufficientScope)))
    }

    /// The edits by which the upstream is told; in the place of what the client sent.
    func tell(_ details: TokenDetails, _ edits: inout FieldEdits) {
        if configuration.tokens.identityHeaders {
            for part in IdentityPart.allCases {
                let text = details[part]
                if !text.isEmpty { edits.set(part.field, text) }
            }
        }
        let credential = details.credential
        if !credential.isEmpty { edits.set("authorization", credential) }
    }
}
