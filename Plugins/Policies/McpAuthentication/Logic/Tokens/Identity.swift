import GatehouseJSON

/// Who a token stands for, in the policy's words, whatever the provider calls it.
struct Identity: Sendable, Equatable {
    var subject: String?
    var client: String?
    var scopes: [String] = []
    var groups: [String] = []
    var roles: [String] = []
    var tenant: String?

    /// The entries of a list at most; what is beyond is left out.
    static let listBound = 512

    init() {}

    /// The identity of verified claims without a provider's word: `sub`; `client_id`, `azp`,
    /// `appid` or `cid`; the scopes of `scope` and `scp`, each a text or a list, and of
    /// `permissions`; `groups`, `roles` and `tid`.
    init(claims: JSONObject) {
        subject = claims["sub"]?.stringValue
        client =
            claims["client_id"]?.stringValue ?? claims["azp"]?.stringValue
            ?? claims["appid"]?.stringValue ?? claims["cid"]?.stringValue
        scopes = Self.bounded(
            Self.words(claims["scope"]) + Self.words(claims["scp"])
                + Self.texts(claims["permissions"]))
        groups = Self.bounded(Self.texts(claims["groups"]))
        roles = Self.bounded(Self.texts(claims["roles"]))
        tenant = claims["tid"]?.stringValue
    }

    /// What an adapter says (`normalize_claims/0`); where it is silent, the claims speak.
    init(claims: JSONObject, normalized output: JSONValue) {
        self.init(claims: claims)
        if let text = output["subject"]?.stringValue { subject = text }
        if let text = output["client_id"]?.stringValue { client = text }
        if let list = output["scopes"] { scopes = Self.bounded(Self.texts(list)) }
        if let list = output["groups"] { groups = Self.bounded(Self.texts(list)) }
        if let list = output["roles"] { roles = Self.bounded(Self.texts(list)) }
        if let text = output["tenant"]?.stringValue { tenant = text }
    }

    /// A text with spaces (RFC 8693 §4.2), or a list.
    private static func words(_ value: JSONValue?) -> [String] {
        guard let text = value?.stringValue else { return texts(value) }
        guard text.utf8.contains(UInt8(ascii: " ")) else { return text.isEmpty ? [] : [text] }
        return text.utf8.split(separator: UInt8(ascii: " ")).compactMap { String($0) }
    }

    private static func texts(_ value: JSONValue?) -> [String] {
        guard let list = value?.arrayValue else { return [] }
        return list.compactMap(\.stringValue)
    }

    private static func bounded(_ list: [String]) -> [String] {
        if list.count < 2 { return list.first == "" ? [] : list }
        var seen: Set<[UInt8]> = []
        let distinct = list.filter { !$0.isEmpty && seen.insert(Array($0.utf8)).inserted }
        return Array(distinct.prefix(listBound))
    }
}

/// An adapter's word on the claims of a token whose signature, issuer and times were good.
enum ClaimsAnswer: Sendable, Equatable {
    case identity(Identity)
    /// It is no access token; why, for the log.
    case rejected(String)
}
