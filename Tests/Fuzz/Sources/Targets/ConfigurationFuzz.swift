import GatehouseConfig
import GatehouseJSON
import GatehouseSchema

/// A configuration: a model, or errors that each point into the file.
enum ConfigurationFuzz {
    static func check(_ input: UnsafeRawBufferPointer) throws {
        let outcome = loader.load(bytes: Array(input), name: "f.yaml", directory: "/nonexistent")
        let hasError = outcome.diagnostics.contains { $0.severity == .error }
        try hold(
            hasError == (outcome.configuration == nil), "refused without an error, or both")
        try hold(outcome.diagnostics.count <= 101, "\(outcome.diagnostics.count) diagnostics")
        let lines = lineCount(input)
        for diagnostic in outcome.diagnostics {
            let place = diagnostic.position
            try hold(place.file == "f.yaml", "a diagnostic of another file: \(place)")
            // The end of a file may be the line behind its last.
            try hold((1...lines + 1).contains(place.line), "\(place) of \(lines) lines")
            try hold(place.column >= 1 && place.column <= input.count + 1, "\(place): column")
            try hold(!diagnostic.message.isEmpty, "a diagnostic without words")
            let shown = diagnostic.rendered()
            try hold(shown.hasPrefix("\(place): "), "rendered without its place")
            try hold(!shown.contains(secret), "a secret is shown: \(shown)")
        }
    }

    private static func lineCount(_ input: UnsafeRawBufferPointer) -> Int {
        var count = 1
        for scalar in input.text.unicodeScalars
        where ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar) {
            count += 1
        }
        return count
    }

    /// What `${FUZZ_SECRET}` stands for.
    private static let secret = "hunter2-hunter2"

    private static let loader = ConfigurationLoader(
        plugins: [
            plugin(
                .policy, "cors", "cors",
                #"""
                {"type":"object","additionalProperties":false,"properties":{
                  "allowOrigins":{"type":"array","items":{"type":"string"}},
                  "allowCredentials":{"type":"boolean"},
                  "maxAge":{"type":"string","format":"gatehouse-duration"}}}
                """#),
            plugin(
                .policy, "auth", "authentication",
                #"""
                {"type":"object","additionalProperties":false,"required":["issuer"],
                 "properties":{
                  "issuer":{"type":"string","minLength":1},
                  "audiences":{"type":"array","items":{"type":"string"}},
                  "jwks":{"oneOf":[
                    {"type":"object","additionalProperties":false,"required":["url"],
                     "properties":{"url":{"type":"string","minLength":1}}},
                    {"type":"string","minLength":2}]},
                  "provider":{"type":"object","minProperties":1,"maxProperties":1,
                     "format":"gatehouse-provider"},
                  "clientSecret":{"type":"string","format":"gatehouse-secret"}}}
                """#),
            plugin(
                .backend, "static", "backend",
                #"{"type":"object","properties":{"status":{"type":"integer"}}}"#),
            plugin(
                .provider, "realms", "normal",
                #"{"type":"object","properties":{"realm":{"type":"string"}}}"#),
        ].compactMap(\.self),
        unusable: [UnusablePlugin(name: "broken", reason: "the file is not ELF")],
        environment: ["HOME": "/home/x", "FUZZ_SECRET": secret])

    private static func plugin(
        _ kind: InstalledPlugin.Kind, _ name: String, _ order: String, _ text: String
    ) -> InstalledPlugin? {
        guard let document = try? JSONValue(parsing: text), let schema = try? JSONSchema(document)
        else { return nil }
        return InstalledPlugin(kind: kind, name: name, orderClass: order, schema: schema)
    }
}
