import GatehouseJSON
public import GatehousePluginKit

/// The policy `mcpAuthentication`: requires an OAuth access token and serves the metadata by which
/// clients find out how to get one (MCP authorization, RFC 6750, RFC 9728, RFC 8414).
///
/// The object is read-only for the loops. What a loop needs over time is in
/// ``AuthenticationLoop``; what is fetched is kept by the ``Keeper`` on [control], which tells the
/// loops by broadcast.
public final class McpAuthentication: PolicyPlugin {
    /// What the loops keep.
    public typealias LoopState = AuthenticationLoop

    /// What the policy says about itself.
    public static var manifest: PluginManifest {
        PluginManifest(
            id: "dev.gatehouse.mcp-authentication", version: "0.1.0", kind: .policy,
            name: "mcpAuthentication", orderClass: .authentication,
            requires: [
                "gatehouse.host.base/0", "gatehouse.host.route/0", "gatehouse.host.exchange/0",
                "gatehouse.host.async/0", "gatehouse.host.fetch/0",
            ],
            license: "Apache-2.0",
            summary: "Requires an OAuth access token as the MCP authorization specification says")
    }

    /// The schema of its configuration.
    public static var configurationSchema: String { ConfigurationSchema.text }

    /// All but the response's body.
    public static var phases: PolicyPhases {
        [.requestHead, .requestBody, .responseHead, .resumed, .notified, .ended]
    }

    let configuration: Configuration
    let host: Host
    let delivery: Delivery
    let parts: FacadeParts
    /// What broker delivery does by itself; `nil` in the others.
    let broker: (any BrokerEndpoints)?
    let upstreamSecrets: UpstreamSecrets
    let fixedCredential: FixedCredential?
    /// Whether the token's own field is all that a request is changed in, unless more is known.
    let editsOneField: Bool
    let provider: Provider?
    let urls: ExternalURLs
    /// What tokens are judged by where no adapter has a word on the issuer's document.
    let judge: TokenJudge
    let claims: [(claim: Claim, path: ClaimedPath)]
    let slots: Slots
    let clientNote: Note?
    let identityNotes: [Note?]
    let remembersIdentity: Bool
    let tokenHooks: TokenHooks
    /// Broker delivery: the tokens that the gateway issues.
    let ownTokens: (any OwnTokens)?
    let location: CompiledLocation
    /// The client's secret, read once; never logged.
    let secret: String?
    /// Who asks about tokens, where it is not the policy's own client; never logged.
    let introspectionClient: (id: String, secret: String?)?
    let remoteChecks = RemoteChecks()
    let measures: Measures
    private let keepers: IssuerKeepers

    /// The fields that every exchange shows.
    struct Slots {
        let token: FieldSlot?
        let contentType: FieldSlot
        let responseType: FieldSlot
        let challenge: FieldSlot
        /// Those of ``IdentityPart``, and `Cookie`.
        let identity: FieldSlots
    }

    /// Makes an instance and begins to fetch. [control]
    public init(_ context: CreationContext) throws(ConfigurationRefused) {
        let read = ConfigurationReader.read(context.configuration)
        read.remarks.forEach(context.diagnostics.report)
        guard var configuration = read.configuration else { throw ConfigurationRefused() }
        host = context.host
        let adapter = try Adapter(configuration, context)
        provider = adapter.provider
        delivery = configuration.delivery ?? adapter.delivery
        urls = ExternalURLs(resource: configuration.resource)
        let setup = try Setup(context, configuration, delivery)
        parts = try FacadeParts(context, configuration, delivery, adapter, setup)
        let broker = try Broker.make(configuration, delivery, parts.ring, setup, context)
        self.broker = broker
        ownTokens = broker?.tokens
        // In broker delivery tokens are judged by the gateway's own keys.
        if let ownTokens { configuration.keys = .inline(ownTokens.keySet) }
        self.configuration = configuration
        location = CompiledLocation(configuration.location)
        claims = setup.claims
        slots = setup.slots
        clientNote = setup.clientNote
        identityNotes = setup.identityNotes
        remembersIdentity = !setup.identityNotes.isEmpty || configuration.tokens.identityHeaders
        tokenHooks = TokenHooks(configuration, adapter.provider, delivery)
        judge = TokenJudge(
            configuration, rules: try tokenHooks.rules(atLoad: context),
            remembersIdentity: remembersIdentity, own: ownTokens)
        secret = try Self.secret(configuration.clientSecret, at: ["clientSecret"], context)
        upstreamSecrets = try UpstreamSecrets(context, configuration, clientSecret: secret)
        let fixedCredential = try FixedCredential(configuration, context)
        self.fixedCredential = fixedCredential
        editsOneField = location.kind == .header && fixedCredential == nil
        introspectionClient = try Self.introspectionClient(configuration, secret, context)
        measures = Measures(context.host)
        keepers = IssuerKeepers(
            configuration, adapter.discovery(configuration), context.host, measures,
            needsKeys: judge.rules.takesJWTs, hasOwnTokens: ownTokens != nil)
        if !context.isDryRun { keepers.start() }
    }

    private static func secret(
        _ reference: String?, at path: [String], _ context: CreationContext
    ) throws(ConfigurationRefused) -> String? {
        guard let reference, !context.isDryRun else { return nil }
        do throws(HostError) {
            return String(decoding: try context.host.secret(reference), as: UTF8.self)
        } catch {
            context.diagnostics.report(
                .error(JSONPointer(tokens: path), "cannot be read: \(error)"))
            throw ConfigurationRefused()
        }
    }

    private static func introspectionClient(
        _ configuration: Configuration, _ secret: String?, _ context: CreationContext
    ) throws(ConfigurationRefused) -> (id: String, secret: String?)? {
        guard let settings = configuration.tokens.introspection else { return nil }
        let own = try Self.secret(
            settings.clientSecret, at: ["introspection", "clientSecret"], context)
        guard let id = settings.clientID ?? configuration.clientID else { return nil }
        return (id, own ?? secret)
    }

    /// Whether an issuer's tokens are judged by this loop without asking its keeper.
    func hasFixedKeys(_ issuer: Int) -> Bool {
        let further = configuration.tokens.issuers
        let keys = issuer == 0 ? configuration.keys : further[issuer - 1].keys
        return switch keys {
        case .inline, .file: true
        case .url, .derived: false
        }
    }

    // MARK: [control]

    /// A fetch or a timer of the keeper, or a loop's bell.
    public func completed(token: UInt64, _ result: OperationResult) {
        guard let (purpose, issuer, isTimer) = KeeperPurpose.of(token: token) else { return }
        if purpose == .remote { return remoteCompleted(token: token, isTimer: isTimer, result) }
        if purpose == .counted {
            // Where the loops cannot be told, they hand over with the next token.
            _ = try? host.broadcast(token: Measures.collect, payload: [])
            return
        }
        if isTimer { return keepers.woken(purpose, issuer: issuer) }
        keepers.answered(
            purpose, issuer: issuer, result.answer, isDenied: result.error == .denied)
    }

    // MARK: Loops

    /// A loop begins: it parses an inline key set by itself and asks for everything else.
    public func loopStarted(_ loop: UInt32) throws(HostError) -> AuthenticationLoop {
        let further = ownTokens == nil ? configuration.tokens.issuers.map(\.keys) : []
        let state = AuthenticationLoop(random: try host.random(32), issuers: 1 + further.count)
        for (issuer, keys) in ([configuration.keys] + further).enumerated() {
            if case .inline(let bytes) = keys { state.take(.keys(bytes), issuer: issuer) }
            ring(.greeted, issuer: issuer)
        }
        return state
    }

    /// A broadcast of the keeper.
    public func notified(_ loop: AuthenticationLoop, token: UInt64, payload: BorrowedBytes) {
        if token == Measures.collect { return handOver(loop) }
        guard let notice = LoopNotice(token: token & 0xff, payload: payload.array) else { return }
        loop.take(notice, issuer: Int(token >> 8))
    }

    /// Calls the keeper, on [control], a moment later. [any]
    func ring(_ purpose: KeeperPurpose, issuer: Int = 0) {
        // Where no bell can be rung, whoever waits is answered by its deadline.
        _ = try? host.timer(token: purpose.timerToken(issuer), afterMilliseconds: 1)
    }
}

/// The place of the token, with its names as bytes that live as long as the instance.
struct CompiledLocation {
    enum Kind {
        case header
        case query
        case cookie
    }

    let kind: Kind
    /// The field, parameter or cookie.
    let name: [UInt8]
    let prefix: [UInt8]
    /// The field to edit, lent to the host.
    let field: BorrowedBytes
    private let keep = StableText()

    init(_ location: TokenLocation) {
        switch location {
        case .header(let name, let prefix):
            kind = .header
            self.name = Array(name.utf8)
            self.prefix = Array(prefix.utf8)
            field = keep.add(name)
        case .queryParameter(let name):
            kind = .query
            self.name = Array(name.utf8)
            prefix = []
            field = BorrowedBytes()
        case .cookie(let name):
            kind = .cookie
            self.name = Array(name.utf8)
            prefix = []
            field = keep.add("cookie")
        }
    }
}
