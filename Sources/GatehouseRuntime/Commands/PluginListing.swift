import GatehouseJSON
import GatehousePluginHost

/// What `gatehouse plugin list` prints.
struct PluginListing {
    let folder: String
    let catalog: PluginCatalog

    func text(json: Bool) -> String {
        json ? document.serialized(.pretty) : table
    }

    private var table: String {
        var lines = catalog.directoryProblems
        if catalog.libraries.isEmpty { lines.append("no plugin libraries in \(folder)") }
        for library in catalog.libraries {
            let file = library.path.split(separator: "/").last.map(String.init) ?? library.path
            switch library.outcome {
            case .success(let plugins):
                for plugin in plugins {
                    let manifest = plugin.manifest
                    lines.append(
                        column(manifest.name, 24) + column(manifest.kind.rawValue, 10)
                            + column(manifest.version, 10) + file)
                }
            case .failure(let refusal):
                lines.append(column("-", 24) + column("unusable", 20) + file)
                lines.append("  \(refusal.code.rawValue): \(refusal.reason)")
            }
            lines += library.warnings.map { "  warning: \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    private func column(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private var document: JSONValue {
        let libraries: [JSONValue] = catalog.libraries.map { library in
            var members: JSONObject = ["path": .string(library.path)]
            switch library.outcome {
            case .success(let plugins):
                members["plugins"] = .array(plugins.map { Self.describe($0.manifest) })
            case .failure(let refusal):
                members["error"] = [
                    "code": .string(refusal.code.rawValue), "reason": .string(refusal.reason),
                ]
            }
            if !library.warnings.isEmpty {
                members["warnings"] = .array(library.warnings.map { .string($0) })
            }
            return .object(members)
        }
        return [
            "folder": .string(folder), "libraries": .array(libraries),
            "problems": .array(catalog.directoryProblems.map { .string($0) }),
        ]
    }

    private static func describe(_ manifest: PluginManifest) -> JSONValue {
        [
            "id": .string(manifest.id), "name": .string(manifest.name),
            "kind": .string(manifest.kind.rawValue), "version": .string(manifest.version),
            "orderClass": .string(manifest.orderClass.name), "license": .string(manifest.license),
        ]
    }
}
