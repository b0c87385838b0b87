import GatehouseJOSE
import GatehouseJSON
import Glibc
import Testing

@testable import McpAuthenticationLogic

/// A folder for one test; gone with it.
final class TestFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/gatehouse-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw HelperError.noFolder }
        path = String(cString: made)
    }

    deinit {
        for name in ["keys.json", "keys.json.lock", "keys.json.new", "key.pem"] {
            unlink(path + "/" + name)
        }
        rmdir(path)
    }

    var keys: String { path + "/keys.json" }

    func write(_ text: String, as name: String, mode: mode_t = 0o600) throws {
        let descriptor = open(path + "/" + name, O_WRONLY | O_CREAT | O_TRUNC, mode)
        guard descriptor >= 0 else { throw HelperError.noFile }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count,
            fchmod(descriptor, mode) == 0
        else { throw HelperError.noFile }
    }

    enum HelperError: Error {
        case noFolder
        case noFile
    }
}

@Suite("What stands in the file of keys")
struct KeyFileContentsTests {
    private let day: Int64 = 86_400

    private func made(_ now: Int64) throws -> KeyFileContents {
        try #require(KeyFileContents(now: now))
    }

    @Test func `it reads what it writes`() throws {
        var contents = try made(1_000)
        let changed1 = contents.record("https://gw.test/mcp", route: "mcp")
        #expect(changed1)
        let changed2 = contents.record("https://gw.test/mcp", route: "mcp")
        #expect(!changed2)
        let changed3 = contents.rotate(now: 1_000 + 31 * day, longestLife: 90 * day)
        #expect(changed3)
        #expect(KeyFileContents(parsing: contents.serialized) == contents)
        #expect(contents.keys.count == 2)
    }

    @Test(arguments: [
        "", "{}", #"{"version":2,"keys":[]}"#, #"{"version":1,"keys":[]}"#,
        #"{"version":1,"keys":[{"secret":"AAAA","created":1}]}"#,
        #"{"version":1,"keys":[{"secret":"7","created":1}]}"#,
        #"{"version":1,"keys":[{"secret":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}"#,
    ])
    func `anything else is no such file`(text: String) {
        #expect(KeyFileContents(parsing: Array(text.utf8)) == nil)
    }

    @Test func `a key is added after 30 days and kept while anything it sealed may be good`() throws
    {
        var contents = try made(0)
        let first = contents.keys[0]
        let changed4 = contents.rotate(now: 30 * day, longestLife: 90 * day)
        #expect(!changed4)
        let second = 30 * day + 1
        let changed5 = contents.rotate(now: second, longestLife: 90 * day)
        #expect(changed5)
        #expect(contents.keys.count == 2 && contents.keys[1] == first)
        #expect(contents.keys[0].created == second && contents.keys[0].secret != first.secret)
        let changed6 = contents.rotate(now: second + 30 * day, longestLife: 90 * day)
        #expect(!changed6)
        let changed7 = contents.rotate(now: second + 30 * day + 1, longestLife: 90 * day)
        #expect(changed7)
        #expect(contents.keys.last == first)
        var later = contents
        let changed8 = later.rotate(now: second + 90 * day, longestLife: 90 * day)
        #expect(changed8)
        #expect(later.keys.last == first)
        let changed9 = contents.rotate(now: second + 90 * day + 1, longestLife: 90 * day)
        #expect(changed9)
        #expect(!contents.keys.contains(first))
    }
}

@Suite("The file of keys")
struct KeyFileTests {
    private func mode(_ path: String) -> mode_t? {
        var facts = stat()
        return stat(path, &facts) == 0 ? facts.st_mode & 0o777 : nil
    }

    @Test func `it is made for its owner alone, and read again with the same keys`() throws {
        let folder = try TestFolder()
        var file: KeyFile? = try KeyFile.hold(folder.keys, now: 5, longestLife: 100)
        let made = try #require(file?.contents)
        #expect(mode(folder.keys) == 0o600 && mode(folder.keys + ".lock") == 0o600)
        #expect(mode(folder.keys + ".new") == nil)
        #expect(file?.record("https://gw.test", route: "one") == true)
        file = nil
        let again = try KeyFile.hold(folder.keys, now: 6, longestLife: 100)
        #expect(again.contents.keys == made.keys)
        #expect(again.contents.issuers == ["one": "https://gw.test"])
    }

    @Test func `while one holds it another is refused`() throws {
        let folder = try TestFolder()
        let file = try KeyFile.hold(folder.keys, now: 5, longestLife: 100)
        #expect(throws: KeyFile.Refusal.held) {
            try KeyFile.hold(folder.keys, now: 5, longestLife: 100)
        }
        #expect(file.contents.keys.count == 1)
    }

    @Test func `what a crash left half written is replaced`() throws {
        let folder = try TestFolder()
        try folder.write("{\"version\":", as: "keys.json.new")
        let file = try KeyFile.hold(folder.keys, now: 5, longestLife: 100)
        #expect(try KeyFile.read(folder.keys) == file.contents)
    }

    @Test(arguments: [mode_t(0o640), 0o604, 0o660, 0o602])
    func `a file that others can open is refused`(mode: mode_t) throws {
        let folder = try TestFolder()
        _ = try KeyFile.hold(folder.keys, now: 5, longestLife: 100)
        chmod(folder.keys, mode)
        #expect(throws: KeyFile.Refusal.open(mode: mode)) { try KeyFile.read(folder.keys) }
    }

    @Test func `garbage, a folder and a path without a folder are refused`() throws {
        let folder = try TestFolder()
        try folder.write("no keys", as: "keys.json")
        #expect(throws: KeyFile.Refusal.malformed) {
            try KeyFile.hold(folder.keys, now: 5, longestLife: 100)
        }
        #expect(throws: KeyFile.Refusal.unreadable("it is no file")) {
            try KeyFile.read(folder.path)
        }
        #expect(throws: KeyFile.Refusal.unwritable("No such file or directory")) {
            try KeyFile.hold(folder.path + "/none/keys.json", now: 5, longestLife: 100)
        }
    }

    @Test func `an old key gets a successor on the disk when the file is opened`() throws {
        let folder = try TestFolder()
        _ = try KeyFile.hold(folder.keys, now: 5, longestLife: 9_000_000)
        let later = 5 + KeyFileContents.rotation + 1
        let file = try KeyFile.hold(folder.keys, now: later, longestLife: 9_000_000)
        #expect(file.contents.keys.map(\.created) == [later, 5])
        #expect(try KeyFile.read(folder.keys) == file.contents)
    }
}

@Suite("The ring of keys")
struct KeyRingTests {
    private let secret = [UInt8](repeating: 3, count: 32)
    private let other = [UInt8](repeating: 4, count: 48)

    private func load(
        _ keys: BrokerConfiguration.Keys, secrets: [[UInt8]]? = nil, isDryRun: Bool = false
    ) -> (ring: KeyRing?, remarks: [ConfigurationRemark]) {
        KeyRing.load(keys, secrets: secrets, now: 1_000, isDryRun: isDryRun)
    }

    @Test func `secrets seal and sign: the first does, all open and are published`() throws {
        var keys = BrokerConfiguration.Keys()
        keys.secrets = ["a", "b"]
        let both = try #require(load(keys, secrets: [secret, other]).ring)
        let one = try #require(load(keys, secrets: [other]).ring)
        #expect(!both.isGenerated)
        let text = one.sealer.seal([1], for: "code", context: "/mcp", until: 2_000)
        #expect(both.sealer.open(text, for: "code", context: "/mcp", now: 0) == .success([1]))
        #expect(both.signers.map(\.keyID).last == one.signers.first?.keyID)
        #expect(both.keySet["keys"]?.arrayValue?.count == 2)
        #expect(both.keySet["keys"]?[0]?["d"] == nil)
    }

    @Test func `a secret that is too short is refused where it stands, and nothing of it is said`()
        throws
    {
        var keys = BrokerConfiguration.Keys()
        keys.secrets = ["a", "b"]
        let result = load(keys, secrets: [secret, Array("short secret".utf8)])
        #expect(result.ring == nil)
        let remark = try #require(result.remarks.first)
        #expect(remark.isError && remark.pointer == "/keys/secrets/1" && !remark.suggestion.isEmpty)
        #expect(remark.message.contains("12 octets") && !remark.message.contains("short secret"))
    }

    @Test func `without configuration the process has one key, whoever asks`() throws {
        let one = try #require(load(.init()).ring)
        let two = try #require(load(.init()).ring)
        #expect(one.isGenerated)
        let text = one.sealer.seal([1], for: "code", context: "/mcp", until: 2_000)
        #expect(two.sealer.open(text, for: "code", context: "/mcp", now: 0) == .success([1]))
    }

    @Test func `the process shares one file, and the issuers of routes are kept in it`() throws {
        let folder = try TestFolder()
        var keys = BrokerConfiguration.Keys()
        keys.file = folder.keys
        let one = try #require(load(keys).ring)
        let two = try #require(load(keys).ring)
        #expect(one.isGenerated && one.signers.first?.keyID == two.signers.first?.keyID)
        #expect(one.recordedIssuer("mcp") == nil)
        #expect(one.record("https://gw.test/mcp", "mcp"))
        #expect(two.recordedIssuer("mcp") == "https://gw.test/mcp")
    }

    @Test func `a process that meets a file of another is told what replicas need`() throws {
        let folder = try TestFolder()
        let holder = try KeyFile.hold(folder.keys, now: 0, longestLife: 100)
        var keys = BrokerConfiguration.Keys()
        keys.file = folder.keys
        let result = load(keys)
        #expect(result.ring == nil)
        let remark = try #require(result.remarks.first)
        #expect(remark.pointer == "/keys/file" && remark.isError)
        #expect(remark.message.contains("serves one process; replicas need keys.secrets"))
        #expect(holder.contents.keys.count == 1)
    }

    @Test func `a dry run makes nothing and locks nothing, and sees what is wrong`() throws {
        let folder = try TestFolder()
        var keys = BrokerConfiguration.Keys()
        keys.file = folder.keys
        #expect(load(keys, isDryRun: true).ring != nil)
        #expect(access(folder.keys, F_OK) != 0 && access(folder.keys + ".lock", F_OK) != 0)
        let holder = try KeyFile.hold(folder.keys, now: 0, longestLife: 100)
        #expect(load(keys, isDryRun: true).remarks.isEmpty)
        chmod(folder.keys, 0o644)
        let remark = try #require(load(keys, isDryRun: true).remarks.first)
        #expect(remark.isError && remark.suggestion == "chmod 600 \(folder.keys)")
        #expect(holder.contents.keys.count == 1)
    }

    @Test func `PEM keys sign; RSA, garbage and a missing file are refused where they stand`()
        throws
    {
        let folder = try TestFolder()
        var keys = BrokerConfiguration.Keys()
        keys.signing = [folder.path + "/key.pem"]
        func remarks() -> [ConfigurationRemark] { load(keys, isDryRun: true).remarks }
        #expect(remarks().first?.message == "the file cannot be read")
        try folder.write(TestPEM.p256, as: "key.pem")
        let ring = try #require(load(keys).ring)
        #expect(ring.signers.map(\.algorithm) == [.es256])
        try folder.write(TestPEM.p256, as: "key.pem", mode: 0o644)
        #expect(remarks().map(\.isError) == [false])
        #expect(remarks().first?.suggestion == "chmod 600 \(folder.path)/key.pem")
        try folder.write(TestPEM.rsa, as: "key.pem")
        #expect(remarks().first?.message.contains("RSA") == true)
        try folder.write("x", as: "key.pem")
        #expect(remarks().first?.pointer == "/keys/signing/0/file")
        #expect(remarks().first?.isError == true)
    }
}

@Suite("The configuration of keys and tokens")
struct BrokerConfigurationTests {
    private func read(
        _ members: JSONObject
    ) -> (configuration: Configuration?, remarks: [ConfigurationRemark]) {
        var value: JSONObject = [
            "issuer": "https://as.test", "audiences": ["https://gw.test/mcp"],
            "resourceMetadata": [:],
        ]
        for (name, member) in members { value[name] = member }
        return ConfigurationReader.read(.object(value))
    }

    @Test func `the defaults are ten minutes, thirty days and no credential`() throws {
        let broker = try #require(read([:]).configuration).broker
        #expect(broker.accessLifetime == 600 && broker.refreshLifetime == 2_592_000)
        #expect(broker.upstreamCredential == .none && broker.clientKey == nil)
        #expect(broker.keys == .init())
    }

    @Test func `everything that is written is read`() throws {
        let read = read([
            "keys": ["secrets": ["s1", "s2"], "signing": [["file": "/a.pem"]]],
            "tokens": ["accessLifetime": "1m", "refreshLifetime": "8760h"],
            "upstreamCredential": ["header": "X-Api-Key", "secret": "s3"],
            "clientId": "gw", "clientKey": ["file": "/c.pem"], "delivery": "mediated",
        ])
        let broker = try #require(read.configuration).broker
        #expect(broker.keys.secrets == ["s1", "s2"] && broker.keys.signing == ["/a.pem"])
        #expect(broker.accessLifetime == 60 && broker.refreshLifetime == 31_536_000)
        #expect(broker.upstreamCredential == .field(name: "x-api-key", secret: "s3"))
        #expect(broker.clientKey == "/c.pem")
    }

    private static let refused: [(String, JSONValue, String)] = [
        ("tokens", ["accessLifetime": "59s"], "/tokens/accessLifetime"),
        ("tokens", ["accessLifetime": "11m"], "/tokens/accessLifetime"),
        ("tokens", ["refreshLifetime": "59m"], "/tokens/refreshLifetime"),
        ("tokens", ["refreshLifetime": "8761h"], "/tokens/refreshLifetime"),
        ("keys", ["secrets": ["s"], "file": "/k"], "/keys/file"),
        ("clientKey", ["file": "/c.pem"], "/clientKey"),
        ("upstreamCredential", ["header": "a b", "secret": "s"], "/upstreamCredential/header"),
        ("upstreamCredential", ["header": "Host", "secret": "s"], "/upstreamCredential/header"),
    ]

    @Test(arguments: BrokerConfigurationTests.refused)
    func `what cannot be used is refused where it stands`(
        name: String, value: JSONValue, pointer: String
    ) {
        let read = read([name: value])
        #expect(read.configuration == nil)
        #expect(read.remarks.contains { $0.isError && $0.pointer == pointer })
    }

    @Test func `validate says what a generated key and what replicas mean`() {
        var keys = BrokerConfiguration.Keys()
        #expect(KeyRemarks.of(keys, isBroker: true).message.contains("serves one process only"))
        keys.file = "/k"
        #expect(KeyRemarks.of(keys, isBroker: false).message.contains("serves one process only"))
        keys.secrets = ["s"]
        let message = KeyRemarks.of(keys, isBroker: true).message
        #expect(message.contains("60 s") && message.contains("10 minutes"))
        #expect(message.contains("exact within one process"))
    }
}
