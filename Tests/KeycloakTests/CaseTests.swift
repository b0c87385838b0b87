import GatehouseJSON
import GatehousePluginKit
import GatehouseSchema
import GatehouseTesting
import Testing

@testable import KeycloakLogic

/// The recorded cases, by the library's entry: no network, no provider.
private let cases = HookCases.beside(#filePath)

@Suite("Keycloak adapter: recorded cases")
struct CaseTests {
    @Test(arguments: (try? cases.get()) ?? [])
    func `a hook answers as recorded`(recorded: HookCase) throws {
        let schema = try JSONSchema(JSONValue(parsing: KeycloakProvider.configurationSchema))
        if recorded.expectation != .error("refused") {
            #expect(schema.validate(recorded.configuration) == [])
        }
        let difference = recorded.difference { host, library in
            PluginLibrary.enter(host, library, offering: [.provider(KeycloakProvider.self)])
        }
        #expect(difference == nil, "\(difference ?? "")")
    }

    @Test func `every hook of the manifest has a case`() throws {
        let hooks = Set(try cases.get().map(\.hook))
        #expect(hooks.isSuperset(of: KeycloakProvider.manifest.hooks))
    }
}
