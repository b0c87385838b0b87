import GatehouseJSON
import Testing

@testable import McpAuthenticationLogic

/// The table of the policy's README names every key of its schema, and no other.
///
/// A key is written as its way from the top, `clients.consent`; a key of a list's entries has `[]`
/// behind the list, `issuers[].issuer`.
@Suite("mcpAuthentication: README.md")
struct ReadmeTests {
    @Test func `every key of the schema is in the README's table, and nothing else`() throws {
        let schema = try JSONValue(parsing: ConfigurationSchema.text)
        let keys = Self.keys(of: schema, below: "")
        let listed = Self.listed(in: try readme())
        #expect(listed.count == Set(listed).count, "a key is listed twice")
        #expect(
            keys.subtracting(listed).isEmpty,
            "not in the README: \(keys.subtracting(listed).sorted())")
        #expect(
            Set(listed).subtracting(keys).isEmpty,
            "not in the schema: \(Set(listed).subtracting(keys).sorted())")
    }

    @Test func `the defaults of the schema are those of the README's table`() throws {
        let schema = try JSONValue(parsing: ConfigurationSchema.text)
        let rows = Self.rows(in: try readme())
        let wrong = Self.defaults(of: schema, below: "").filter { key, value in
            !rows.contains { row in
                row.names.contains(key) && row.standard.contains("`\(Self.written(value))`")
            }
        }
        #expect(wrong.isEmpty, "another default in the README: \(wrong.map(\.key).sorted())")
    }

    @Test func `the test finds keys in objects, lists and alternatives`() throws {
        let schema = try JSONValue(
            parsing: #"""
                {"properties": {
                  "a": {"oneOf": [{"type": "boolean"}, {"properties": {"b": {}}}]},
                  "c": {"items": {"properties": {"d": {"default": 3}}}}}}
                """#)
        #expect(Self.keys(of: schema, below: "") == ["a", "a.b", "c", "c[].d"])
        #expect(Self.defaults(of: schema, below: "").map(\.key) == ["c[].d"])
        let table = "| `a`, `a.b` | `3` | one |\n| `c` | | `x` |\ntext\n"
        #expect(Self.rows(in: table).map(\.names) == [["a", "a.b"], ["c"]])
    }

    private func readme() throws -> String {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/\(root)/Plugins/Policies/McpAuthentication/README.md"
        return String(
            decoding: try #require(FileContents.read(path, limit: 1 << 20)), as: UTF8.self)
    }

    /// Every key below a schema, alternatives and entries of lists included.
    private static func keys(of schema: JSONValue, below way: String) -> Set<String> {
        var found: Set<String> = []
        for (name, member) in schema["properties"]?.objectValue ?? [:] {
            let key = way.isEmpty ? name : "\(way).\(name)"
            found.insert(key)
            found.formUnion(keys(of: member, below: key))
        }
        for alternative in schema["oneOf"]?.arrayValue ?? [] {
            found.formUnion(keys(of: alternative, below: way))
        }
        if let entry = schema["items"] { found.formUnion(keys(of: entry, below: way + "[]")) }
        return found
    }

    /// The defaults that the schema states.
    private static func defaults(
        of schema: JSONValue, below way: String
    ) -> [(key: String, value: JSONValue)] {
        var found: [(key: String, value: JSONValue)] = []
        if let value = schema["default"], !way.isEmpty { found.append((way, value)) }
        for (name, member) in schema["properties"]?.objectValue ?? [:] {
            found += defaults(of: member, below: way.isEmpty ? name : "\(way).\(name)")
        }
        for alternative in schema["oneOf"]?.arrayValue ?? [] {
            found += defaults(of: alternative, below: way)
        }
        if let entry = schema["items"] { found += defaults(of: entry, below: way + "[]") }
        return found
    }

    /// A default as the configuration writes it.
    private static func written(_ value: JSONValue) -> String {
        if let text = value.stringValue { return text }
        guard let list = value.arrayValue else {
            return String(decoding: value.serializedBytes(.compact), as: UTF8.self)
        }
        return "[" + list.map(written).joined(separator: ", ") + "]"
    }

    /// The rows of tables whose first cell is a list of keys.
    private static func rows(in text: String) -> [(names: [String], standard: Substring)] {
        text.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("| `") else { return nil }
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            guard cells.count >= 5 else { return nil }
            let parts = cells[1].split(separator: "`", omittingEmptySubsequences: false)
            let names = parts.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
            return (names, cells[2])
        }
    }

    private static func listed(in text: String) -> [String] { rows(in: text).flatMap(\.names) }
}
