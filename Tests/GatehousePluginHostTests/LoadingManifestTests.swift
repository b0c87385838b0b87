import GatehouseJSON
import Testing

@testable import GatehousePluginHost

@Suite("Loading: manifests")
struct LoadingManifestTests {
    let smallest: JSONObject = [
        "id": "org.example.one", "version": "1.2.3", "kind": "policy", "name": "one",
        "license": "Apache-2.0",
    ]

    @Test func `the smallest manifest`() throws {
        let manifest = try PluginManifest(.object(smallest))
        #expect(manifest.id == "org.example.one" && manifest.name == "one")
        #expect(manifest.orderClass == .normal && manifest.requires.isEmpty)
        #expect(manifest.hooks.isEmpty && manifest.summary == nil)
    }

    @Test func `the whole manifest`() throws {
        let manifest = try PluginManifest(
            parsing: Array(
                """
                {"id":"a.b","version":"1","kind":"provider","name":"b","orderClass":"normal",
                 "requires":["gatehouse.host.base/0"],"hooks":["rewrite_metadata/0","claims/0"],
                 "license":"MIT OR Apache-2.0","description":"An adapter.","x-team":{"a":[1]}}
                """.utf8))
        #expect(manifest.kind == .provider && manifest.hooks.count == 2)
        #expect(manifest.requires == ["gatehouse.host.base/0"])
        #expect(manifest.summary == "An adapter.")
    }

    @Test func `the order class of a kind`() throws {
        #expect(try with(["kind": "backend"]).orderClass == .backend)
        #expect(try with(["orderClass": "cors"]).orderClass == .cors)
        #expect(try with(["orderClass": "authentication"]).orderClass == .authentication)
    }

    @Test(
        arguments: [
            ["orderClass": "backend"], ["orderClass": "first"],
            ["kind": "backend", "orderClass": "cors"],
            ["kind": "provider", "orderClass": "cors"], ["kind": "filter"], ["kind": 1],
            ["name": ""], ["name": "1one"], ["name": "a/b"], ["name": "a b"], ["name": "\u{fc}"],
            ["id": "a b"], ["id": "a/b"], ["version": "1\n2"], ["version": "\u{202e}1"],
            ["version": .string(String(repeating: "1", count: 65))], ["license": nil],
            ["requires": "x"], ["requires": [1]], ["requires": [""]], ["requires": ["a", "a"]],
            ["requires": ["a b"]], ["hooks": ["a/0"]], ["unknown": 1], ["description": true],
        ] as [JSONObject])
    func `what a manifest must not be`(change: JSONObject) {
        #expect(throws: PluginRefusal.self) { try with(change) }
    }

    @Test(arguments: ["id", "version", "kind", "name", "license"])
    func `a required member is named when it is missing`(member: String) {
        var document = smallest
        document[member] = nil
        let error = #expect(throws: PluginRefusal.self) {
            try PluginManifest(.object(document))
        }
        #expect(error?.code == .badManifest)
        #expect(error?.reason.contains("\"\(member)\"") == true)
    }

    @Test(arguments: ["", "[]", "{", "null", "{\"id\":\"a\",\"id\":\"b\"}"])
    func `what is no JSON object`(text: String) {
        #expect(throws: PluginRefusal.self) { try PluginManifest(parsing: Array(text.utf8)) }
    }

    private func with(_ change: JSONObject) throws -> PluginManifest {
        var document = smallest
        for (key, value) in change { document[key] = value }
        return try PluginManifest(.object(document))
    }
}
