import GatehouseJSON

/// Where GitHub's endpoints are.
struct GitHubEndpoints: Hashable {
    var authorization: String
    var token: String
    /// The root of the REST API, without a slash at its end.
    var api: String

    private static let path = "/login/oauth"

    /// From the configuration, or else from the issuer (`https://github.com/login/oauth`).
    ///
    /// The API of github.com and of the data-residency hosts `NAME.ghe.com` is on a host of its
    /// own, that of GitHub Enterprise Server under `/api/v3`. nil: the issuer ends otherwise, and
    /// the configuration leaves an endpoint open.
    init?(_ issuer: String, _ configuration: GitHubConfiguration) {
        let base: String? =
            configuration.host.map { "https://\($0)" }
            ?? (issuer.hasSuffix(Self.path) ? String(issuer.dropLast(Self.path.count)) : nil)
        func endpoint(_ name: String, _ otherwise: String?) -> String? {
            configuration.endpoints[name]?.stringValue ?? otherwise
        }
        guard
            let authorization = endpoint(
                "authorization", base.map { "\($0)\(Self.path)/authorize" }),
            let token = endpoint("token", base.map { "\($0)\(Self.path)/access_token" }),
            var api = endpoint("api", base.map(Self.api))
        else { return nil }
        while api.hasSuffix("/") { api.removeLast() }
        self.authorization = authorization
        self.token = token
        self.api = api
    }

    private static func api(_ base: String) -> String {
        let secure = "https://"
        guard base.hasPrefix(secure) else { return "\(base)/api/v3" }
        let host = base.dropFirst(secure.count)
        let hasOwnHost = host == "github.com" || host.hasSuffix(".ghe.com")
        return hasOwnHost ? "\(secure)api.\(host)" : "\(base)/api/v3"
    }

    /// No document is fetched: GitHub has one, which names no API and no way to the user, and
    /// GitHub Enterprise Server has none.
    static func discovery(_ issuer: String, _ configuration: GitHubConfiguration) -> JSONValue {
        var document: JSONObject = ["issuer": .string(issuer)]
        if let endpoints = GitHubEndpoints(issuer, configuration) {
            document["authorization_endpoint"] = .string(endpoints.authorization)
            document["token_endpoint"] = .string(endpoints.token)
            document["userinfo_endpoint"] = .string("\(endpoints.api)/user")
        }
        document["response_types_supported"] = ["code"]
        document["grant_types_supported"] = ["authorization_code", "refresh_token"]
        document["code_challenge_methods_supported"] = ["S256"]
        document["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
        return ["requests": [], "document": .object(document)]
    }

    /// A check of the token, or its end: `/applications/CLIENT/token`, by the application itself.
    func application(_ client: String, method: String) -> JSONValue {
        [
            "method": .string(method),
            "url": .string("\(api)/applications/\(Self.escaped(client))/token"),
            "fields": Self.fields, "json": ["access_token": "{token}"],
            "client_auth": [
                "method": "basic", "secret": "client", "client_id": .string(client),
            ],
        ]
    }

    /// A question to the API in the name of the token's user.
    func question(_ path: String) -> JSONValue {
        [
            "method": "GET", "url": .string("\(api)\(path)"), "fields": Self.fields,
            "client_auth": ["method": "bearer", "secret": "token"],
        ]
    }

    /// The API answers 403 where there is no User-Agent.
    private static let fields: JSONValue = [
        "Accept": "application/vnd.github+json", "User-Agent": "gatehouse",
        "X-GitHub-Api-Version": "2022-11-28",
    ]

    /// One segment of a path (RFC 3986 §3.3).
    private static func escaped(_ text: String) -> String {
        var out = ""
        let digits = Array("0123456789ABCDEF")
        for octet in text.utf8 {
            switch octet {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e:
                out.unicodeScalars.append(Unicode.Scalar(octet))
            default: out += "%\(digits[Int(octet >> 4)])\(digits[Int(octet & 15)])"
            }
        }
        return out
    }
}
