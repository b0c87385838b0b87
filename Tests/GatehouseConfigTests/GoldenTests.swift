import Glibc
import Testing

@testable import GatehouseConfig

/// Every `<name>.yaml` below Golden/good and Golden/bad has its expected output beside it in
/// `<name>.expected`: what is said, and for a good one the model in a few lines.
///
/// With GATEHOUSE_WRITE_GOLDEN=1 in the environment the expected files are written anew.
@Suite("Golden configurations")
struct GoldenTests {
    static let environment = [
        "UPSTREAM_PORT": "3001", "EMPTY": "", "CLIENT_SECRET": "hunter2-from-env", "HOME": "/root",
    ]

    @Test(arguments: Golden.names(in: "good"))
    func `a good configuration loads`(name: String) throws {
        let outcome = load("good/\(name)")
        let text = outcome.diagnostics.rendered() + Summary.of(outcome.configuration)
        #expect(outcome.configuration != nil)
        try Golden.compare(text, "good/\(name)")
    }

    @Test(arguments: Golden.names(in: "bad"))
    func `a bad configuration is refused with all its errors`(name: String) throws {
        let outcome = load("bad/\(name)")
        #expect(outcome.configuration == nil)
        let text = outcome.diagnostics.rendered()
        #expect(!text.contains("hunter2"), "a secret is printed")
        try Golden.compare(text, "bad/\(name)")
    }

    @Test func `the example of the repository loads without a remark`() {
        let folder = Golden.root.split(separator: "/").dropLast(3).joined(separator: "/")
        let outcome = loader().load(file: "/\(folder)/examples/mcp-authentication/config.yaml")
        #expect(outcome.diagnostics.isEmpty, "\(outcome.diagnostics.rendered())")
        #expect(outcome.configuration?.routes.map(\.name) == ["stdio", "keycloak"])
    }

    private func load(_ name: String) -> ConfigurationLoader.Outcome {
        let path = "\(Golden.root)/\(name).yaml"
        let bytes = (try? FileAccess.read(path, limit: 1 << 20).bytes) ?? []
        return loader(Self.environment).load(
            bytes: bytes, name: "\(name).yaml", directory: "\(Golden.root)/good")
    }
}

enum Golden {
    static let root: String = {
        let path = #filePath
        return path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex) + "/Golden"
    }()

    static func names(in folder: String) -> [String] {
        guard let directory = opendir("\(root)/\(folder)") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".yaml") { names.append(String(name.dropLast(5))) }
        }
        return names.sorted()
    }

    /// Compares with the expected file, the folder's own path written as `<golden>`.
    static func compare(_ text: String, _ name: String) throws {
        let path = "\(root)/\(name).expected"
        let portable = text.split(separator: root, omittingEmptySubsequences: false)
            .joined(separator: "<golden>")
        if getenv("GATEHOUSE_WRITE_GOLDEN") != nil {
            let file = try #require(fopen(path, "w"))
            fputs(portable, file)
            fclose(file)
        }
        let expected = try FileAccess.read(path, limit: 1 << 20).bytes
        #expect(portable == String(decoding: expected, as: UTF8.self))
    }
}

/// A model in a few lines.
enum Summary {
    static func of(_ configuration: Configuration?) -> String {
        guard let configuration else { return "" }
        var lines = ["accessLog \(configuration.accessLog)"]
        if !configuration.trustedProxies.isEmpty {
            lines.append("trusted \(configuration.trustedProxies.map(\.description))")
        }
        if !configuration.fetchAllow.isEmpty { lines.append("fetch \(configuration.fetchAllow)") }
        if let admin = configuration.admin { lines.append("\(admin)") }
        if configuration.timeouts != Timeouts() { lines.append("\(configuration.timeouts)") }
        if configuration.limits != Limits() { lines.append("\(configuration.limits)") }
        for bind in configuration.binds {
            lines.append("bind \(bind.address ?? "*") \(bind.port)")
            for listener in bind.listeners {
                let host = listener.hostname?.description ?? "*"
                lines.append("  listener \(listener.name) host \(host)")
                lines += listener.routes.flatMap { of($0, configuration) }
            }
        }
        lines += configuration.secrets.references.map { "secret \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func of(_ route: Route, _ outer: Configuration) -> [String] {
        var lines = ["    route \(route.name) at \(route.position)"]
        if !route.hostnames.isEmpty { lines.append("      hosts \(route.hostnames)") }
        lines += route.matches.map { "      match \($0.json)" }
        if let url = route.publicURL { lines.append("      public \(url)") }
        if !route.upgrade.isEmpty { lines.append("      upgrade \(route.upgrade)") }
        if route.timeouts != outer.timeouts { lines.append("      \(route.timeouts)") }
        if route.limits != outer.limits { lines.append("      \(route.limits)") }
        lines += route.policies.map { of($0) }
        for backend in route.backends {
            switch backend.target {
            case .upstream(let upstream):
                let mark = upstream.isMCP ? " mcp" : ""
                lines.append("      upstream \(upstream) weight \(backend.weight)\(mark)")
                if let tls = upstream.tls, tls != UpstreamTLS() { lines.append("        \(tls)") }
            case .plugin(let use): lines.append(of(use))
            }
        }
        return lines
    }

    private static func of(_ use: PluginUse) -> String {
        let missing = use.missing.map { " MISSING: \($0)" } ?? ""
        return "      \(use.kind) \(use.name) \(use.configurationJSON)\(missing)"
    }
}
