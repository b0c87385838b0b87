import Glibc
import Testing

@testable import GatehouseConfig

/// The tables of docs/configuration.md are made of the shapes that files are checked against.
///
/// With GATEHOUSE_WRITE_GOLDEN=1 in the environment they are written anew.
@Suite("docs/configuration.md")
struct DocumentationTests {
    static let tables: [(String, ObjectShape)] = [
        ("file", CoreShape.file), ("bind", CoreShape.bind), ("listener", CoreShape.listener),
        ("route", CoreShape.route), ("match", CoreShape.match), ("path", CoreShape.pathMatch),
        ("header", CoreShape.headerMatch), ("backend", CoreShape.backend),
        ("tls", CoreShape.tls), ("mcp", CoreShape.mcp), ("target", CoreShape.target),
        ("server", CoreShape.targetServer), ("timeouts", Settings.allTimeouts),
        ("limits", Settings.allLimits), ("fetch", CoreShape.fetch), ("admin", CoreShape.admin),
    ]

    @Test func `every key is in the documentation with type, default and example`() throws {
        let root = Golden.root.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/\(root)/docs/configuration.md"
        let text = String(decoding: try FileAccess.read(path, limit: 1 << 20).bytes, as: UTF8.self)
        var expected = text
        for (name, shape) in Self.tables {
            expected = try replacing(name, Self.table(shape), in: expected)
        }
        if getenv("GATEHOUSE_WRITE_GOLDEN") != nil {
            let file = try #require(fopen(path, "w"))
            fputs(expected, file)
            fclose(file)
        } else {
            #expect(text == expected, "write it anew with GATEHOUSE_WRITE_GOLDEN=1")
        }
    }

    private func replacing(_ name: String, _ table: String, in text: String) throws -> String {
        let start = "<!-- keys: \(name) -->\n"
        let parts = text.split(separator: start, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2, "no table '\(name)'")
        let rest = parts[1].split(
            separator: "<!-- end -->", maxSplits: 1, omittingEmptySubsequences: false)
        try #require(rest.count == 2, "the table '\(name)' has no end")
        return "\(parts[0])\(start)\(table)<!-- end -->\(rest[1])"
    }

    private static func table(_ shape: ObjectShape) -> String {
        var lines = ["| key | type | default | example | meaning |", "|---|---|---|---|---|"]
        for key in shape.keys {
            let standard = key.isRequired ? "required" : key.standard.map { "`\($0)`" } ?? ""
            let example = key.example.map { "`\($0)`" } ?? ""
            lines.append(
                "| `\(key.name)` | \(type(key.shape)) | \(standard) | \(example) "
                    + "| \(key.description) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func type(_ shape: Shape) -> String {
        switch shape {
        case .integer(let range): "integer, \(range.lowerBound) to \(range.upperBound)"
        case .flag: "boolean"
        case .object: "mapping"
        case .list(.object, let least):
            least > 0 ? "list of mappings, not empty" : "list of mappings"
        case .list(let item, _): "list of: \(type(item))"
        case .text(let format): type(format)
        }
    }

    private static func type(_ format: TextFormat) -> String {
        switch format {
        case .name, .value: "text"
        case .filePath: "path"
        case .choice(let choices): choices.map { "`\($0)`" }.joined(separator: " or ")
        case .listenerProtocol: "`HTTP`"
        case .duration: "duration or `off`"
        case .byteSize(let mayBeOff): mayBeOff ? "bytes or `off`" : "bytes"
        case .address: "IP address"
        case .addressBlock: "address or CIDR block"
        case .hostPattern: "host name"
        case .hostPort: "endpoint"
        case .mcpHost: "URL or host"
        case .upstream: "URL or endpoint"
        case .publicURL: "URL"
        case .origin: "origin"
        case .method, .fieldName: "token"
        case .path: "path of a URL"
        case .upgrade: "protocol"
        case .regex: "regular expression"
        }
    }
}
