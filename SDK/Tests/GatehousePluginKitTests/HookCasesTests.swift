import GatehouseJSON
import GatehousePluginKit
import GatehouseTesting
import Testing

/// An adapter that repeats its input, and refuses a configuration that says so.
private final class Repeating: ProviderPlugin {
    static let manifest = PluginManifest(
        id: "test.repeating", version: "1", kind: .provider, name: "repeating",
        hooks: ["repeat/0"], license: "Apache-2.0", summary: "For tests.")
    static let configurationSchema = "{}"

    init(_ context: CreationContext) throws(ConfigurationRefused) {
        if context.configuration["refuse"] == true { throw ConfigurationRefused() }
    }

    func call(_ hook: String, _ input: JSONValue) throws(HookFailure) -> JSONValue {
        guard hook == "repeat/0" else { throw HookFailure(error: .unsupported) }
        guard let value = input["value"] else { throw HookFailure(error: .invalid) }
        return ["value": value, "configuration": "none"]
    }
}

@Suite("Testing: recorded cases of hooks")
struct HookCasesTests {
    private func difference(
        _ expectation: HookCase.Expectation, hook: String = "repeat/0",
        configuration: JSONValue = [:], input: JSONValue = ["value": ["b": 1, "a": [2]]]
    ) -> String? {
        let recorded = HookCase(
            description: "a case", hook: hook, configuration: configuration, input: input,
            expectation: expectation)
        return recorded.difference { host, library in
            PluginLibrary.enter(host, library, offering: [.provider(Repeating.self)])
        }
    }

    @Test func `the whole answer is compared, whatever the order of members`() {
        #expect(
            difference(.output(["configuration": "none", "value": ["a": [2], "b": 1]])) == nil)
        #expect(difference(.output(["value": ["a": [2], "b": 1]])) != nil)
        #expect(
            difference(.output(["configuration": "none", "value": ["a": [3], "b": 1]])) != nil)
    }

    @Test func `a part of the answer is compared`() {
        #expect(difference(.includes(["value": ["b": 1, "absent": nil]])) == nil)
        #expect(difference(.includes(["value": ["b": 2]])) != nil)
        #expect(difference(.includes(["value": ["b": nil]])) != nil)
        #expect(difference(.includes(["value": ["c": 1]])) != nil)
        #expect(difference(.includes(["value": "text"])) != nil)
    }

    @Test func `failures are told apart`() {
        #expect(difference(.error("unsupported"), hook: "other/0") == nil)
        #expect(difference(.error("invalid"), hook: "other/0") != nil)
        #expect(difference(.error("invalid"), input: [:]) == nil)
        #expect(difference(.error("refused"), configuration: ["refuse": true]) == nil)
        #expect(difference(.error("refused")) != nil)
        #expect(difference(.output([:]), configuration: ["refuse": true]) != nil)
    }

    @Test func `a folder without cases is an error`() {
        #expect(throws: HookCasesError.self) { try HookCases.load("no such folder") }
    }
}
