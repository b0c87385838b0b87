import GatehouseJSON
import GatehouseSchema
import Testing

@testable import OidcLogic

@Suite("oidc adapter: presets")
struct PresetTests {
    private func schema() throws -> JSONSchema {
        try JSONSchema(JSONValue(parsing: OidcProfile.schema))
    }

    @Test(arguments: OidcPresets.texts.keys.sorted())
    func `a preset is a profile that the schema allows`(name: String) throws {
        let text = try #require(OidcPresets.texts[name])
        #expect(try schema().validate(JSONValue(parsing: text)) == [])
        #expect(try schema().validate(["preset": .string(name)]) == [])
        let profile = try #require(OidcProfile(["preset": .string(name)]))
        #expect(["always", "never", "maybe"].contains(profile.emitsIssuer))
    }

    @Test func `the schema knows no other preset`() throws {
        #expect(try !schema().validate(["preset": "acme"]).isEmpty)
        let named = try JSONValue(parsing: OidcProfile.schema)["properties"]?["preset"]?["enum"]
        #expect(named?.arrayValue?.compactMap(\.stringValue) == OidcPresets.texts.keys.sorted())
    }

    @Test(arguments: [
        #"{"verify": {"algorithms": ["HS256"]}}"#, #"{"verify": {"kind": "trust"}}"#,
        #"{"audience": []}"#, #"{"issuers": {"tokens": [{"issuer": "x", "claim": "tid"}]}}"#,
        #"{"claims": {"sub": ["sub"]}}"#, #"{"delivery": "hybrid"}"#,
        #"{"registration": {"authMethod": "private_key_jwt"}}"#,
        #"{"verify": {"rejectIf": [{"claim": "x"}]}}"#, #"{"unknown": 1}"#,
    ])
    func `the schema refuses what is no profile`(text: String) throws {
        #expect(try !schema().validate(JSONValue(parsing: text)).isEmpty)
    }
}
