/// Which redirect URIs clients may have, and which of a client's own a request names (OAuth 2.1
/// §2.3, RFC 8252 §7; G63, G64).
struct RedirectURIs: Sendable, Equatable {
    /// Private-use schemes that are allowed, in lower case; `nil`: any that no browser runs.
    var schemes: [String]?
    /// Where not empty, the only ones there are.
    var only: [String] = []

    /// At most so many in a registration.
    static let maximum = 32
    private static let maximumBytes = 2048
    /// Schemes that a browser runs, or that lead to a machine's own files or services.
    private static let refused: Set<String> = [
        "javascript", "data", "file", "vbscript", "about", "blob", "ftp", "ws", "wss", "mailto",
        "tel", "view-source", "filesystem", "jar", "ms-appx", "intent", "content", "chrome",
        "resource", "http", "https", "",
    ]
    /// Parameters that the answer to the client has, which its URI must not have by itself.
    private static let answered: Set<String> = ["code", "state", "iss", "error"]

    init(schemes: [String]? = nil, only: [String] = []) {
        self.schemes = schemes
        self.only = only
    }

    /// Whether a client may have it: an absolute URI of plain ASCII without fragment, user
    /// information, dot segments or wildcards; https, http to a loopback address, or an allowed
    /// private-use scheme.
    func isAcceptable(_ uri: String) -> Bool {
        guard isShaped(uri) else { return false }
        return only.isEmpty || only.contains { Self.matches(uri, registered: $0) }
    }

    /// Whether a browser may be sent there without a person's word: to this machine, or where the
    /// operator has listed it.
    ///
    /// - Parameter uri: one that is acceptable.
    func isTrusted(_ uri: String) -> Bool {
        !only.isEmpty || Self.isLoopback(uri) || HTTPURL(uri) == nil
    }

    /// Whether `uri` is one of a client's own.
    static func isRegistered(_ uri: String, among registered: [String]) -> Bool {
        registered.contains { matches(uri, registered: $0) }
    }

    /// Whether `uri` is `registered`: the same text, or the same but for the port where both are
    /// http to the same loopback address (RFC 8252 §7.3).
    static func matches(_ uri: String, registered: String) -> Bool {
        if uri.utf8.elementsEqual(registered.utf8) { return true }
        guard let left = HTTPURL(uri), let right = HTTPURL(registered), left.scheme == "http",
            right.scheme == "http", isLoopback(left), left.host == right.host
        else { return false }
        return left.path.utf8.elementsEqual(right.path.utf8) && left.query == right.query
    }

    /// Whether the URI leads to the machine of the person: a program there, whoever it is.
    static func isLoopback(_ uri: String) -> Bool {
        HTTPURL(uri).map { $0.scheme == "http" && isLoopback($0) } ?? false
    }

    /// The names that are loopback in a redirect URI: a name below `localhost` is not, because a
    /// resolver may send it elsewhere.
    private static func isLoopback(_ url: HTTPURL) -> Bool {
        url.host == "localhost" || url.host == "[::1]"
            || (url.isLoopback && !url.host.hasSuffix("localhost"))
    }

    /// Whether a text is a private-use scheme in lower case that may be allowed.
    static func isPrivateScheme(_ scheme: String) -> Bool {
        guard let first = scheme.utf8.first, (97...122).contains(first) else { return false }
        return !refused.contains(scheme)
            && scheme.utf8.allSatisfy {
                (97...122).contains($0) || (48...57).contains($0) || "+-.".utf8.contains($0)
            }
    }

    private func isShaped(_ uri: String) -> Bool {
        guard uri.utf8.count <= Self.maximumBytes, let colon = uri.firstIndex(of: ":"),
            uri.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"#\\\"<>^`{|}*".utf8.contains($0) })
        else { return false }
        let scheme = uri[..<colon].lowercased()
        let rest = uri[uri.index(after: colon)...]
        guard !Self.hasDotSegment(rest), !Self.answersItself(rest) else { return false }
        switch scheme {
        case "https": return HTTPURL(uri) != nil
        case "http": return HTTPURL(uri).map(Self.isLoopback) ?? false
        default:
            guard Self.isPrivateScheme(scheme), schemes?.contains(scheme) ?? true else {
                return false
            }
            return !rest.isEmpty && !Self.hasUserInformation(rest)
        }
    }

    /// Whether the path of a URL has no dot segment.
    func hasPlainPath(_ uri: String) -> Bool {
        guard let colon = uri.firstIndex(of: ":") else { return false }
        return !Self.hasDotSegment(uri[uri.index(after: colon)...])
    }

    private static func hasUserInformation(_ rest: Substring) -> Bool {
        guard rest.hasPrefix("//") else { return false }
        return rest.dropFirst(2).prefix { $0 != "/" && $0 != "?" }.contains("@")
    }

    /// `.` and `..` as a segment of the path, also where they are percent-encoded.
    private static func hasDotSegment(_ rest: Substring) -> Bool {
        let path = rest.prefix { $0 != "?" }.lowercased()
        return path.split(separator: "/").contains { segment in
            guard segment.utf8.count <= 6 else { return false }
            var plain = ""
            var left = segment[...]
            while let character = left.first {
                if left.hasPrefix("%2e") {
                    plain.append(".")
                    left = left.dropFirst(3)
                } else {
                    plain.append(character)
                    left = left.dropFirst()
                }
            }
            return plain == "." || plain == ".."
        }
    }

    private static func answersItself(_ rest: Substring) -> Bool {
        guard let mark = rest.firstIndex(of: "?") else { return false }
        guard let pairs = FormPairs(parsing: rest[rest.index(after: mark)...].utf8) else {
            return true
        }
        return pairs.pairs.contains { answered.contains($0.name) }
    }
}
