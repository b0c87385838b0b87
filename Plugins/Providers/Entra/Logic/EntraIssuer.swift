import GatehouseJSON

/// An issuer of Entra taken apart: `https://HOST/TENANT/v2.0`, or `https://STS/TENANT/` (v1).
struct EntraIssuer: Hashable {
    /// Scheme, host and port of the endpoints.
    var origin: String
    /// A GUID, a name, `common`, `organizations` or `consumers`.
    var tenant: String
    /// What follows the tenant in a v2 issuer: `/v2.0`, in B2C `/v2.0/`.
    var suffix: String

    /// The tenant of personal accounts; the metadata of `consumers` has its issuer.
    static let consumers = "9188040d-6c67-4c5b-b112-36a304b66dad"

    /// Hosts of v1 issuers, and those where their endpoints are.
    private static let tokenServices: [String: String] = [
        "https://sts.windows.net": "https://login.microsoftonline.com",
        "https://sts.chinacloudapi.cn": "https://login.partner.microsoftonline.cn",
    ]

    /// nil: it is no issuer of Entra.
    init?(_ issuer: String) {
        let parts = issuer.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 4, ["https:", "http:"].contains(parts[0]), parts[1].isEmpty,
            !parts[2].isEmpty, !parts[3].isEmpty
        else { return nil }
        let named = "\(parts[0])//\(parts[2])"
        switch parts[4...] {
        case ["v2.0"]: suffix = "/v2.0"
        case ["v2.0", ""]: suffix = "/v2.0/"
        case [""] where Self.tokenServices[named] != nil: suffix = "/v2.0"
        default: return nil
        }
        origin = Self.tokenServices[named] ?? named
        tenant = String(parts[3])
    }

    /// Whether tokens of several tenants come under it.
    var isMultiTenant: Bool { tenant == "common" || tenant == "organizations" }

    /// Whether the tenant is a GUID or one of the reserved words, which tokens name it by.
    var hasTenantID: Bool {
        isMultiTenant || tenant == "consumers" || Self.isGUID(tenant)
    }

    static func isGUID(_ text: String) -> Bool {
        let groups = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return groups.map(\.count) == [8, 4, 4, 4, 12]
            && text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || Character.isHexadecimal($0) }
    }

    /// The origin of the v1 issuers of this cloud.
    private var tokenService: String {
        Self.tokenServices.first { $0.value == origin }?.key ?? "https://sts.windows.net"
    }

    // MARK: Hooks

    /// The one document that Entra has: OpenID Connect Discovery 1.0 §4.1, appended. Every other
    /// form is 404.
    static func discovery(_ issuer: String, _ configuration: EntraConfiguration) -> JSONValue {
        var base = issuer[...]
        if let parsed = EntraIssuer(issuer) {
            base = "\(parsed.origin)/\(parsed.tenant)\(parsed.suffix)"
        }
        while base.hasSuffix("/") { base.removeLast() }
        let url =
            configuration.endpoint("metadata") ?? "\(base)/.well-known/openid-configuration"
        var out: JSONObject = ["merge": "first", "requests": [["url": .string(url)]]]
        var document = JSONObject()
        document["authorization_endpoint"] = configuration.endpoints["authorization"]
        document["token_endpoint"] = configuration.endpoints["token"]
        document["jwks_uri"] = configuration.endpoints["jwks"]
        if !document.isEmpty { out["document"] = .object(document) }
        return .object(out)
    }

    /// What the document and the tokens may name as their issuer (G91).
    ///
    /// Which version a token has is decided by the API's registration
    /// (`requestedAccessTokenVersion`), not by the endpoint: both are taken. The metadata of
    /// `common` and `organizations` names `{tenantid}`, the tokens their own tenant: the caller
    /// refuses the template unless there is a list of tenants.
    static func accepted(_ issuer: String, _ configuration: EntraConfiguration) -> JSONValue {
        guard let parsed = EntraIssuer(issuer) else {
            return ["tokens": [["issuer": .string(issuer)]]]
        }
        func v2(_ tenant: String) -> String { "\(parsed.origin)/\(tenant)\(parsed.suffix)" }
        func v1(_ tenant: String) -> String { "\(parsed.tokenService)/\(tenant)/" }
        guard parsed.isMultiTenant else {
            let tenant = parsed.tenant == "consumers" ? consumers : parsed.tenant
            return [
                "document": [.string(v2(tenant))],
                "tokens": [["issuer": .string(v2(tenant))], ["issuer": .string(v1(tenant))]],
            ]
        }
        let tokens = [v2("{tid}"), v1("{tid}")].map { template -> JSONValue in
            var entry: JSONObject = ["issuer": .string(template), "claim": "tid"]
            entry["values"] = configuration.tenants.map { .array($0.map(JSONValue.string)) }
            return .object(entry)
        }
        return ["document": [.string(v2("{tenantid}"))], "tokens": .array(tokens)]
    }
}

extension Character {
    /// Whether the octet is a hexadecimal digit.
    fileprivate static func isHexadecimal(_ octet: UInt8) -> Bool {
        (48...57).contains(octet) || (97...102).contains(octet | 0x20)
    }
}
