public import GatehousePluginKit

/// What the policy's operations of an exchange are for.
enum ExchangePurpose: UInt64 {
    /// Waits for a key set.
    case keys = 1
    /// Another turn of the loop may verify.
    case turn = 2
    /// The token of a stream expires.
    case expiry = 3
    /// Waits for the issuer's document.
    case document = 4
    /// The answer to a fetch of an OAuth endpoint; ``FacadeRequest/step`` says of which.
    case facade = 5
    /// A wait of broker delivery is over.
    case broker = 6
    /// The issuer's answer about a token.
    case remote = 20
    /// Waits for the issuer's document, which says where to ask about tokens.
    case endpoint = 21
}

/// The protected route: credential, judgement, forwarding.
extension McpAuthentication {
    /// How long an exchange waits for a key set, in milliseconds.
    private static let keysDeadline: UInt32 = 5000
    /// The number of turns for which a token waits to be verified.
    private static let turnsAtMost: UInt64 = 200

    /// The head of a request.
    public func requestHead(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ head: MessageHead,
        _ state: inout ExchangeState
    ) -> Action {
        if head.isClaimed { return claimed(loop, exchange, head, &state) }
        if let ownTokens { follow(ownTokens, loop) }
        let attempt = Attempt(
            now: head.unixNanoseconds, isGet: head.method == .get,
            hasIdentity: head.hasAny(of: slots.identity))
        guard location.kind == .header, let slot = slots.token else {
            return elsewhere(loop, exchange, attempt, &state)
        }
        guard let value = head[slot] else { return missing(exchange) }
        if head.isRepeated(slot) { return several(exchange) }
        return field(value, loop, exchange, attempt, &state)
    }

    /// What was remembered of the gateway's own tokens holds until one of them is revoked.
    @inline(__always)
    private func follow(_ own: any OwnTokens, _ loop: AuthenticationLoop) {
        let revision = own.revision
        if revision != loop.revision { loop.take(revision: revision) }
    }

    /// One judgement of one request.
    struct Attempt {
        let now: Int64
        let isGet: Bool
        /// Whether the client may have sent cookies or fields of ``IdentityPart``.
        let hasIdentity: Bool
        /// How often the request has waited for its turn.
        var waits: UInt64 = 0
        /// Whether it has waited for key sets: one is asked for once.
        var hasWaitedForKeys = false
    }

    private func field(
        _ value: BorrowedBytes, _ loop: AuthenticationLoop, _ exchange: Exchange,
        _ attempt: Attempt, _ state: inout ExchangeState
    ) -> Action {
        switch CredentialScanner.candidate(value, prefix: location.prefix) {
        case .token(let range):
            return decide(value.slice(range), loop, exchange, attempt, &state)
        case .absent: return missing(exchange)
        case .malformed: return refuse(exchange, .invalidRequest, "a malformed credential")
        case .ambiguous: return several(exchange)
        }
    }

    /// A token in a cookie or in the query.
    private func elsewhere(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ attempt: Attempt,
        _ state: inout ExchangeState
    ) -> Action {
        let bytes =
            location.kind == .query ? exchange.attribute(.query)?.array : cookies(exchange)
        guard let bytes else { return missing(exchange) }
        let scan =
            location.kind == .query
            ? CredentialScanner.query(bytes, name: location.name)
            : CredentialScanner.cookie(bytes, name: location.name)
        switch scan {
        case .token(let range):
            return bytes[range].withUnsafeBytes {
                decide(BorrowedBytes(unsafe: $0), loop, exchange, attempt, &state)
            }
        case .absent: return missing(exchange)
        case .malformed: return refuse(exchange, .invalidRequest, "a malformed credential")
        case .ambiguous: return several(exchange)
        }
    }

    /// All lines of the `Cookie` field as one (RFC 6265 §5.4 sends one, some clients several).
    func cookies(_ exchange: Exchange) -> [UInt8]? {
        var all: [UInt8] = []
        var index: UInt32 = 0
        while let line = exchange.field("cookie", index: index), index < 32 {
            if !all.isEmpty { all += "; ".utf8 }
            all += line
            index += 1
        }
        return all.isEmpty ? nil : all
    }

    private func decide(
        _ token: BorrowedBytes, _ loop: AuthenticationLoop, _ exchange: Exchange,
        _ attempt: Attempt, _ state: inout ExchangeState
    ) -> Action {
        switch loop.cache.find(token, now: attempt.now) {
        case .hit(let slot, let expiry):
            if let clientNote {
                let name = loop.cache.clientID(slot)
                if !name.isEmpty { try? exchange.setNote(clientNote, name) }
            }
            countAccepted(loop)
            let isRemoved =
                attempt.hasIdentity || !editsOneField
                ? remove(exchange, all: attempt.hasIdentity, nil) : removeField(exchange)
            guard isRemoved else { return .fail }
            keep(expiry, attempt, &state)
            return .continue
        case .detailed(let slot): return detailed(slot, loop, exchange, attempt, &state)
        case .expired:
            return refuse(exchange, .invalidToken, "the token has expired", as: .expired)
        case .notYetValid: return refuse(exchange, .invalidToken, "the token is not valid yet")
        case .miss, .stale: return verify(token, loop, exchange, attempt, &state)
        }
    }

    /// A token that this loop has not verified, or what stands where one belongs: the bytes of
    /// those that it has verified were looked at then.
    private func verify(
        _ token: BorrowedBytes, _ loop: AuthenticationLoop, _ exchange: Exchange,
        _ attempt: Attempt, _ state: inout ExchangeState
    ) -> Action {
        let judge = judge(loop)
        if let answer = loop.remote {
            loop.remote = nil
            return conclude(answer, token, judge, loop, exchange, attempt, &state)
        }
        if let reason = loop.refusals.reason(token, now: attempt.now) {
            return refuse(exchange, .invalidToken, reason)
        }
        if judge.rules.remote != nil, judge.isRemote(token.array) {
            guard isToken(token) else { return malformed(exchange) }
            return askIssuer(token, judge, loop, exchange, attempt)
        }
        loop.begin(turn: attempt.now)
        guard loop.budget > 0 else {
            // What can be said without work is said at once.
            return isToken(token) ? later(loop, exchange, attempt) : malformed(exchange)
        }
        let bytes = token.array
        let verdict = judge.judge(
            bytes, keys: loop.keys, now: attempt.now, budget: &loop.budget, normalize: normalizer)
        // What could be read as a JWT has no other characters than a token.
        if case .refused = verdict, !isToken(token) { return malformed(exchange) }
        return conclude(verdict, token, loop, exchange, attempt, &state)
    }

    /// Does what the judge says about a token that was not known.
    func conclude(
        _ verdict: TokenJudge.Verdict, _ token: BorrowedBytes, _ loop: AuthenticationLoop,
        _ exchange: Exchange, _ attempt: Attempt, _ state: inout ExchangeState
    ) -> Action {
        switch verdict {
        case .accepted(let entry):
            measures.countVerification()
            loop.cache.insert(token, entry)
            return decide(token, loop, exchange, attempt, &state)
        case .refused(let reason):
            measures.countVerification()
            loop.refusals.insert(token, reason: reason, now: attempt.now)
            return refuse(exchange, .invalidToken, reason)
        case .needsOtherKeys(let reason, let issuer):
            measures.countVerification()
            if !attempt.hasWaitedForKeys, !hasFixedKeys(issuer),
                loop.mayDemand(at: attempt.now, issuer: issuer), waitForKeys(exchange, issuer)
            {
                return .pause
            }
            loop.refusals.insert(token, reason: reason, now: attempt.now)
            return refuse(exchange, .invalidToken, reason)
        case .withoutKeys(let issuer): return withoutKeys(exchange, attempt, issuer)
        case .busy: return later(loop, exchange, attempt)
        }
    }

    private func isToken(_ bytes: BorrowedBytes) -> Bool {
        CredentialScanner.isToken(bytes, 0..<bytes.count)
    }

    private func malformed(_ exchange: Exchange) -> Action {
        refuse(exchange, .invalidRequest, "a malformed credential")
    }

    private func withoutKeys(
        _ exchange: Exchange, _ attempt: Attempt, _ issuer: Int
    ) -> Action {
        if !attempt.hasWaitedForKeys, waitForKeys(exchange, issuer) { return .pause }
        measures.count(.keysMissing)
        if configuration.mode == .permissive { return withoutToken(exchange) }
        return respond(exchange, .keysMissing(retryAfter: 5))
    }

    private func waitForKeys(_ exchange: Exchange, _ issuer: Int) -> Bool {
        wait(
            exchange, .keys, bell: .keysDemanded, milliseconds: Self.keysDeadline, issuer: issuer)
    }

    /// Waits under a topic; the first who waits rings the keeper.
    func wait(
        _ exchange: Exchange, _ topic: WaitTopic, bell: KeeperPurpose, milliseconds: UInt32,
        issuer: Int = 0
    ) -> Bool {
        let purpose: ExchangePurpose = topic == .keys ? .keys : .document
        guard
            let joined = try? exchange.join(
                key: topic.key(of: issuer), token: purpose.rawValue | UInt64(issuer) << 8,
                deadlineMilliseconds: milliseconds)
        else { return false }
        if joined.isFirst { ring(bell, issuer: issuer) }
        return true
    }

    /// This turn's verifications are used up: a later turn goes on, for a bounded time.
    private func later(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ attempt: Attempt
    ) -> Action {
        guard attempt.waits < Self.turnsAtMost else {
            measures.count(.overload)
            return respond(
                exchange,
                .problem(503, "too many tokens at once", retryAfter: 1, reason: "overload"))
        }
        let token =
            ExchangePurpose.turn.rawValue | (attempt.waits + 1) << 8
            | (attempt.hasWaitedForKeys ? 1 << 16 : 0)
        guard (try? exchange.timer(token: token, afterMilliseconds: loop.deferral())) != nil else {
            return .fail
        }
        return .pause
    }

    /// A request that waited goes on with what its head still says.
    func again(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ state: inout ExchangeState,
        waits: UInt64 = 0, hasWaitedForKeys: Bool = false
    ) -> Action {
        let isGet = exchange.attribute(.method)?.equals("GET") ?? false
        let attempt = Attempt(
            now: host.unixNanoseconds, isGet: isGet, hasIdentity: true, waits: waits,
            hasWaitedForKeys: hasWaitedForKeys)
        guard location.kind == .header else { return elsewhere(loop, exchange, attempt, &state) }
        let name = String(decoding: location.name, as: UTF8.self)
        guard let value = exchange.field(named: name) else { return missing(exchange) }
        return field(value, loop, exchange, attempt, &state)
    }
}
