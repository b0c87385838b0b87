import GatehouseJSON
import Glibc
import Testing

/// Rows of a file in Tests/Vectors.
enum Vectors {
    /// The lines of `name`, each a JSON object.
    static func rows(_ name: String) throws -> [JSONValue] {
        let parts = #filePath.split(separator: "/").dropLast(2)
        let path = "/" + parts.joined(separator: "/") + "/Vectors/" + name
        let content = try #require(read(path), "no \(path)")
        return try content.split(separator: 10).map { try JSONValue(parsing: Array($0)) }
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&part, 1, part.count, file)
            guard count > 0 else { return content }
            content += part[..<count]
        }
    }

    /// The bytes that base64 `text` stands for.
    static func base64(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in text.utf8 {
            let digit: UInt32
            switch byte {
            case 65...90: digit = UInt32(byte) - 65
            case 97...122: digit = UInt32(byte) - 71
            case 48...57: digit = UInt32(byte) + 4
            case 43: digit = 62
            case 47: digit = 63
            default: continue
            }
            bits = bits << 6 | digit
            count += 6
            if count >= 8 {
                count -= 8
                result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return result
    }
}

extension JSONValue {
    var id: String { self["id"]?.stringValue ?? "" }
    var raw: [UInt8] { Vectors.base64(self["raw"]?.stringValue ?? "") }
    var expectation: String { self["expect"]?.stringValue ?? "" }

    func texts(_ name: String) -> [String] {
        (self[name]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    func statuses() -> [Int] {
        (self["check"]?["status"]?.arrayValue ?? []).compactMap { $0.intValue.map(Int.init) }
    }
}

/// Positions at which to cut `count` bytes: every single one, and all of them.
func everySplit(_ count: Int) -> [[Int]] {
    guard count > 1 else { return [] }
    // Long rows are cut where heads, lines and limits lie: at both ends.
    let singles = count <= 2000 ? Array(1..<count) : Array(1..<200) + Array(count - 200..<count)
    return singles.map { [$0] } + [Array(1..<count)]
}
