import CGatehouse
import GatehouseJSON
import Glibc
import Testing

@testable import GatehousePluginHost

/// DESIGN §6.8: a library is examined, probed and compared before it is used; a bad one becomes an
/// entry with a reason and never stops the gateway.
@Suite("Loading: the catalog of a directory")
struct LoadingCatalogTests {
    let fixtures = LoadingFixtures.shared

    @Test func `every fixture compiles`() {
        #expect(fixtures.complaints.isEmpty)
        #expect(!LoadingFixtures.names(in: fixtures.root + "/Tests/Fixtures/plugins").isEmpty)
    }

    @Test func `a policy and a provider are opened`() throws {
        let catalog = try open(["good_policy", "good_provider"])
        #expect(catalog.libraries.allSatisfy { $0.warnings.isEmpty })
        #expect(catalog.directoryProblems.isEmpty)
        let policy = try #require(catalog.plugin(kind: .policy, name: "fixture-policy"))
        #expect(policy.manifest.version == "1.0.0")
        #expect(policy.manifest.orderClass == .normal)
        #expect(policy.schema["properties"]?["note"]?["type"]?.stringValue == "string")
        let functions = try #require(policy.opened?.functions)
        #expect(functions.policy?.pointee.request_head != nil)
        #expect(functions.plugin.pointee.create != nil)
        #expect(functions.provider == nil)
        let provider = try #require(catalog.plugin(kind: .provider, name: "fixture-provider"))
        #expect(provider.manifest.hooks == ["echo/0"])
        #expect(provider.opened?.functions.provider?.pointee.call != nil)
        #expect(catalog.plugin(kind: .backend, name: "fixture-policy") == nil)
    }

    @Test func `a library may offer several plugins`() throws {
        let catalog = try open(["two_plugins"])
        #expect(catalog.plugins.map(\.manifest.name) == ["first", "second"])
        #expect(catalog.plugins.map(\.manifest.orderClass) == [.authentication, .normal])
        #expect(catalog.plugins.map(\.opened?.functions.index) == [0, 1])
    }

    @Test func `without a host nothing is opened, only probed`() throws {
        let catalog = try scan(["good_policy", "needs_service"], isOpening: false)
        #expect(catalog.plugins.count == 2)
        #expect(catalog.plugins.allSatisfy { $0.opened == nil })
    }

    @Test(arguments: [
        ("crash", PluginRefusal.Code.crashed, "SIGSEGV"),
        ("leave", .exited, "exit status 0"),
        ("missing_symbol", .missingSymbol, "gatehouse_plugin_entry_v1"),
        ("missing_descriptor", .missingDescriptor, ".gatehouse"),
        ("wrong_abi", .wrongABI, "version 2"),
        ("newer_minor", .wrongABI, "1.7"),
        ("undefined_symbol", .notLoadable, "nobody_defines_this"),
        ("bad_manifest", .badManifest, "orderClas"),
        ("wild_manifest", .crashed, "manifest"),
        ("differs", .differsFromProbe, "manifest"),
        ("broken_schema", .badSchema, "not JSON"),
        ("bad_schema", .badSchema, "unevaluatedProperties"),
        ("signal", .signalsChanged, "SIGUSR2"),
        ("scribble", .badReport, ""),
        ("entry_fails", .entryFailed, "-11"),
        ("no_provider_table", .entryFailed, "gatehouse.provider/0"),
        ("needs_service", .missingService, "gatehouse.host.telepathy/0"),
        ("knows_everything", .entryFailed, "interface"),
    ])
    func `a bad library is refused with a reason`(
        name: String, code: PluginRefusal.Code, words: String
    ) throws {
        let refusal = try #require(refusals(try open([name])).first)
        #expect(refusal.code == code, "\(refusal)")
        #expect(refusal.reason.contains(words) || words.isEmpty, "\(refusal)")
        #expect(!refusal.reason.contains("\n"))
    }

    @Test(arguments: ["hang", "fork_and_leave"])
    func `what does not come to an end does not hold up the gateway`(name: String) throws {
        var options = fixtures.options
        options.probeMs = name == "hang" ? 400 : 30_000
        let refusal = try #require(refusals(try scan([name], options: options)).first)
        #expect(refusal.code == (name == "hang" ? .timedOut : .exited), "\(refusal)")
    }

    @Test func `a crash quotes what the library said last`() throws {
        let refusal = try #require(refusals(try open(["crash"])).first)
        #expect(refusal.reason.hasSuffix("it said \"about to crash\""))
    }

    @Test func `a bad library does not disturb a good one`() throws {
        let catalog = try open(["crash", "good_policy", "leave", "wrong_abi"])
        #expect(catalog.plugins.map(\.manifest.name) == ["fixture-policy"])
        #expect(refusals(catalog).count == 3)
    }

    @Test func `noise on standard output is a warning`() throws {
        let catalog = try open(["noise"])
        #expect(catalog.plugins.count == 1)
        let warning = try #require(catalog.libraries.first?.warnings.first)
        #expect(warning.contains("hello from a constructor"))
    }

    @Test func `the second library that offers a name is refused and the first one works`() throws {
        let folder = try fixtures.directory(of: ["good_policy"])
        defer { LoadingFixtures.remove(folder) }
        let copy = try LoadingFixtures.read(folder + "/good_policy.so")
        try LoadingFixtures.write(copy, to: folder + "/later.so")
        let catalog = catalog(folder)
        #expect(catalog.plugins.count == 1)
        let refusal = try #require(refusals(catalog).first)
        #expect(refusal.code == .duplicateName)
        #expect(refusal.reason.contains("/good_policy.so"))
        // A refused library's own words stay known: its stand-in needs the order class.
        #expect(catalog.libraries.count == 2)
        #expect(Set(catalog.libraries.map(\.manifests)) == [catalog.plugins.map(\.manifest)])
    }

    @Test func `the run path of a library works from its private copy`() throws {
        let folder = LoadingFixtures.temporaryFolder()
        defer { LoadingFixtures.remove(folder) }
        mkdir(folder + "/plugins", 0o755)
        mkdir(folder + "/lib", 0o755)
        for (from, to) in [
            ("private_library.so", "plugins/private_library.so"),
            ("lib/libfixturehelper.so", "lib/libfixturehelper.so"),
        ] {
            let bytes = try LoadingFixtures.read(fixtures.folder + "/" + from)
            try LoadingFixtures.write(bytes, to: folder + "/" + to)
        }
        let catalog = catalog(folder + "/plugins")
        #expect(catalog.plugins.map(\.manifest.name) == ["private-library"])
        #expect(refusals(catalog) == [])
    }

    @Test func `opened libraries work after their private copies are gone`() throws {
        let root = LoadingFixtures.temporaryFolder()
        defer { LoadingFixtures.remove(root) }
        var options = fixtures.options
        options.copyRoots = [root]
        let catalog = try scan(["good_provider"], options: options)
        #expect(LoadingFixtures.names(in: root, suffix: "").filter { !$0.hasPrefix(".") } == [])
        let functions = try #require(catalog.plugins.first?.opened?.functions)
        let schema = try #require(functions.plugin.pointee.config_schema)
        #expect(schema(functions.library, 0).len == 17)
    }

    // MARK: Helpers

    private func open(_ names: [String]) throws -> PluginCatalog { try scan(names) }

    private func scan(
        _ names: [String], options: PluginCatalog.Options? = nil, isOpening: Bool = true
    ) throws -> PluginCatalog {
        let folder = try fixtures.directory(of: names)
        defer { LoadingFixtures.remove(folder) }
        return catalog(folder, options, isOpening: isOpening)
    }

    private func catalog(
        _ folder: String, _ options: PluginCatalog.Options? = nil, isOpening: Bool = true
    ) -> PluginCatalog {
        PluginCatalog(
            directory: folder, host: isOpening ? LoadingHost.pointer : nil,
            options: options ?? fixtures.options)
    }

    private func refusals(_ catalog: PluginCatalog) -> [PluginRefusal] {
        catalog.libraries.compactMap {
            guard case .failure(let refusal) = $0.outcome else { return nil }
            return refusal
        }
    }
}
