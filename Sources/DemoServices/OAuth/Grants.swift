import GatehouseJOSE
import GatehouseJSON

/// A registered client.
struct OAuthClient: Sendable {
    let id: String
    /// Nil for a public client, unless one was given a secret that nobody asks it for.
    let secret: String?
    /// `none` for a public client.
    let method: String
    let redirectURIs: [String]
    let grantTypes: [String]
    /// The scopes that it may ask for; nil is any.
    let scopes: Set<String>?
    let name: String
}

/// What an authorization code stands for.
struct CodeGrant: Sendable {
    let clientID: String
    let redirectURI: String
    let challenge: String?
    let challengeMethod: String
    let scope: String
    let resource: String?
    let sessionID: String
    let nonce: String?
    /// Seconds since 1970.
    let expires: Int64
}

/// What a refresh token stands for.
struct RefreshGrant: Sendable {
    let clientID: String
    let scope: String
    let resource: String?
    let sessionID: String
    let expires: Int64
}

/// PKCE (RFC 7636 §4.6).
enum PKCE {
    static func isValid(verifier: String?, for grant: CodeGrant) -> Bool {
        guard let challenge = grant.challenge else { return verifier == nil }
        guard let verifier, (43...128).contains(verifier.utf8.count) else { return false }
        switch grant.challengeMethod {
        case "S256": return Base64URL.encode(sha256(Array(verifier.utf8))) == challenge
        default: return verifier == challenge
        }
    }
}

/// Client authentication at a token endpoint (RFC 6749 §2.3.1).
enum ClientCredentials {
    /// The id and secret that a request presents, from Basic or from the form.
    static func read(_ request: DemoRequest) -> (id: String, secret: String?)? {
        if let value = request.header("authorization"), value.lowercased().hasPrefix("basic ") {
            let text = value.dropFirst(6).filter { $0 != "=" }
            let url = String(text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
            guard let bytes = Base64URL.decode(url) else { return nil }
            let pair = String(decoding: bytes, as: UTF8.self).split(
                separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { return nil }
            return (FormEncoding.decode(pair[0]), FormEncoding.decode(pair[1]))
        }
        guard let id = request.form["client_id"] else { return nil }
        return (id, request.form["client_secret"])
    }

    /// The client that the request proves to be.
    static func authenticate(
        _ request: DemoRequest, in clients: BoundedStore<OAuthClient>
    ) -> OAuthClient? {
        guard let (id, secret) = read(request), let client = clients[id] else { return nil }
        if client.method == "none", secret == nil { return client }
        guard let expected = client.secret else { return nil }
        return secret == expected ? client : nil
    }
}

/// The scheme and host of a URL, in lower case; nil where it has none.
func hostOf(_ url: String) -> (scheme: String, host: String)? {
    guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else { return nil }
    let rest = url[colon...].dropFirst(3)
    let authority = rest.prefix { !"/?#".contains($0) }
    let host: Substring
    if authority.first == "[" {
        host = authority.prefix { $0 != "]" } + "]"
    } else {
        host = authority.prefix { $0 != ":" }
    }
    return host.isEmpty ? nil : (url[..<colon].lowercased(), host.lowercased())
}

/// The strings of a JSON array; nil when it is none or holds something else.
func strings(_ value: JSONValue?) -> [String]? {
    guard let array = value?.arrayValue else { return nil }
    let texts = array.compactMap(\.stringValue)
    return texts.count == array.count ? texts : nil
}

extension JSONValue {
    static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
    static func int(_ value: Int64) -> JSONValue { .number(JSONNumber(value)) }
}
