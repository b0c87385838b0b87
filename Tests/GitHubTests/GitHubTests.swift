import GatehouseJSON
import GatehouseSchema
import Testing

@testable import GitHubLogic

@Suite("GitHub adapter")
struct GitHubTests {
    @Test(
        arguments: [
            ["scopes": ["a b"]], ["allowedUsers": []], ["allowedOrganizations": [""]],
            ["host": "https://git.example.com"], ["host": "git/x"],
            ["endpoints": ["api": "no url"]],
            ["endpoints": ["other": "https://x/"]], ["unknown": true],
        ] as [JSONValue])
    func `the schema refuses`(configuration: JSONValue) throws {
        let schema = try JSONSchema(JSONValue(parsing: GitHubConfiguration.schema))
        #expect(schema.validate(configuration) != [])
    }

    @Test func `what is asked and what is read is one order`() throws {
        let configuration = GitHubConfiguration(["checkApplication": true, "organizations": true])
        let input = HookInput([
            "issuer": "https://github.com/login/oauth", "client_id": "c", "delivery": "broker",
        ])
        let probe = try GitHubProbe.verification(input, configuration)["probe"]?.arrayValue
        let paths = probe?.compactMap { $0["url"]?.stringValue?.split(separator: "/").last }
        #expect(paths == ["user", "token", "orgs?per_page=100"])
    }
}
