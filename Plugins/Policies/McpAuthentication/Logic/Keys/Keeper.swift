import GatehouseJOSE
import GatehouseJSON

/// Keeps the key set and the issuer's document of one instance fresh.
///
/// Confined to [control]: it fetches, watches, and tells the loops by broadcast, so that they
/// share nothing. What it decides is in ``RefreshState``, ``DiscoveryRun`` and ``KeySetDocument``.
final class Keeper {
    private let configuration: Configuration
    private let needsKeys: Bool
    private let discovery: DiscoveryPlan?
    private unowned let services: any KeeperServices

    private var keys = RefreshState()
    private var metadata: RefreshState
    private var run: DiscoveryRun?
    private var pending: [KeeperPurpose: FetchPlan] = [:]
    /// Where the keys are fetched; `nil` for a file, for an inline set, and before discovery.
    private var keysPlan: FetchPlan?
    private var areKeysStarted = false
    private var keysNotice: LoopNotice?
    private var metadataNotice: LoopNotice?
    /// When the lease on a shared fetch that somebody else holds was first seen.
    private var isAwaitingShared = false

    /// How often a watched file is read, in milliseconds.
    static let watchInterval: Int64 = 2000
    /// How long one instance may hold the process's fetch of a key set, in milliseconds.
    private static let leaseTime: Int64 = 15_000

    /// - Parameters:
    ///   - discovery: where the issuer's document is looked for; `nil` where the issuer is no URL
    ///     and nothing asks for it.
    ///   - needsKeys: false where no token of the issuer is verified by a key: it may have none.
    init(
        _ configuration: Configuration, discovery: DiscoveryPlan?, services: any KeeperServices,
        needsKeys: Bool = true
    ) {
        self.configuration = configuration
        self.needsKeys = needsKeys
        self.discovery = discovery
        self.services = services
        metadata = RefreshState(RefreshState.Policy(staleLife: 30 * 24 * 3_600_000))
    }

    /// Begins; called once, when the instance is created.
    func start() {
        services.report(
            isReady: !needsKeys, reason: needsKeys ? "the key set is not loaded yet" : "")
        if needsKeys { beginKeys() }
        if discovery != nil { perform(metadata, .started, for: .metadata) }
    }

    private func beginKeys() {
        switch configuration.keys {
        case .url(let url):
            keysPlan = FetchPlan(url: url, maximumBytes: KeySetLimits.standard.documentBytes)
            startKeys()
        case .file: readFile()
        case .inline(let bytes): accept(bytes, freshness: nil)
        case .derived: break
        }
    }

    private func startKeys() {
        guard !areKeysStarted else { return }
        areKeysStarted = true
        perform(keys, .started, for: .keys)
    }

    // MARK: Events

    /// A timer of ``KeeperServices/wake(_:after:)``, or a loop's bell.
    func woken(_ purpose: KeeperPurpose) {
        switch purpose {
        case .keys:
            if case .file = configuration.keys {
                readFile()
            } else {
                perform(keys, .timer, for: .keys)
            }
        case .metadata: perform(metadata, .timer, for: .metadata)
        case .keysDemanded: demandKeys()
        case .metadataDemanded:
            if discovery == nil { return services.settle(.metadata) }
            perform(metadata, .demanded, for: .metadata)
        case .keysShared: fetchKeys()
        case .greeted:
            if let keysNotice { services.broadcast(keysNotice) }
            if let metadataNotice { services.broadcast(metadataNotice) }
        case .told, .counted, .remote: break
        }
    }

    /// The answer to a fetch.
    func answered(_ purpose: KeeperPurpose, _ answer: FetchedAnswer, isDenied: Bool = false) {
        guard let plan = pending.removeValue(forKey: purpose) else { return }
        if isDenied, let wider = plan.wider { return begin(wider, for: purpose) }
        switch purpose {
        case .keys: keysAnswered(answer, url: plan.url)
        case .metadata: metadataAnswered(answer)
        default: break
        }
    }

    private func demandKeys() {
        switch configuration.keys {
        case .inline: services.settle(.keys)
        case .file:
            readFile()
            services.settle(.keys)
        case .url: perform(keys, .demanded, for: .keys)
        case .derived:
            if areKeysStarted {
                perform(keys, .demanded, for: .keys)
            } else {
                perform(metadata, .demanded, for: .metadata)
            }
        }
    }

    // MARK: Actions

    private func perform(
        _ state: RefreshState, _ event: RefreshState.Event, for purpose: KeeperPurpose
    ) {
        var state = state
        let actions = state.handle(event, now: services.now, jitter: services.fraction())
        if purpose == .keys { keys = state } else { metadata = state }
        for action in actions {
            switch action {
            case .fetch:
                if purpose == .keys { fetchKeys() } else { fetchMetadata() }
            case .wake(let after): services.wake(purpose, after: after)
            case .drop:
                if purpose == .keys { drop() } else { tell(.noMetadata(isInvalid: false)) }
            case .settle:
                services.settle(purpose == .keys ? .keys : .metadata)
                // Without keys yet, whoever waits for keys waited for the discovery of their URL.
                if purpose == .metadata, configuration.keys == .derived, !areKeysStarted {
                    services.settle(.keys)
                }
            }
        }
    }

    private func begin(_ plan: FetchPlan, for purpose: KeeperPurpose) {
        pending[purpose] = plan
        switch services.fetch(plan, for: purpose) {
        case .begun: return
        case .denied:
            answered(
                purpose, FetchedAnswer(status: 0, failure: "\(plan.url) may not be fetched"),
                isDenied: true)
        case .failed(let reason): answered(purpose, FetchedAnswer(status: 0, failure: reason))
        }
    }

    private func tell(_ notice: LoopNotice) {
        switch notice {
        case .keys, .noKeys: keysNotice = notice
        case .metadata, .noMetadata: metadataNotice = notice
        }
        services.broadcast(notice)
    }

    private func drop() {
        services.log(.error, "the key set is too old to be used any longer")
        services.report(isReady: false, reason: "the key set is too old")
        services.keysDropped()
        tell(.noKeys)
    }
}

// MARK: The issuer's document

extension Keeper {
    private func fetchMetadata() {
        guard let discovery else { return }
        let run = DiscoveryRun(discovery)
        self.run = run
        step(run.start())
    }

    private func metadataAnswered(_ answer: FetchedAnswer) {
        guard var run else { return }
        let step = run.next(after: answer)
        self.run = run
        self.step(step)
    }

    private func step(_ step: DiscoveryRun.Step) {
        switch step {
        case .fetch(let plan): begin(plan, for: .metadata)
        case .found(let document): found(document)
        case .failed(let reason, let isInvalid):
            run = nil
            services.log(.warning, "the issuer's metadata: \(reason)")
            if case .metadata = metadataNotice {
            } else {
                tell(.noMetadata(isInvalid: isInvalid))
            }
            perform(metadata, .failed, for: .metadata)
        }
    }

    private func found(_ document: IssuerDocument) {
        run = nil
        let notice = LoopNotice.metadata(document.bytes, isPrivate: document.isPrivate)
        if notice != metadataNotice { tell(notice) }
        if configuration.keys == .derived, needsKeys { derive(document) }
        perform(metadata, .succeeded(freshness: document.freshness), for: .metadata)
    }

    private func derive(_ document: IssuerDocument) {
        guard let url = document.value["jwks_uri"]?.stringValue else {
            services.log(.error, "the issuer's metadata has no jwks_uri; write jwks")
            return
        }
        let reaches = FetchedURLRule.reaches(of: url, issuer: configuration.issuerURL)
        guard !reaches.isEmpty else {
            services.log(.error, "the issuer's jwks_uri is no http URL")
            return
        }
        let isNew = keysPlan?.url != url
        keysPlan = FetchPlan(
            url: url, reaches: reaches, maximumBytes: KeySetLimits.standard.documentBytes)
        if !areKeysStarted {
            startKeys()
        } else if isNew {
            perform(keys, .started, for: .keys)
        }
    }
}

// MARK: The key set

extension Keeper {
    /// One fetch per process and URL: the instances of this policy share what came, and while one
    /// of them fetches, the others look again a moment later.
    private func fetchKeys() {
        guard let plan = keysPlan else { return }
        if let failure = services.cached("failed " + plan.url), isAwaitingShared {
            isAwaitingShared = false
            return keysAnswered(
                FetchedAnswer(status: 0, failure: String(decoding: failure, as: UTF8.self)),
                url: nil)
        }
        if let shared = services.cached("keys " + plan.url), keysNotice != .keys(shared) {
            isAwaitingShared = false
            return keysAnswered(
                FetchedAnswer(
                    status: 200, fields: [("content-type", "application/json")], body: shared),
                url: nil)
        }
        let lease = "fetching " + plan.url
        guard services.cacheIfAbsent(lease, [1], milliseconds: Self.leaseTime) else {
            isAwaitingShared = true
            services.wake(.keysShared, after: 50)
            return
        }
        isAwaitingShared = false
        begin(plan, for: .keys)
    }

    /// - Parameter url: what was fetched here; `nil` where another instance fetched it.
    private func keysAnswered(_ answer: FetchedAnswer, url: String?) {
        do throws(DocumentRefusal) {
            let freshness = try KeySetDocument.check(answer)
            if let url {
                let age = min(freshness ?? 60, 60) * 1000
                services.cache("keys " + url, answer.body, milliseconds: max(age, 5000))
                services.cache("fetching " + url, [], milliseconds: 1)
            }
            accept(answer.body, freshness: freshness)
        } catch {
            if let url {
                services.cache("failed " + url, Array(error.reason.utf8), milliseconds: 400)
                services.cache("fetching " + url, [], milliseconds: 1)
            }
            services.log(.warning, "the key set: \(error.reason)")
            services.keysFailed()
            perform(keys, .failed, for: .keys)
        }
    }

    private func accept(_ bytes: [UInt8], freshness: Int64?) {
        do throws(DocumentRefusal) {
            let report = try KeySetDocument.read(bytes)
            for line in report.unusable { services.log(.warning, "the key set: \(line)") }
            if keysNotice != .keys(bytes) {
                services.log(.info, "the key set is loaded: \(report.count) usable keys")
                tell(.keys(bytes))
            }
            services.report(isReady: true, reason: "")
            services.keysConfirmed(report.count)
            if areKeysStarted { perform(keys, .succeeded(freshness: freshness), for: .keys) }
        } catch {
            services.log(.error, "the key set: \(error.reason)")
            services.keysFailed()
            if areKeysStarted { perform(keys, .failed, for: .keys) }
        }
    }

    private func readFile() {
        guard case .file(let path) = configuration.keys else { return }
        if let bytes = services.contents(of: path) {
            if keysNotice != .keys(bytes) {
                accept(bytes, freshness: nil)
            } else {
                services.keysConfirmed(nil)
            }
        } else if keysNotice == nil {
            services.log(.error, "the key set: \(path) cannot be read")
        }
        services.wake(.keys, after: Self.watchInterval)
    }
}

/// A key set as it came: what is checked before it replaces a good one.
enum KeySetDocument {
    /// What was read.
    struct Report: Equatable {
        let count: Int
        /// One line for each member that cannot be used.
        let unusable: [String]
    }

    /// Checks an answer; the seconds for which it is fresh, where it says so.
    static func check(_ answer: FetchedAnswer) throws(DocumentRefusal) -> Int64? {
        if let failure = answer.failure { throw DocumentRefusal(reason: failure) }
        guard answer.status == 200 else { throw DocumentRefusal(reason: "status \(answer.status)") }
        if let coding = answer.field("content-encoding"), !coding.isEmpty,
            coding.lowercased() != "identity"
        {
            throw DocumentRefusal(reason: "a content coding that was not asked for")
        }
        _ = try read(answer.body)
        return CacheDirectives(answer.field("cache-control")).freshness
    }

    /// Reads a set; one without a usable key never replaces another.
    static func read(_ bytes: [UInt8]) throws(DocumentRefusal) -> Report {
        do {
            let set = try KeySet(parsing: bytes)
            guard !set.keys.isEmpty else {
                let reasons = set.unusable.map(\.description).joined(separator: "; ")
                throw DocumentRefusal(reason: "no usable key. \(reasons)")
            }
            return Report(count: set.keys.count, unusable: set.unusable.map(\.description))
        } catch let refusal as DocumentRefusal {
            throw refusal
        } catch {
            throw DocumentRefusal(reason: "\(error)")
        }
    }
}
