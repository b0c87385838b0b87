import GatehouseSchema

/// `${VAR}` and `${VAR:-default}` in values; `$${` stands for `${`.
enum Expansion {
    /// Why a value cannot be expanded.
    struct Problem: Error {
        var message: String
        var suggestion: String?
        /// The text to point at.
        var culprit: String
    }

    /// The text with its variables replaced.
    ///
    /// A default is used where the variable is undefined or empty, as in a shell. What comes out
    /// of a variable is not expanded again.
    static func expand(
        _ text: String, environment: [String: String]
    ) throws(Problem) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        let from = Array(text.utf8)
        var out: [UInt8] = []
        var at = 0
        while at < from.count {
            if from[at...].starts(with: Array("$${".utf8)) {
                out += Array("${".utf8)
                at += 3
            } else if from[at...].starts(with: Array("${".utf8)) {
                guard let end = from[at...].firstIndex(of: UInt8(ascii: "}")) else {
                    throw Problem(
                        message: "'${' is not closed",
                        suggestion: "write '$${' for the characters themselves", culprit: "${")
                }
                let reference = String(decoding: from[at + 2..<end], as: UTF8.self)
                out += Array(try value(of: reference, environment).utf8)
                at = end + 1
            } else {
                out.append(from[at])
                at += 1
            }
            guard out.count <= FileLimits.expandedBytesMax else {
                throw Problem(message: "the expanded value is too long", culprit: "${")
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func value(
        of reference: String, _ environment: [String: String]
    ) throws(Problem) -> String {
        let mark = Array(reference.utf8)
        let colon = mark.firstIndex(of: UInt8(ascii: ":"))
        let name = String(decoding: mark[..<(colon ?? mark.count)], as: UTF8.self)
        let rest = String(decoding: mark[(colon ?? mark.count)...], as: UTF8.self)
        guard isName(name), rest.isEmpty || rest.hasPrefix(":-") else {
            throw Problem(
                message: "'${...}' holds no variable name",
                suggestion: "write ${NAME} or ${NAME:-default}; '$${' stands for '${'",
                culprit: "${")
        }
        let value = environment[name]
        if rest.hasPrefix(":-") {
            return value.flatMap { $0.isEmpty ? nil : $0 } ?? String(rest.dropFirst(2))
        }
        guard let value else {
            let close = Names.nearest(to: name, among: environment.keys)
            throw Problem(
                message: "the environment variable '\(name)' is not defined",
                suggestion: (close.map { "did you mean '\($0)'? " } ?? "")
                    + "a default is written ${\(name):-default}", culprit: "${\(name)")
        }
        return value
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || byte == UInt8(ascii: "_")
        }
    }
}
