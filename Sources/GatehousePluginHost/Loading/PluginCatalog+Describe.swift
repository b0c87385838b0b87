public import GatehouseJSON

extension PluginCatalog {
    /// Why there is no usable plugin of this kind and name, in one sentence for the log.
    ///
    /// Names a file that looks as if it were meant, and what is wrong with it.
    public func absence(of kind: PluginKind, named name: String) -> String {
        let sentence = "no usable \(kind.rawValue) named \(name) is installed"
        let wanted = name.lowercased()
        for library in libraries {
            guard case .failure(let refusal) = library.outcome else { continue }
            let file = library.path.split(separator: "/").last ?? ""
            if file.lowercased().contains(wanted) {
                return "\(sentence): \(library.path): \(refusal.reason)"
            }
        }
        let others = plugins.filter { $0.manifest.kind == kind }.map(\.manifest.name)
        guard !others.isEmpty else { return sentence }
        return "\(sentence); there are \(others.joined(separator: ", "))"
    }

    /// The catalog for people: a line for each plugin, then what cannot be used and why.
    public func table() -> String {
        var rows = [["KIND", "NAME", "VERSION", "ORDER", "FILE"]]
        for plugin in plugins {
            let manifest = plugin.manifest
            rows.append([
                manifest.kind.rawValue, manifest.name, manifest.version,
                manifest.kind == .policy ? manifest.orderClass.name : "-", plugin.path,
            ])
        }
        var lines = plugins.isEmpty ? ["no usable plugin"] : Self.align(rows)
        for library in libraries {
            lines += library.warnings.map { "warning: \(library.path): \($0)" }
            if case .failure(let refusal) = library.outcome {
                lines.append("unusable: \(library.path): \(refusal.reason)")
            }
        }
        lines += directoryProblems.map { "warning: \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The catalog for programs.
    public func json() -> JSONValue {
        let described = libraries.map { library -> JSONValue in
            var members: JSONObject = ["path": .string(library.path)]
            switch library.outcome {
            case .success(let plugins):
                members["usable"] = true
                members["plugins"] = .array(plugins.map { Self.json($0.manifest) })
            case .failure(let refusal):
                members["usable"] = false
                members["code"] = .string(refusal.code.rawValue)
                members["reason"] = .string(refusal.reason)
            }
            members["warnings"] = .array(library.warnings.map(JSONValue.string))
            return .object(members)
        }
        return .object([
            "libraries": .array(described),
            "warnings": .array(directoryProblems.map(JSONValue.string)),
        ])
    }

    private static func json(_ manifest: PluginManifest) -> JSONValue {
        var members: JSONObject = [
            "id": .string(manifest.id), "version": .string(manifest.version),
            "kind": .string(manifest.kind.rawValue), "name": .string(manifest.name),
            "license": .string(manifest.license),
            "requires": .array(manifest.requires.map(JSONValue.string)),
        ]
        if manifest.kind == .provider {
            members["hooks"] = .array(manifest.hooks.map(JSONValue.string))
        } else {
            members["orderClass"] = .string(manifest.orderClass.name)
        }
        if let summary = manifest.summary { members["description"] = .string(summary) }
        return .object(members)
    }

    /// Columns of equal width, two spaces apart, without spaces at the end.
    private static func align(_ rows: [[String]]) -> [String] {
        let columns = rows.first?.count ?? 0
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column + 1 < columns {
                    line += String(repeating: " ", count: widths[column] - cell.count + 2)
                }
            }
            return line
        }
    }
}
