import GatehouseJSON
import Glibc

@testable import GatehouseJOSE

/// The vectors of Tests/Vectors, read from the source tree.
enum Vectors {
    /// A file of the folder; empty when it is missing, which fails the counts in the tests.
    static func bytes(_ name: String) -> [UInt8] {
        var path = #filePath
        for _ in 0..<2 { path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) }
        guard let file = fopen(path + "/Vectors/" + name, "r") else { return [] }
        defer { fclose(file) }
        var result: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&block, 1, block.count, file)
            guard count > 0 else { return result }
            result += block[..<count]
        }
    }

    private static let limits = JSONLimits(maxBytes: 1 << 24, maxDepth: 64, maxValues: 1_000_000)

    static func json(_ name: String) throws -> JSONValue {
        try JSONValue(parsing: bytes(name), limits: limits)
    }

    /// The rows of a file with one JSON value in each line.
    static func rows(_ name: String) throws -> [JSONValue] {
        try bytes(name).split(separator: UInt8(ascii: "\n")).map {
            try JSONValue(parsing: Array($0), limits: limits)
        }
    }

    /// The groups of a Wycheproof file, each with its tests.
    static func groups(_ name: String) throws -> [(group: JSONValue, tests: [JSONValue])] {
        try (json("wycheproof/" + name)["testGroups"]?.arrayValue ?? []).map {
            ($0, $0["tests"]?.arrayValue ?? [])
        }
    }

    static func hex(_ value: JSONValue?) -> [UInt8] {
        let digits = (value?.stringValue ?? "").utf8.compactMap {
            Character(Unicode.Scalar($0)).hexDigitValue
        }
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(digits[$0] * 16 + digits[$0 + 1])
        }
    }

    /// Decodes standard base64 with padding.
    static func base64(_ text: String) -> [UInt8] {
        let url = text.filter { $0 != "=" }.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }
        return Base64URL.decode(String(url)) ?? []
    }
}
