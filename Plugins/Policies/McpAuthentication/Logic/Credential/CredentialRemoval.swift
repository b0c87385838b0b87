/// What is left of a query or of a cookie field when the client's token is taken out.
enum CredentialRemoval {
    /// `query` without every parameter `name`; `nil` where nothing is left.
    static func query<Bytes: RandomAccessCollection>(
        _ query: Bytes, name: [UInt8]
    ) -> [UInt8]? where Bytes.Element == UInt8, Bytes.Index == Int {
        remove(name, from: query, separator: UInt8(ascii: "&"), join: [UInt8(ascii: "&")])
    }

    /// A `Cookie` value without every cookie `name`; `nil` where nothing is left.
    static func cookie<Bytes: RandomAccessCollection>(
        _ value: Bytes, name: [UInt8]
    ) -> [UInt8]? where Bytes.Element == UInt8, Bytes.Index == Int {
        remove(name, from: value, separator: UInt8(ascii: ";"), join: Array("; ".utf8))
    }

    private static func remove<Bytes: RandomAccessCollection>(
        _ name: [UInt8], from bytes: Bytes, separator: UInt8, join: [UInt8]
    ) -> [UInt8]? where Bytes.Element == UInt8, Bytes.Index == Int {
        var kept: [UInt8] = []
        for part in bytes.split(separator: separator) {
            let pair = part.drop { $0 == UInt8(ascii: " ") }
            let isNamed =
                pair.starts(with: name)
                && (pair.count == name.count
                    || pair.dropFirst(name.count).first == UInt8(ascii: "="))
            if isNamed || pair.isEmpty { continue }
            if !kept.isEmpty { kept += join }
            kept += pair
        }
        return kept.isEmpty ? nil : kept
    }
}
