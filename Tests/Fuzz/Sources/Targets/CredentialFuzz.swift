@testable import McpAuthenticationLogic

/// A client's credential in a field, a query and a cookie, and the challenge that answers it.
enum CredentialFuzz {
    static func check(_ input: UnsafeRawBufferPointer) throws {
        let bytes = Array(input)
        let name = Array("access_token".utf8)
        let scans = [
            CredentialScanner.field(bytes, prefix: Array("Bearer ".utf8)),
            CredentialScanner.field(bytes, prefix: Array("Token".utf8)),
            CredentialScanner.query(bytes, name: name),
            CredentialScanner.cookie(bytes, name: name),
        ]
        for case .token(let range) in scans {
            try hold(
                range.lowerBound >= 0 && range.upperBound <= bytes.count && !range.isEmpty,
                "a token out of bounds")
            let odd = Array(" \"\\,;&\r\n".utf8)
            try hold(!bytes[range].contains(where: odd.contains), "a token with odd bytes")
            if case .token(let same) = CredentialScanner.field(
                Array("Bearer ".utf8) + bytes[range], prefix: Array("bearer ".utf8))
            {
                try hold(same.count == range.count, "another token behind a scheme")
            } else {
                throw Broken(description: "a token that is none behind a scheme")
            }
        }
        try checkChallenge(input.text)
    }

    /// Each parameter once, in quoted strings without line ends (RFC 9110 §11.6.1, RFC 6750 §3).
    private static func checkChallenge(_ text: String) throws {
        let words = text.split(separator: " ").map(String.init)
        let challenge = Challenge(
            error: .invalidToken, metadataURL: text,
            scopes: words.filter(Challenge.isScopeToken)
        ).text
        try hold(challenge.utf8.allSatisfy { $0 >= 32 && $0 < 127 }, "an odd challenge")
        var names: [String] = []
        var rest = challenge.dropFirst("Bearer ".count)[...]
        while !rest.isEmpty {
            let name = rest.prefix { $0 != "=" }
            names.append(String(name))
            rest = rest.dropFirst(name.count + 1)
            try hold(rest.first == "\"", "a parameter that is not quoted")
            rest = rest.dropFirst()
            while let character = rest.popFirst(), character != "\"" {
                if character == "\\" { try hold(rest.popFirst() != nil, "a pair without end") }
            }
            try hold(rest.isEmpty || rest.hasPrefix(", "), "parameters without a comma: \(rest)")
            rest = rest.dropFirst(2)
        }
        try hold(Set(names).count == names.count && names.count >= 3, "odd parameters: \(names)")
    }
}
