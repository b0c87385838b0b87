/// A second reader of heads, as simple as it can be, that takes the one canonical form only: what
/// the gateway writes to a peer must pass it, so that every peer reads it in the same way.
struct CanonicalHead {
    /// The words of the start line.
    let start: [[UInt8]]
    /// Names in lower case, values without white space around them.
    let fields: [(name: String, value: [UInt8])]

    private static let oncePerHop: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade",
        "http2-settings", "proxy-authorization", "proxy-authenticate",
    ]

    /// Reads a whole head; throws where it is not canonical. `allowed` are fields of one hop that
    /// may stand in it.
    init(_ head: [UInt8], allowed: Set<String> = []) throws {
        var lines = try Self.lines(head)
        try hold(lines.count >= 3, "a head has a start line and an empty line")
        try hold(lines.removeLast().isEmpty && lines.removeLast().isEmpty, "no empty line ends it")
        start = lines.removeFirst().split(
            separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false
        ).map(Array.init)
        fields = try lines.map(Self.field)
        try checkFraming(allowed)
    }

    /// The values of the fields of this name, in lower case.
    func values(_ name: String) -> [[UInt8]] {
        fields.filter { $0.name == name }.map(\.value)
    }

    private static func lines(_ head: [UInt8]) throws -> [[UInt8]] {
        var lines: [[UInt8]] = [[]]
        var at = 0
        while at < head.count {
            let byte = head[at]
            if byte == 13 {
                try hold(at + 1 < head.count && head[at + 1] == 10, "a CR without LF is written")
                lines.append([])
                at += 2
                continue
            }
            try hold(byte == 9 || (byte >= 32 && byte != 127), "control \(byte) is written")
            lines[lines.count - 1].append(byte)
            at += 1
        }
        return lines
    }

    private static func field(_ line: [UInt8]) throws -> (name: String, value: [UInt8]) {
        let name = line.prefix { $0 != 0x3A }
        try hold(name.count < line.count, "a field without colon is written")
        let marks = Array("!#$%&'*+-.^_`|~".utf8)
        let isToken = name.allSatisfy {
            ($0 >= 48 && $0 < 58) || ($0 | 32 >= 97 && $0 | 32 < 123) || marks.contains($0)
        }
        try hold(isToken && !name.isEmpty, "a field name that is no token is written")
        var value = line[(name.count + 1)...]
        while let first = value.first, first == 32 || first == 9 { value.removeFirst() }
        while let last = value.last, last == 32 || last == 9 { value.removeLast() }
        return (String(decoding: name, as: UTF8.self).lowercased(), Array(value))
    }

    private func checkFraming(_ allowed: Set<String>) throws {
        let lengths = values("content-length")
        let codings = values("transfer-encoding")
        try hold(lengths.count + codings.count <= 1, "two framings are written")
        try hold(
            codings.allSatisfy { $0.elementsEqual("chunked".utf8) }, "an odd coding is written")
        try hold(
            lengths.allSatisfy { !$0.isEmpty && $0.count <= 19 && $0.allSatisfy { 48...57 ~= $0 } },
            "an odd length is written")
        for field in fields {
            try hold(
                !Self.oncePerHop.contains(field.name) || allowed.contains(field.name),
                "\(field.name) is written")
            let hyphens = String(field.name.map { $0 == "_" ? "-" : $0 })
            try hold(
                hyphens == field.name
                    || !["content-length", "transfer-encoding", "host"].contains(hyphens),
                "\(field.name) is written")
        }
    }
}
