import GatehouseJSON
import GatehouseSchema

/// Finds what may not be shown: values that a schema calls secret, and values whose key looks it.
enum SecretMasks {
    /// The places in a tree.
    static func ranges(in root: Node, plugins: [InstalledPlugin]) -> [Range<Mark>] {
        var found: [Range<Mark>] = []
        visit(root, plugins, &found)
        return found
    }

    private static func visit(
        _ node: Node, _ plugins: [InstalledPlugin], _ found: inout [Range<Mark>]
    ) {
        switch node.content {
        case .scalar: break
        case .sequence(let items): for item in items { visit(item, plugins, &found) }
        case .mapping(let members):
            for member in members {
                if looksSecret(member.key) { scalars(below: member.value, &found) }
                for plugin in plugins where plugin.name == member.key {
                    found += secrets(in: member.value, plugin.schema)
                }
                visit(member.value, plugins, &found)
            }
        }
    }

    private static func secrets(in node: Node, _ schema: JSONSchema) -> [Range<Mark>] {
        let json = NodeJSON(node)
        var found: [Range<Mark>] = []
        for pointer in schema.locations(ofFormat: "gatehouse-secret", in: json.value) {
            if let node = json.nodes[pointer.description] { scalars(below: node, &found) }
        }
        return found
    }

    /// Every scalar but the path of a `{file: path}`.
    private static func scalars(below node: Node, _ found: inout [Range<Mark>]) {
        switch node.content {
        case .scalar: found.append(node.range)
        case .sequence(let items): for item in items { scalars(below: item, &found) }
        case .mapping(let members):
            for member in members where member.key != "file" {
                scalars(below: member.value, &found)
            }
        }
    }

    static func looksSecret(_ key: String) -> Bool {
        let lower = key.lowercased()
        let parts = ["secr", "passw", "token", "credential", "apikey", "privatekey"]
        if parts.contains(where: { lower.contains($0) }) { return true }
        let names = ["secret", "password", "clientSecret", "apiKey", "privateKey"]
        return Names.nearest(to: key, among: names) != nil
    }

    /// The places in a text that is not YAML, line by line: from the colon of a key that looks
    /// secret to the end of its line, and the lines below that are indented deeper.
    static func ranges(inLinesOf source: SourceText) -> [Range<Mark>] {
        var found: [Range<Mark>] = []
        var secretIndent: Int?
        for (number, line) in source.lines.enumerated() {
            let indent = line.prefix { $0 == " " }.count
            if let least = secretIndent {
                if indent > least || line.isEmpty {
                    found.append(whole(number, line.count))
                    continue
                }
                secretIndent = nil
            }
            guard let colon = secretColon(in: line) else { continue }
            found.append(
                Mark(line: number, column: colon + 1)..<Mark(line: number, column: line.count))
            secretIndent = indent
        }
        return found.filter { !$0.isEmpty }
    }

    private static func whole(_ line: Int, _ count: Int) -> Range<Mark> {
        Mark(line: line, column: 0)..<Mark(line: line, column: count)
    }

    private static func secretColon(in line: [Unicode.Scalar]) -> Int? {
        for (at, scalar) in line.enumerated() where scalar == ":" {
            let before = String(String.UnicodeScalarView(line[..<at]))
            let key = before.split { " \t,{[\"'-?".contains($0) }.last ?? ""
            if looksSecret(String(key)) { return at }
        }
        return nil
    }
}
