import GatehouseJOSE
import GatehouseJSON
import GatehousePluginKit

/// Tokens that do not speak for themselves: their issuer is asked about them (RFC 7662), or the
/// provider's own endpoints are.
extension McpAuthentication {
    /// Milliseconds for one request of a question.
    private static let requestTime: UInt32 = 5000
    /// The place of a question's number in the token of its fetches.
    private static let numberShift: UInt64 = 33

    // MARK: [loop]

    /// A token that this loop does not know, or knew too long ago.
    func askIssuer(
        _ token: BorrowedBytes, _ judge: TokenJudge, _ loop: AuthenticationLoop,
        _ exchange: Exchange, _ attempt: Attempt
    ) -> Action {
        guard token.count <= TokenLimits.standard.tokenBytes else {
            return refuse(exchange, .invalidToken, "the token is too long")
        }
        let rules = judge.rules
        if rules.remote == .introspection, plan(rules, loop.provider) == nil {
            return withoutEndpoint(exchange, attempt)
        }
        let count = UInt32(max(1, rules.probe.count))
        let joining = remoteChecks.join(
            token.array, now: host.monotonicNanoseconds,
            make: { check(token.array, rules, loop.provider) },
            wait: { key in
                let joined = try? exchange.join(
                    key: key, token: ExchangePurpose.remote.rawValue,
                    deadlineMilliseconds: count * Self.requestTime + 2000)
                return joined != nil
            })
        switch joining {
        case .waits(let isFirst):
            if isFirst { ring(.remote) }
            return .pause
        case .refused(let reason, let seconds):
            return unavailable(exchange, reason, retryAfter: seconds)
        }
    }

    /// The issuer's document says where to ask, and it is not there yet.
    private func withoutEndpoint(_ exchange: Exchange, _ attempt: Attempt) -> Action {
        if !attempt.hasWaitedForKeys,
            let joined = try? exchange.join(
                key: WaitTopic.metadata.key(of: 0), token: ExchangePurpose.endpoint.rawValue,
                deadlineMilliseconds: Self.requestTime)
        {
            if joined.isFirst { ring(.metadataDemanded) }
            return .pause
        }
        return unavailable(exchange, "the issuer names no introspection endpoint", retryAfter: 5)
    }

    /// 503: the client keeps its token.
    private func unavailable(
        _ exchange: Exchange, _ reason: String, retryAfter: Int
    ) -> Action {
        measures.count(.unavailable)
        if configuration.mode == .permissive {
            host.log(.info, "the token is not judged: \(reason)", exchange: exchange)
            return withoutToken(exchange)
        }
        return respond(exchange, .issuerUnavailable(retryAfter: retryAfter, reason: reason))
    }

    /// The question about a token; `nil` where a plan or one of its secrets is missing.
    private func check(
        _ token: [UInt8], _ rules: VerificationRules, _ document: JSONValue?
    ) -> RemoteChecks.Check? {
        let isProbe = rules.remote == .probe
        let plans =
            isProbe ? rules.probe.map { RequestPlan($0) } : [plan(rules, document)]
        var secrets = upstreamSecrets.plan(token: String(decoding: token, as: UTF8.self))
        if !isProbe, let client = introspectionClient {
            secrets.clientID = client.id
            secrets.clientSecret = client.secret ?? secrets.clientSecret
        }
        var requests: [FetchPlan] = []
        for plan in plans {
            guard var request = plan?.executed(with: secrets, issuer: configuration.issuerURL)
            else {
                host.log(.error, "a token cannot be asked about: the plan lacks a secret")
                return nil
            }
            request.maximumBytes = isProbe ? Probe.maximumBytes : Introspection.maximumBytes
            request.timeout = Self.requestTime
            requests.append(request)
        }
        return RemoteChecks.Check(token: token, isProbe: isProbe, requests: requests)
    }

    /// Whether the gateway shows who it is by its key, because it has no secret.
    private var asksByKey: Bool {
        introspectionClient?.secret == nil && secret == nil && upstreamSecrets.hasKey
    }

    /// Where is asked: as configured, as the adapter says, or as the issuer's document says, whose
    /// endpoint is https or of the issuer's own origin.
    private func plan(_ rules: VerificationRules, _ document: JSONValue?) -> RequestPlan? {
        if let url = configuration.tokens.introspection?.url {
            return Introspection.request(RequestPlan(url: url), byKey: asksByKey)
        }
        if let plan = rules.introspection.flatMap({ RequestPlan($0) }) {
            return Introspection.request(plan, byKey: asksByKey)
        }
        guard let url = document?["introspection_endpoint"]?.stringValue,
            let parsed = HTTPURL(url),
            parsed.scheme == "https" || parsed.origin == configuration.issuerURL?.origin
        else { return nil }
        return Introspection.request(RequestPlan(url: url), byKey: asksByKey)
    }

    /// What was said about the token of this exchange.
    func remoteAnswered(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ result: OperationResult,
        _ state: inout ExchangeState
    ) -> Action {
        loop.remote =
            result.error == nil
            ? RemoteAnswer(payload: result.body.array)
            : .unavailable("the issuer did not answer in time")
        defer { loop.remote = nil }
        return again(loop, exchange, &state, hasWaitedForKeys: true)
    }

    /// Judges what was said about a token.
    func conclude(
        _ answer: RemoteAnswer, _ token: BorrowedBytes, _ judge: TokenJudge,
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ attempt: Attempt,
        _ state: inout ExchangeState
    ) -> Action {
        let verdict: TokenJudge.Verdict
        switch answer {
        case .unavailable(let reason, let seconds):
            return unavailable(exchange, reason, retryAfter: seconds)
        case .rejected(let reason): verdict = .refused(reason: reason)
        case .claims(let members):
            verdict = judge.judge(
                answer: members, now: attempt.now,
                cache: configuration.tokens.introspection?.cache ?? 60_000, normalize: normalizer)
        }
        return conclude(verdict, token, loop, exchange, attempt, &state)
    }

    // MARK: [control]

    /// A bell of a loop, or the answer to a request of a question; false for something else.
    func remoteCompleted(token: UInt64, isTimer: Bool, _ result: OperationResult) {
        if isTimer {
            for id in remoteChecks.takeNew() { ask(id, remoteChecks[id]) }
            return
        }
        let id = token >> Self.numberShift
        if result.error == .denied, let check = remoteChecks.widen(id) { return ask(id, check) }
        let answer = result.wholeAnswer
        guard let check = remoteChecks.advance(id, answer) else { return }
        if let silence = RemoteAnswer(silence: answer) { return finish(id, silence) }
        if !check.requests.isEmpty { return ask(id, check) }
        finish(id, check.isProbe ? probed(check) : Introspection.answer(answer))
    }

    private func ask(_ id: UInt64, _ check: RemoteChecks.Check?) {
        var check = check
        while let request = check?.requests.first {
            do throws(HostError) {
                try host.fetch(
                    request.request,
                    token: KeeperPurpose.remote.rawValue | id << Self.numberShift)
                return
            } catch {
                if error == .denied, let wider = remoteChecks.widen(id) {
                    check = wider
                } else {
                    return finish(id, .unavailable("\(request.url) cannot be asked: \(error)"))
                }
            }
        }
    }

    private func probed(_ check: RemoteChecks.Check) -> RemoteAnswer {
        guard let provider else { return Probe.answer(check.answers) }
        do throws(HookFailure) {
            return RemoteAnswer(
                try provider.call(
                    "map_probe/0", Probe.input(check.answers, clientID: configuration.clientID)))
        } catch {
            return error.error == .unsupported
                ? Probe.answer(check.answers)
                : .unavailable("map_probe/0: \(error.error)")
        }
    }

    /// Tells all who wait; an issuer that wants to be left alone is, for at most half a minute.
    private func finish(_ id: UInt64, _ answer: RemoteAnswer) {
        var quietUntil: UInt64 = 0
        if case .unavailable(let reason, let seconds) = answer {
            host.log(.warning, "a token cannot be judged: \(reason)")
            if reason == "status 429" {
                quietUntil = host.monotonicNanoseconds + UInt64(min(seconds, 30)) * 1_000_000_000
            }
        }
        remoteChecks.finish(id, quietUntil: quietUntil)
        // Nobody may be waiting any more, which is no failure.
        try? host.settle(key: RemoteChecks.key(id), payload: answer.payload)
    }
}

extension OperationResult {
    /// A fetch's result with all its fields.
    fileprivate var wholeAnswer: FetchedAnswer {
        var answer = answer
        answer.fields = fields.prefix(100).map { ($0.name.text, $0.value.text) }
        return answer
    }
}
