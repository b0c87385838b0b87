import GatehouseJOSE
import GatehouseJSON
import Testing

@testable import McpAuthenticationLogic

/// A host for the keeper: it records what is asked and answers nothing by itself.
private final class RecordingServices: KeeperServices {
    var now: Int64 = 0
    var fetches: [(plan: FetchPlan, purpose: KeeperPurpose)] = []
    var wakes: [(purpose: KeeperPurpose, after: Int64)] = []
    var notices: [LoopNotice] = []
    var settled: [WaitTopic] = []
    var ready: Bool?
    var files: [String: [UInt8]] = [:]
    var denies: Set<String> = []
    let shared: SharedCache

    init(_ shared: SharedCache = SharedCache()) { self.shared = shared }

    final class SharedCache {
        var values: [String: (value: [UInt8], until: Int64)] = [:]
    }

    func fraction() -> Double { 0 }
    func fetch(_ plan: FetchPlan, for purpose: KeeperPurpose) -> FetchStart {
        if plan.reaches.first == .configured, denies.contains(plan.url) { return .denied }
        fetches.append((plan, purpose))
        return .begun
    }
    func wake(_ purpose: KeeperPurpose, after: Int64) { wakes.append((purpose, after)) }
    func broadcast(_ notice: LoopNotice) { notices.append(notice) }
    func settle(_ topic: WaitTopic) { settled.append(topic) }
    func log(_ level: LogLevel, _ message: String) {}
    func report(isReady: Bool, reason: String) { ready = isReady }
    var confirmed: [Int?] = []
    var failures = 0
    func keysConfirmed(_ count: Int?) { confirmed.append(count) }
    func keysDropped() { confirmed.append(0) }
    func keysFailed() { failures += 1 }
    func contents(of path: String) -> [UInt8]? { files[path] }
    func cached(_ key: String) -> [UInt8]? {
        shared.values[key].flatMap { $0.until > now ? $0.value : nil }
    }
    func cache(_ key: String, _ value: [UInt8], milliseconds: Int64) {
        shared.values[key] = (value, now + milliseconds)
    }
    func cacheIfAbsent(_ key: String, _ value: [UInt8], milliseconds: Int64) -> Bool {
        if cached(key) != nil { return false }
        cache(key, value, milliseconds: milliseconds)
        return true
    }
}

/// A key set with one fresh ES256 key.
private func keySet() throws -> [UInt8] {
    let key = try SigningKey.generate(.es256, keyID: "k1")
    let document: JSONValue = ["keys": .array([.object(try key.publicJWK())])]
    return document.serializedBytes(.compact)
}

private func good(_ body: [UInt8]) -> FetchedAnswer {
    FetchedAnswer(status: 200, fields: [("content-type", "application/json")], body: body)
}

@Suite("mcpAuthentication: the keeper of keys and metadata")
struct KeeperTests {
    private func configuration(_ more: String) throws -> Configuration {
        let text =
            #"{"issuer": "https://as.test/r", "audiences": ["a"], "resourceMetadata": {}\#(more)}"#
        return try #require(
            ConfigurationReader.read(try JSONValue(parsing: text)).configuration)
    }

    @Test func `a key set is fetched, told to the loops and refreshed`() throws {
        let services = RecordingServices()
        let keeper = Keeper(
            try configuration(#", "jwks": {"url": "https://as.test/k"}"#), discovery: nil,
            services: services)
        keeper.start()
        #expect(services.fetches.map(\.plan.url) == ["https://as.test/k"])
        #expect(services.ready == false)
        let set = try keySet()
        keeper.answered(.keys, good(set))
        #expect(services.notices == [.keys(set)])
        #expect(services.settled == [.keys])
        #expect(services.ready == true)
        #expect(services.wakes.last?.purpose == .keys)
        #expect(services.wakes.last?.after == 900_000)
    }

    @Test func `what is no key set never replaces a good one, and retries go on`() throws {
        let services = RecordingServices()
        let keeper = Keeper(
            try configuration(#", "jwks": {"url": "https://as.test/k"}"#), discovery: nil,
            services: services)
        keeper.start()
        let set = try keySet()
        keeper.answered(.keys, good(set))
        for bad in ["", "{}", "<html>", #"{"keys":[]}"#, #"{"keys":[{"kty":"oct","k":"AA"}]}"#] {
            services.now += 31 * 60_000
            keeper.woken(.keys)
            keeper.answered(.keys, good(Array(bad.utf8)))
            #expect(services.wakes.last?.purpose == .keys)
        }
        #expect(services.notices == [.keys(set)])
    }

    @Test func `two instances of one URL share one fetch of the process`() throws {
        let shared = RecordingServices.SharedCache()
        let (first, second) = (RecordingServices(shared), RecordingServices(shared))
        let configuration = try configuration(#", "jwks": {"url": "https://as.test/k"}"#)
        let one = Keeper(configuration, discovery: nil, services: first)
        let other = Keeper(configuration, discovery: nil, services: second)
        one.start()
        other.start()
        #expect(first.fetches.count == 1)
        #expect(second.fetches.isEmpty)
        #expect(second.wakes.last?.purpose == .keysShared)
        let set = try keySet()
        one.answered(.keys, good(set))
        second.now = 50
        other.woken(.keysShared)
        #expect(second.notices == [.keys(set)])
        #expect(second.fetches.isEmpty)
    }

    @Test func `a shared fetch that failed fails for all and is retried`() throws {
        let shared = RecordingServices.SharedCache()
        let (first, second) = (RecordingServices(shared), RecordingServices(shared))
        let configuration = try configuration(#", "jwks": {"url": "https://as.test/k"}"#)
        let one = Keeper(configuration, discovery: nil, services: first)
        let other = Keeper(configuration, discovery: nil, services: second)
        one.start()
        other.start()
        one.answered(.keys, FetchedAnswer(status: 503))
        second.now = 50
        other.woken(.keysShared)
        #expect(second.settled == [.keys])
        #expect(second.fetches.isEmpty)
        second.now = 600
        other.woken(.keys)
        #expect(second.fetches.count == 1)
    }

    @Test func `a demand for an unknown key is answered by one fetch (G96)`() throws {
        let services = RecordingServices()
        let keeper = Keeper(
            try configuration(#", "jwks": {"url": "https://as.test/k"}"#), discovery: nil,
            services: services)
        keeper.start()
        keeper.answered(.keys, good(try keySet()))
        services.now = 60_000
        keeper.woken(.keysDemanded)
        keeper.woken(.keysDemanded)
        #expect(services.fetches.count == 2)
        let rotated = try keySet()
        keeper.answered(.keys, good(rotated))
        #expect(services.notices.last == .keys(rotated))
        services.now = 61_000
        keeper.woken(.keysDemanded)
        #expect(services.fetches.count == 2)
        #expect(services.settled.last == .keys)
    }

    @Test func `keys are found by the issuer's document, and its URL is judged`() throws {
        let services = RecordingServices()
        let configuration = try configuration("")
        let issuer = try #require(configuration.issuerURL)
        let keeper = Keeper(
            configuration, discovery: .standard(issuer: issuer, text: configuration.issuer),
            services: services)
        keeper.start()
        #expect(
            services.fetches.map(\.plan.url) == [
                "https://as.test/.well-known/oauth-authorization-server/r"
            ])
        keeper.answered(.metadata, FetchedAnswer(status: 404))
        #expect(
            services.fetches.last?.plan.url == "https://as.test/.well-known/openid-configuration/r")
        let document = #"{"issuer":"https://as.test/r","jwks_uri":"https://keys.test/k"}"#
        keeper.answered(.metadata, good(Array(document.utf8)))
        #expect(services.notices == [.metadata(Array(document.utf8), isPrivate: false)])
        #expect(services.fetches.last?.plan.url == "https://keys.test/k")
        #expect(services.fetches.last?.plan.reaches == [.configured, .publicOnly])
    }

    @Test func `a URL of a document that the operator does not allow is fetched in public only`()
        throws
    {
        let services = RecordingServices()
        services.denies = ["https://keys.test/k"]
        let configuration = try configuration("")
        let issuer = try #require(configuration.issuerURL)
        let keeper = Keeper(
            configuration, discovery: .standard(issuer: issuer, text: configuration.issuer),
            services: services)
        keeper.start()
        let document = #"{"issuer":"https://as.test/r","jwks_uri":"https://keys.test/k"}"#
        keeper.answered(.metadata, good(Array(document.utf8)))
        #expect(services.fetches.last?.plan.reaches == [.publicOnly])
    }

    @Test func `without any document the loops learn why (OM-061, OM-083)`() throws {
        func notice(_ answer: FetchedAnswer) throws -> LoopNotice? {
            let services = RecordingServices()
            let configuration = try configuration(#", "jwks": {"keys": []}"#)
            let issuer = try #require(configuration.issuerURL)
            let keeper = Keeper(
                configuration, discovery: .standard(issuer: issuer, text: configuration.issuer),
                services: services)
            keeper.start()
            for _ in 0..<4 { keeper.answered(.metadata, answer) }
            #expect(services.settled.contains(.metadata))
            return services.notices.last
        }
        #expect(try notice(FetchedAnswer(status: 500)) == .noMetadata(isInvalid: false))
        #expect(
            try notice(FetchedAnswer(status: 0, failure: "io")) == .noMetadata(isInvalid: false))
        #expect(try notice(good(Array("[]".utf8))) == .noMetadata(isInvalid: true))
    }

    @Test func `a file is watched, and a bad version replaces nothing`() throws {
        let services = RecordingServices()
        let set = try keySet()
        services.files["/k"] = set
        let keeper = Keeper(
            try configuration(#", "jwks": {"file": "/k"}"#), discovery: nil, services: services)
        keeper.start()
        #expect(services.notices == [.keys(set)])
        services.files["/k"] = [1, 2, 3]
        keeper.woken(.keys)
        let newer = try keySet()
        services.files["/k"] = newer
        keeper.woken(.keys)
        services.files["/k"] = nil
        keeper.woken(.keys)
        #expect(services.notices == [.keys(set), .keys(newer)])
        #expect(services.wakes.last?.after == Keeper.watchInterval)
    }

    @Test func `a loop that starts is told what is current`() throws {
        let services = RecordingServices()
        let set = try keySet()
        services.files["/k"] = set
        let keeper = Keeper(
            try configuration(#", "jwks": {"file": "/k"}"#), discovery: nil, services: services)
        keeper.start()
        keeper.woken(.greeted)
        #expect(services.notices == [.keys(set), .keys(set)])
    }

    @Test func `notices travel as a number and bytes`() {
        for notice in [
            LoopNotice.keys([1]), .noKeys, .metadata([2], isPrivate: true),
            .metadata([3], isPrivate: false), .noMetadata(isInvalid: true),
            .noMetadata(isInvalid: false),
        ] {
            #expect(LoopNotice(token: notice.token, payload: notice.payload) == notice)
        }
        #expect(LoopNotice(token: 99, payload: []) == nil)
    }
}

@Suite("mcpAuthentication: judging a token")
struct TokenJudgeTests {
    private let now: Int64 = 1_800_000_000_000_000_000

    private func setUp() throws -> (SigningKey, KeySet, TokenJudge) {
        let key = try SigningKey.generate(.es256, keyID: "k1")
        let set = KeySet(keys: [try key.verificationKey()])
        let text =
            #"{"issuer": "https://as.test", "audiences": ["https://gw/mcp"],"#
            + #" "resourceMetadata": {}, "jwks": {"keys": []}}"#
        let configuration = try #require(
            ConfigurationReader.read(try JSONValue(parsing: text)).configuration)
        return (key, set, TokenJudge(configuration))
    }

    private func claims(_ change: JSONObject = [:]) -> JSONObject {
        var claims: JSONObject = [
            "iss": "https://as.test", "aud": "https://gw/mcp", "exp": 1_800_000_100,
            "client_id": "c-1",
        ]
        for (key, value) in change { claims[key] = value.isNull ? JSONValue?.none : value }
        return claims
    }

    @Test func `a good token is remembered with its times and its client`() throws {
        let (key, set, judge) = try setUp()
        var budget = 1
        let token = Array(try key.token(claims: claims(["nbf": 1_799_999_990])).utf8)
        let verdict = judge.judge(token, keys: [set], now: now, budget: &budget)
        #expect(
            verdict
                == .accepted(
                    TokenEntry(
                        expiresAt: 1_800_000_160_000_000_000, validFrom: 1_799_999_930_000_000_000,
                        clientID: Array("c-1".utf8))))
        #expect(budget <= 0)
        #expect(judge.judge(token, keys: [set], now: now, budget: &budget) == .busy)
    }

    @Test(
        arguments: [
            ["iss": "https://evil"], ["aud": "https://other"], ["exp": 1_799_999_000], ["iss": nil],
            ["aud": nil], ["exp": nil], ["nbf": 1_900_000_000], ["cnf": ["jkt": "x"]],
        ] as [JSONObject])
    func `what the claims say is refused before any signature is verified (G91 to G93, G100)`(
        change: JSONObject
    ) throws {
        let (key, set, judge) = try setUp()
        var budget = 1
        let token = Array(try key.token(claims: claims(change)).utf8)
        guard case .refused = judge.judge(token, keys: [set], now: now, budget: &budget) else {
            Issue.record("not refused")
            return
        }
        #expect(budget == 1)
    }

    @Test func `an unknown key and a bad signature ask for other keys (G96)`() throws {
        let (_, set, judge) = try setUp()
        let (reused, _, _) = try setUp()
        let unknown = try SigningKey.generate(.es256, keyID: "k2")
        for key in [reused, unknown] {
            var budget = 1
            let token = Array(try key.token(claims: claims()).utf8)
            guard case .needsOtherKeys = judge.judge(token, keys: [set], now: now, budget: &budget)
            else {
                Issue.record("the verdict is another")
                continue
            }
        }
    }

    @Test func `an adapter may refuse a token by its claims`() throws {
        let (key, set, judge) = try setUp()
        var budget = 2
        let token = Array(try key.token(claims: claims()).utf8)
        let refused = judge.judge(token, keys: [set], now: now, budget: &budget) { _ in
            .rejected("an ID token")
        }
        #expect(refused == .refused(reason: "an ID token"))
    }

    @Test(arguments: ["", "a", "a.b.c", "....", "eyJhbGciOiJub25lIn0.e30."])
    func `what is no token is refused without work (G90, G99)`(text: String) throws {
        let (_, set, judge) = try setUp()
        var budget = 1
        guard
            case .refused = judge.judge(Array(text.utf8), keys: [set], now: now, budget: &budget)
        else {
            Issue.record("not refused")
            return
        }
    }
}
