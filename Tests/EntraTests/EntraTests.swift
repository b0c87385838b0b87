import GatehouseJSON
import GatehouseSchema
import Testing

@testable import EntraLogic

@Suite("Entra adapter")
struct EntraTests {
    @Test(
        arguments: [
            ["tenants": ["contoso.onmicrosoft.com"]], ["tenants": []], ["scopePrefix": "api://x"],
            ["scopePrefix": "a b/"], ["subject": "email"], ["endpoints": ["token": "no url"]],
            ["endpoints": ["other": "https://x/"]], ["defaultScopes": ["a b"]], ["unknown": true],
        ] as [JSONValue])
    func `the schema refuses`(configuration: JSONValue) throws {
        let schema = try JSONSchema(JSONValue(parsing: EntraConfiguration.schema))
        #expect(schema.validate(configuration) != [])
    }

    @Test func `a number of any length in a description is no trap`() {
        for text in ["AADSTS", "AADSTS\u{0661}", "AADSTS" + String(repeating: "9", count: 500)] {
            _ = EntraErrors.callback(["error": "x", "error_description": .string(text)])
        }
        #expect(EntraErrors.number(["error_description": "xAADSTS28003: y"]) == 28003)
        #expect(EntraErrors.number(["error_codes": ["28003"]]) == nil)
    }

    @Test(arguments: [
        "", "https:", "https://", "https://h/", "https:///t/v2.0", "h/t/v2.0", "ftp://h/t/v2.0",
    ])
    func `what is no issuer is none`(text: String) {
        #expect(EntraIssuer(text) == nil)
    }

    @Test func `many scopes cost no quadratic time`() {
        let many = (0..<20_000).map { "scope\($0)" }
        let client = "6e74172b-be56-4843-9ff4-e66a39bb12e3"
        let names = EntraScopes(EntraConfiguration())
        let asked = names.request(many + many, client: client, forIdentity: false)
        #expect(asked.count == many.count)
        #expect(
            names.visible(asked.joined(separator: " "), asked: []) == many.joined(separator: " "))
    }
}
