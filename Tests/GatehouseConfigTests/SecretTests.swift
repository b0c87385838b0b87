import GatehouseJSON
import Glibc
import Testing

@testable import GatehouseConfig

/// A directory of its own for one test, removed with it.
private final class Folder {
    let path: String

    init() throws {
        var template = Array("/tmp/gatehouse-config-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        for name in ["secret", "key.pem", "cert.pem", "config.yaml"] { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    func write(_ name: String, _ text: String, mode: mode_t) throws {
        let file = try #require(fopen("\(path)/\(name)", "w"))
        fputs(text, file)
        fclose(file)
        chmod("\(path)/\(name)", mode)
    }
}

@Suite("Secrets and files")
struct SecretTests {
    private static let config = """
        port: 3000
        upstream: localhost:1
        policies:
          mcpAuthentication:
            issuer: https://a.example
            audiences: []
            clientSecret: {file: ./secret}
            jwks: {file: jwks.json}

        """

    @Test func `a secret of a file becomes a reference, relative to the configuration`() throws {
        let folder = try Folder()
        try folder.write("secret", "s3cret\n", mode: 0o600)
        try folder.write("config.yaml", Self.config, mode: 0o644)
        let outcome = loader().load(file: "\(folder.path)/config.yaml")
        #expect(outcome.diagnostics.isEmpty)
        let configuration = try #require(outcome.configuration)
        let use = try #require(configuration.routes.first?.policies.first)
        let reference = "file:\(folder.path)/secret"
        #expect(use.secretReferences == [reference])
        #expect(configuration.secrets.value(of: reference) == Array("s3cret".utf8))
        #expect(configuration.secrets.value(of: "other") == nil)
        let json = try JSONValue(parsing: use.configurationJSON)
        #expect(json["clientSecret"]?.stringValue == reference)
        #expect(json["jwks"]?["file"]?.stringValue == "\(folder.path)/jwks.json")
        #expect(!"\(configuration)".contains("s3cret"))
        #expect(!String(reflecting: configuration).contains("s3cret"))
    }

    @Test(arguments: [(0o640 as mode_t, 0), (0o644, 1), (0o604, 1)])
    func `a secret that everybody may read is a warning`(mode: mode_t, warnings: Int) throws {
        let folder = try Folder()
        try folder.write("secret", "s3cret", mode: mode)
        try folder.write("config.yaml", Self.config, mode: 0o600)
        let outcome = loader().load(file: "\(folder.path)/config.yaml")
        #expect(outcome.configuration != nil)
        #expect(outcome.diagnostics.map(\.severity) == Array(repeating: .warning, count: warnings))
    }

    @Test func `a secret file that is not there or empty is an error`() throws {
        let folder = try Folder()
        try folder.write("config.yaml", Self.config, mode: 0o600)
        let missing = loader().load(file: "\(folder.path)/config.yaml")
        #expect(
            missing.diagnostics.map(\.message) == ["the secret file './secret' does not exist"])
        try folder.write("secret", "\n", mode: 0o600)
        let empty = loader().load(file: "\(folder.path)/config.yaml")
        #expect(empty.diagnostics.map(\.message) == ["the secret file './secret' is empty"])
    }

    @Test(arguments: [(0o600 as mode_t, true), (0o644, false)])
    func `a private key that everybody may read is an error`(mode: mode_t, isGood: Bool) throws {
        let folder = try Folder()
        try folder.write("cert.pem", "c", mode: 0o644)
        try folder.write("key.pem", "k", mode: mode)
        let text = """
            port: 3000
            upstream: https://localhost:1
            policies:
              backendTLS: {cert: cert.pem, key: key.pem}
            """
        let outcome = loader().load(text: text, name: "t.yaml", directory: folder.path)
        #expect((outcome.configuration != nil) == isGood)
        #expect(outcome.diagnostics.count == (isGood ? 0 : 1))
    }

    @Test func `a file that cannot be read is one diagnostic`() {
        let outcome = loader().load(file: "/nonexistent/config.yaml")
        #expect(
            outcome.diagnostics.rendered()
                == "/nonexistent/config.yaml:1:1: error: the configuration file does not exist\n")
        #expect(loader().load(file: "/tmp").configuration == nil)
    }

    @Test func `what a plugin says gets its place, and no secret is shown`() throws {
        let text = """
            port: 3000
            upstream: localhost:1
            policies:
              mcpAuthentication:
                issuer: https://a.example
                audiences: [one, two]
                clientSecret: hunter2

            """
        let use = try #require(loader().load(text).configuration?.routes.first?.policies.first)
        let map = use.sourceMap
        #expect("\(map.position(of: "/audiences/1"))" == "t.yaml:6:22")
        #expect("\(map.position(of: "/audiences"))" == "t.yaml:6:5")
        #expect("\(map.position(of: "/audiences/7/x"))" == "t.yaml:6:5")
        #expect("\(map.position(of: ""))" == "t.yaml:4:3")
        #expect("\(map.position(of: "nonsense"))" == "t.yaml:4:3")
        let said = map.diagnostic(.error, at: "/clientSecret", message: "is too short")
        #expect(said.position.line == 7)
        #expect(!said.rendered().contains("hunter2"))
    }
}
