import GatehouseJOSE
import GatehouseJSON

/// Who the user is, as the provider says.
extension Redemption {
    /// Reads the identity of what came from the provider, or asks for what is missing.
    mutating func identify(_ now: Int64) -> Step {
        guard let plan = plan ?? identityPlan() else {
            return broken("verification/0 or issuers/0 gave an answer that cannot be used", now)
        }
        self.plan = plan
        switch plan.source {
        case .idToken:
            guard let token = tokens?.idToken else {
                // A refresh need not bring another one (OpenID Connect Core §12.2).
                guard isRefresh else { return broken("the provider sent no id_token", now) }
                // Nothing was asked, so what the provider said at the login must have an end.
                guard grant?.refreshToken != nil || grant?.accessExpiry != nil else {
                    return denied("the provider gave nothing by which it can be asked again", now)
                }
                return finish(now)
            }
            return verify(token, plan, audience: environment.party.clientID, now)
        case .accessToken:
            guard let token = tokens?.accessToken, !token.isEmpty else { return finish(now) }
            return verify(token, plan, audience: nil, now)
        case .probe(let plans): return probe(plans, 0, now)
        }
    }

    private func identityPlan() -> IdentityPlan? {
        let party = environment.party
        let verification = party.hook(
            "verification/0",
            [
                "issuer": .string(party.issuer), "document": party.document,
                "client_id": .string(party.clientID), "delivery": "broker",
            ])
        let issuers = party.hook(
            "issuers/0", ["issuer": .string(party.issuer), "document": party.document])
        if case .failed = verification { return nil }
        if case .failed = issuers { return nil }
        return IdentityPlan(
            verification: verification.value, issuers: issuers.value, issuer: party.issuer)
    }

    // MARK: Tokens of the provider

    private mutating func verify(
        _ token: String, _ plan: IdentityPlan, audience: String?, _ now: Int64
    ) -> Step {
        let verdict = ProviderToken.verify(
            token, keys: environment.keys.current(now: now), issuers: plan.issuers,
            audience: audience, now: now)
        switch verdict {
        case .claims(let claims):
            return take(audience == nil ? claims : ProviderToken.withoutKind(claims), now)
        case .refused(let why): return broken("the provider's token: \(why)", now)
        case .needsKeys:
            guard environment.keys.mayFetch(now: now) else {
                return broken("the provider's token: no key of its key set verifies it", now)
            }
            guard let fetch = environment.party.keysRequest(environment.keysURL) else {
                return broken("the provider's document has no jwks_uri", now)
            }
            phase = .keys
            return .fetch(fetch)
        }
    }

    // MARK: Probes

    private mutating func probe(_ plans: [JSONValue], _ index: Int, _ now: Int64) -> Step {
        guard index < plans.count else { return probed(now) }
        switch environment.party.probe(plans[index], token: tokens?.accessToken ?? "") {
        case .failure(let refusal): return broken(refusal.reason, now)
        case .success(let fetch):
            phase = .probe(index)
            return .fetch(fetch)
        }
    }

    mutating func probeAnswered(_ answer: FetchedAnswer, _ index: Int, _ now: Int64) -> Step {
        if let failure = answer.failure { return unavailable("the probe: \(failure)", now) }
        answers.append(answer)
        guard let plan, case .probe(let plans) = plan.source else { return identify(now) }
        return probe(plans, index + 1, now)
    }

    private mutating func probed(_ now: Int64) -> Step {
        let bodies = answers.map { try? JSONValue(parsing: $0.body) }
        let responses = zip(answers, bodies).map { answer, body -> JSONValue in
            var fields: JSONObject = [:]
            for field in answer.fields { fields[field.name] = .string(field.value) }
            return [
                "status": .number(JSONNumber(Int64(answer.status))), "fields": .object(fields),
                "body": body ?? .null,
            ]
        }
        let input: JSONValue = [
            "responses": .array(responses), "client_id": .string(environment.party.clientID),
        ]
        switch environment.party.hook("map_probe/0", input) {
        case .failed(let why): return broken("map_probe/0: \(why)", now)
        case .output(let output):
            if let reason = output["reject"]?.stringValue { return denied(reason, now) }
            if let reason = output["unavailable"]?.stringValue { return unavailable(reason, now) }
            guard let claims = output["claims"]?.objectValue else {
                return broken("map_probe/0 says nothing", now)
            }
            return take(claims, now)
        case .unsupported:
            guard let first = answers.first else { return broken("no probe was answered", now) }
            if first.status == 401 { return denied("the provider does not know the token", now) }
            guard (200...299).contains(first.status), let claims = bodies[0]?.objectValue else {
                return unavailable("the probe: status \(first.status)", now)
            }
            return take(claims, now)
        }
    }

    // MARK: Claims

    /// Takes what the provider says of the user, in the adapter's words.
    private mutating func take(_ claims: JSONObject, _ now: Int64) -> Step {
        var identity = Identity(claims: claims)
        switch environment.party.hook("normalize_claims/0", ["claims": .object(claims)]) {
        case .failed(let why): return broken("normalize_claims/0: \(why)", now)
        case .unsupported: break
        case .output(let output):
            if let reason = output["reject"]?.stringValue { return denied(reason, now) }
            identity = Identity(claims: claims, normalized: output)
        }
        if isRefresh, identity.subject != grant?.identity.subject {
            return denied("the provider names another user than at the login", now)
        }
        identity.client = nil
        identity.scopes = []
        grant?.identity = identity
        return finish(now)
    }
}
