import Testing

/// The modules outside the standard library that a target's files may name.
///
/// It is the table of docs/architecture.md; a module that is not listed here is refused.
private let allowed: [(folder: String, modules: Set<String>)] = [
    ("SDK/Sources/GatehouseJSON", ["Glibc"]),
    ("SDK/Sources/GatehousePluginKit", ["CGatehouse", "GatehouseJSON", "Glibc"]),
    ("SDK/Sources/GatehouseTesting", ["CGatehouse", "GatehouseJSON", "Glibc", "Synchronization"]),
    ("Sources/GatehouseHTTP", ["Glibc"]),
    ("Sources/GatehouseRegex", ["Glibc"]),
    ("Sources/GatehouseSchema", ["GatehouseJSON", "GatehouseRegex"]),
    (
        "Sources/GatehouseConfig",
        ["CLibYAML", "GatehouseJSON", "GatehouseRegex", "GatehouseSchema", "Glibc"]
    ),
    (
        "Sources/GatehousePluginHost",
        [
            "CGatehouse", "CGatehouseHost", "GatehouseHTTP", "GatehouseJSON", "GatehouseSchema",
            "Glibc", "Synchronization",
        ]
    ),
    (
        "Sources/GatehouseProxy",
        [
            "CGatehouse", "CGatehouseHost", "GatehouseHTTP", "GatehousePluginHost",
            "GatehouseRegex", "Glibc", "Logging", "NIOConcurrencyHelpers", "NIOCore", "NIOPosix",
            "NIOSSL", "NIOTLS", "Synchronization",
        ]
    ),
    (
        "Sources/GatehouseRuntime",
        [
            "CGatehouse", "CGatehouseHost", "GatehouseConfig", "GatehouseHTTP", "GatehouseJSON",
            "GatehousePluginHost", "GatehouseProxy", "GatehouseRegex", "GatehouseSchema", "Glibc",
            "Logging", "NIOCore", "NIOPosix", "Synchronization",
        ]
    ),
    ("Sources/gatehouse", ["ArgumentParser", "GatehouseRuntime", "Glibc"]),
    ("Sources/GatehouseJOSE", ["CLibCrypto", "GatehouseJSON", "Glibc", "Synchronization"]),
    ("Plugins/Policies/Cors/Logic", ["GatehouseJSON", "GatehousePluginKit"]),
    (
        "Plugins/Policies/McpAuthentication/Logic",
        ["GatehouseJOSE", "GatehouseJSON", "GatehousePluginKit", "Glibc", "Synchronization"]
    ),
    ("Plugins/Providers/Keycloak/Logic", ["GatehouseJSON", "GatehousePluginKit"]),
    ("Plugins/Providers/Entra/Logic", ["GatehouseJSON", "GatehousePluginKit"]),
    ("Plugins/Providers/GitHub/Logic", ["GatehouseJSON", "GatehousePluginKit"]),
    ("Plugins/Providers/Oidc/Logic", ["GatehouseJSON", "GatehousePluginKit"]),
]

/// The C export of a plugin knows its own logic, the kit and the contract.
private func exportModules(of plugin: String) -> Set<String> {
    ["CGatehouse", "GatehousePluginKit", "\(plugin)Logic"]
}

@Suite("House rules: who may import whom")
struct ImportTests {
    @Test func `every target imports only what the table allows it`() {
        var wrong: [String] = []
        for (folder, modules) in allowed {
            let files = SourceTree.files(in: [folder], ["swift"])
            #expect(!files.isEmpty, "\(folder) holds no Swift file")
            wrong += refused(files, modules)
        }
        for (kind, plugin) in [
            ("Policies", "Cors"), ("Policies", "McpAuthentication"), ("Providers", "Keycloak"),
            ("Providers", "Entra"), ("Providers", "GitHub"),
            ("Providers", "Oidc"),
        ] {
            let files = SourceTree.files(in: ["Plugins/\(kind)/\(plugin)/Export"], ["swift"])
            wrong += refused(files, exportModules(of: plugin))
            #expect(files.allSatisfy { $0.lines.count <= 41 }, "an export is under 40 lines")
        }
        #expect(wrong.isEmpty, "\(wrong)")
    }

    @Test func `the core knows no policy and no identity provider by name`() {
        let core = SourceTree.files(in: ["Sources"], ["swift", "c", "h"]).filter {
            !$0.path.hasPrefix("Sources/DemoServices")
        }
        let names = [
            "mcpAuthentication", "McpAuthentication", "keycloak", "Keycloak", "Entra", "GitHub",
        ]
        let wrong = core.flatMap { file in
            file.lines.enumerated().filter { line in
                names.contains { line.element.contains($0) }
            }.map { "\(file.path):\($0.offset + 1): \($0.element)" }
        }
        #expect(wrong.isEmpty, "\(wrong)")
    }

    @Test func `Foundation is imported by no library of the core and by no plugin`() {
        let files = SourceTree.files(in: ["Sources", "SDK/Sources", "Plugins"], ["swift"])
        let wrong = files.filter { file in imports(of: file).contains { $0.hasPrefix("Foundation") }
        }
        #expect(wrong.isEmpty, "\(wrong.map(\.path))")
    }

    private func refused(_ files: [SourceTree.File], _ modules: Set<String>) -> [String] {
        files.flatMap { file in
            imports(of: file).filter { !modules.contains($0) }.map { "\(file.path): \($0)" }
        }
    }

    private func imports(of file: SourceTree.File) -> [String] {
        file.lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let at = words.firstIndex(of: "import"), at + 1 < words.count,
                !line.hasPrefix("//"), at <= 2
            else { return nil }
            let kinds: Set<Substring> = [
                "struct", "class", "enum", "protocol", "func", "let", "var",
            ]
            let name =
                kinds.contains(words[at + 1]) && at + 2 < words.count
                ? words[at + 2] : words[at + 1]
            return name.split(separator: ".").first.map(String.init)
        }
    }
}
