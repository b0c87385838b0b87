import GatehouseJSON
import Glibc

/// Files of the source tree, which the tests read in place.
enum SourceFiles {
    static let root: String = {
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    }()

    static func bytes(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
            bytes += chunk[..<count]
        }
        return bytes
    }

    static func json(_ path: String) -> JSONValue? {
        try? JSONValue(parsing: bytes(path))
    }

    static func lines(_ path: String) -> [[UInt8]] {
        bytes(path).split(separator: UInt8(ascii: "\n")).map(Array.init)
    }
}
