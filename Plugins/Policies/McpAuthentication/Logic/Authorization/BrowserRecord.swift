import GatehouseJOSE
import GatehouseJSON

/// What a browser's cookie seals: who it is, and what its person consented to.
struct BrowserRecord: Sendable, Equatable {
    /// Random, 16 octets.
    var id: [UInt8]
    /// The newest last; see ``consent(clientID:redirectURI:route:scopes:)``.
    var consents: [String] = []

    /// At most so many consents: a cookie has 4096 bytes.
    static let maximum = 64

    init(id: [UInt8]) { self.id = id }

    init?(_ value: JSONValue) {
        guard let id = value["i"]?.stringValue.flatMap(Base64URL.decode), id.count == 16 else {
            return nil
        }
        self.id = id
        consents = (value["c"]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    var value: JSONValue {
        [
            "i": .string(Base64URL.encode(id)),
            "c": .array(consents.map { .string($0) }),
        ]
    }

    /// What a transaction knows the browser by.
    var hash: [UInt8] { Array(Digests.sha256(id).prefix(16)) }

    /// What stands for a consent: to a client, at a redirect URI, on a route, for what the page
    /// showed. Who asks for other scopes is asked about anew.
    static func consent(
        clientID: String, redirectURI: String, route: String, scopes: [String]
    ) -> String {
        let shown = Set(scopes).sorted().joined(separator: " ")
        let text = "\(clientID)\n\(redirectURI)\n\(route)\n\(shown)"
        return Base64URL.encode(Array(Digests.sha256(Array(text.utf8)).prefix(16)))
    }

    /// Remembers a consent; the oldest goes where there are too many.
    mutating func remember(_ consent: String) {
        consents.removeAll { $0 == consent }
        consents.append(consent)
        if consents.count > Self.maximum { consents.removeFirst(consents.count - Self.maximum) }
    }
}

/// The cookie that carries a ``BrowserRecord``.
struct BrowserCookie: Sendable, Equatable {
    /// `__Host-` on https, which keeps other hosts from setting it; plain without `Secure` on http
    /// to a loopback address, where browsers take no other (RFC 6265bis §4.1.3.2).
    let name: String
    private let isSecure: Bool

    /// The names on https and on http: the gateway's own, so no upstream sees them (G107).
    static let names = ["__Host-gatehouse", "gatehouse"]

    /// - Parameter base: the external base of the exchange.
    init(base: String) {
        isSecure = base.hasPrefix("https://")
        name = isSecure ? Self.names[0] : Self.names[1]
    }

    /// The values of this cookie among the `Cookie` fields of a request, at most four.
    func values(in fields: [String]) -> [String] {
        var result: [String] = []
        for field in fields {
            for part in field.split(separator: ";") where result.count < 4 {
                let pair = part.drop { $0 == " " }
                guard let equals = pair.firstIndex(of: "="), pair[..<equals] == name else {
                    continue
                }
                result.append(String(pair[pair.index(after: equals)...]))
            }
        }
        return result
    }

    /// The value of `Set-Cookie`.
    func field(_ value: String) -> String {
        "\(name)=\(value); Path=/; Max-Age=\(SealPurpose.browserLife); HttpOnly; SameSite=Lax"
            + (isSecure ? "; Secure" : "")
    }
}
