import GatehouseJSON
import GatehouseSchema

@testable import GatehouseConfig

/// Plugins for tests: a decorating policy, one with a secret, a path and a provider, a backend.
enum TestPlugins {
    static let all: [InstalledPlugin] = [
        make(
            .policy, "cors", orderClass: "cors",
            #"""
            {"type":"object","additionalProperties":false,"properties":{
              "allowOrigins":{"type":"array","items":{"type":"string"}},
              "allowHeaders":{"type":"array","items":{"type":"string"}},
              "exposeHeaders":{"type":"array","items":{"type":"string"}},
              "allowCredentials":{"type":"boolean"},
              "maxAge":{"type":"string","format":"gatehouse-duration"}}}
            """#),
        make(.policy, "mcpAuthentication", orderClass: "authentication", authentication),
        make(
            .backend, "static",
            #"{"type":"object","required":["status"],"properties":{"status":{"type":"integer"}}}"#),
        make(
            .provider, "keycloak",
            #"""
            {"type":"object","additionalProperties":false,
             "properties":{"realm":{"type":"string"}}}
            """#
        ),
    ]

    private static let authentication = #"""
        {"type":"object","additionalProperties":false,"required":["issuer","audiences"],
         "properties":{
          "mode":{"enum":["strict","optional","permissive"]},
          "issuer":{"type":"string","minLength":1},
          "audiences":{"type":"array","items":{"type":"string"}},
          "jwks":{"oneOf":[
            {"type":"object","additionalProperties":false,"required":["url"],
             "properties":{"url":{"type":"string","minLength":1}}},
            {"type":"object","additionalProperties":false,"required":["file"],
             "properties":{"file":{"type":"string","format":"gatehouse-file"}}},
            {"type":"string","minLength":2}]},
          "provider":{"type":"object","minProperties":1,"maxProperties":1,
             "format":"gatehouse-provider"},
          "resourceMetadata":{"type":"object"},
          "clientId":{"type":"string"},
          "clientSecret":{"type":"string","format":"gatehouse-secret"},
          "jwtValidationOptions":{"type":"object"}}}
        """#

    private static func make(
        _ kind: InstalledPlugin.Kind, _ name: String, orderClass: String = "normal", _ text: String
    ) -> InstalledPlugin {
        do {
            let schema = try JSONSchema(JSONValue(parsing: text))
            return InstalledPlugin(kind: kind, name: name, orderClass: orderClass, schema: schema)
        } catch {
            fatalError("the schema of \(name): \(error)")
        }
    }
}

/// A loader with the test plugins and this environment.
func loader(_ environment: [String: String] = [:]) -> ConfigurationLoader {
    ConfigurationLoader(
        plugins: TestPlugins.all,
        unusable: [UnusablePlugin(name: "broken", reason: "the file is not ELF")],
        environment: environment)
}

extension ConfigurationLoader {
    func load(_ text: String) -> Outcome { load(text: text, name: "t.yaml", directory: "/etc/g") }
}
