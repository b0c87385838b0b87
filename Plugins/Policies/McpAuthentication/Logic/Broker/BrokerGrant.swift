import GatehouseJOSE
import GatehouseJSON

/// One authorization in broker delivery: who, for which client and resource, and what the provider
/// gave for it. It is what the gateway's refresh token seals; a value.
struct BrokerGrant: Sendable, Equatable {
    /// The user; subject, groups, roles and tenant count.
    var identity: Identity
    /// SHA-256 of the client's identifier.
    var client: [UInt8]
    /// `aud` of the access tokens (RFC 8707).
    var resource: String
    /// The scopes that were granted at first; a refresh may narrow them for one token.
    var scopes: [String]
    /// The gateway's issuer by which the authorization came in.
    var issuer: String
    /// 16 octets: what all tokens of the authorization have in common.
    var family: [UInt8]
    /// Grows with each refresh token of the family.
    var generation: Int64
    /// The provider's refresh token.
    var refreshToken: String?
    /// The provider's access token, where it gave no refresh token.
    var accessToken: String?
    /// When that one expires, in seconds since 1970; `nil`: never, as far as is known.
    var accessExpiry: Int64?
    /// When the refresh token expires, in seconds since 1970.
    var expiry: Int64

    var value: JSONValue {
        var members: JSONObject = [
            "s": .string(identity.subject ?? ""), "c": .string(Base64URL.encode(client)),
            "t": .string(resource), "i": .string(issuer),
            "f": .string(Base64URL.encode(family)), "n": .number(JSONNumber(generation)),
            "x": .number(JSONNumber(expiry)),
        ]
        func list(_ name: String, _ texts: [String]) {
            if !texts.isEmpty { members[name] = .array(texts.map { .string($0) }) }
        }
        list("o", scopes)
        list("g", identity.groups)
        list("l", identity.roles)
        members["e"] = identity.tenant.map { .string($0) }
        members["r"] = refreshToken.map { .string($0) }
        members["a"] = accessToken.map { .string($0) }
        members["d"] = accessExpiry.map { .number(JSONNumber($0)) }
        return .object(members)
    }

    init(
        identity: Identity, client: [UInt8], resource: String, scopes: [String], issuer: String,
        family: [UInt8], generation: Int64 = 0, expiry: Int64 = 0
    ) {
        self.identity = identity
        self.client = client
        self.resource = resource
        self.scopes = scopes
        self.issuer = issuer
        self.family = family
        self.generation = generation
        self.expiry = expiry
    }

    init?(_ value: JSONValue) {
        func texts(_ name: String) -> [String] {
            (value[name]?.arrayValue ?? []).compactMap(\.stringValue)
        }
        guard let subject = value["s"]?.stringValue,
            let client = value["c"]?.stringValue.flatMap(Base64URL.decode),
            let resource = value["t"]?.stringValue, let issuer = value["i"]?.stringValue,
            let family = value["f"]?.stringValue.flatMap(Base64URL.decode),
            let generation = value["n"]?.intValue, let expiry = value["x"]?.intValue
        else { return nil }
        var identity = Identity()
        identity.subject = subject
        identity.groups = texts("g")
        identity.roles = texts("l")
        identity.tenant = value["e"]?.stringValue
        self.init(
            identity: identity, client: client, resource: resource, scopes: texts("o"),
            issuer: issuer, family: family, generation: generation, expiry: expiry)
        refreshToken = value["r"]?.stringValue
        accessToken = value["a"]?.stringValue
        accessExpiry = value["d"]?.intValue
    }

    /// Takes what the provider gave; what it left out stays as it was (RFC 6749 §6).
    mutating func take(_ tokens: UpstreamTokens, now: Int64) {
        accessExpiry = tokens.expiry(now: now)
        if let newer = tokens.refreshToken { refreshToken = newer }
        // The access token is of use where it is the only proof that the user is still welcome.
        accessToken = refreshToken == nil ? tokens.accessToken : nil
    }
}

/// Which scopes a client gets.
enum ScopeGrant {
    /// Those that were asked for and are known, in the order asked; without a word all that are
    /// known but for `offline_access` (RFC 6749 §3.3).
    static func granted(asked: [String], known: [String]) -> [String] {
        if asked.isEmpty { return known.filter { $0 != "offline_access" } }
        var seen: Set<String> = []
        return asked.filter { known.contains($0) && seen.insert($0).inserted }
    }

    /// What a refresh asks for, of what was granted; `nil` where it asks for more (RFC 6749 §6).
    static func narrowed(_ granted: [String], to text: String?) -> [String]? {
        guard let text else { return granted }
        let asked = text.split(separator: " ").map(String.init)
        guard !asked.isEmpty else { return granted }
        return asked.allSatisfy(granted.contains) ? granted.filter(asked.contains) : nil
    }
}
