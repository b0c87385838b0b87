import GatehouseJSON
import Testing

@testable import GatehouseConfig

/// The schema with the test plugins is Golden/schema.expected; check_schema.py beside this file
/// holds every golden configuration against it with PyPI's jsonschema.
@Suite("The JSON Schema of the file")
struct ConfigurationSchemaTests {
    let schema = ConfigurationSchema(plugins: TestPlugins.all).document

    @Test func `it is as expected`() throws {
        try Golden.compare(schema.serialized(.pretty) + "\n", "schema")
    }

    @Test func `the plugins are in it by kind and name`() {
        let definitions = schema["$defs"]?.objectValue?.keys ?? []
        #expect(
            definitions == [
                "policy.cors", "policy.mcpAuthentication", "backend.static", "provider.keycloak",
            ])
        let route = schema["properties"]?["binds"]?["items"]?["properties"]?["listeners"]?["items"]
        let keys = route?["properties"]?["routes"]?["items"]?["properties"]
        #expect(keys?["policies"]?["properties"]?["cors"] != nil)
        #expect(keys?["backends"]?["items"]?["properties"]?["static"] != nil)
        #expect(keys?["policies"]?["additionalProperties"]?.boolValue == false)
    }

    @Test func `a secret may be a file, and a provider is one that is installed`() {
        let policy = schema["$defs"]?["policy.mcpAuthentication"]?["properties"]
        #expect(policy?["clientSecret"]?["anyOf"]?.arrayValue?.count == 2)
        #expect(policy?["provider"]?["properties"]?["keycloak"] != nil)
        #expect(policy?["provider"]?["additionalProperties"]?.boolValue == false)
    }
}
