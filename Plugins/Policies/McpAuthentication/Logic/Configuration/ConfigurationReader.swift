import GatehouseJSON

/// Reads the policy's configuration and collects every remark about it at once.
struct ConfigurationReader {
    var remarks: [ConfigurationRemark] = []

    /// The configuration of `value`, and all remarks; `nil` where one of them is an error.
    static func read(
        _ value: JSONValue
    ) -> (configuration: Configuration?, remarks: [ConfigurationRemark]) {
        var reader = ConfigurationReader()
        let configuration = reader.read(value)
        let refused = reader.remarks.contains(where: \.isError)
        return (refused ? nil : configuration, reader.remarks)
    }

    private mutating func read(_ value: JSONValue) -> Configuration? {
        guard value.objectValue != nil else {
            remarks.append(.error("", "the configuration is not a mapping"))
            return nil
        }
        var result = Configuration(
            issuer: value["issuer"]?.stringValue ?? "",
            audiences: (value["audiences"]?.arrayValue ?? []).compactMap(\.stringValue))
        checkIssuer(value, &result)
        if let mode = value["mode"] {
            result.mode =
                choice(mode, at: "/mode", of: [.strict, .optional, .permissive]) ?? .strict
        }
        if let delivery = value["delivery"] {
            result.delivery = choice(
                delivery, at: "/delivery", of: [.direct, .mediated, .relay, .broker])
        }
        readClients(value, &result)
        readKeys(value["jwks"], &result)
        readProvider(value["provider"], &result)
        readResource(value["resourceMetadata"], &result)
        result.clientID = value["clientId"]?.stringValue
        result.clientSecret = value["clientSecret"]?.stringValue
        readLocation(value["authorizationLocation"], &result)
        readValidation(value["jwtValidationOptions"]?["requiredClaims"], &result)
        readLeeway(value["leeway"], &result)
        result.broker = readBroker(value)
        readTokens(value, &result)
        checkTogether(result)
        return result
    }

    mutating func remark(_ remark: ConfigurationRemark) { remarks.append(remark) }

    private mutating func choice<Choice: RawRepresentable>(
        _ value: JSONValue, at pointer: String, of all: [Choice]
    ) -> Choice? where Choice.RawValue == String {
        if let found = value.stringValue.flatMap(Choice.init(rawValue:)) { return found }
        let names = all.map(\.rawValue).joined(separator: ", ")
        remarks.append(.error(pointer, "must be one of \(names)"))
        return nil
    }

    private mutating func checkIssuer(_ value: JSONValue, _ result: inout Configuration) {
        guard !result.issuer.isEmpty else {
            remarks.append(.error("/issuer", "the issuer is missing"))
            return
        }
        guard value["audiences"]?.arrayValue != nil else {
            remarks.append(.error("/audiences", "the list of audiences is missing"))
            return
        }
        if result.audiences.isEmpty {
            remarks.append(
                .warning(
                    "/audiences",
                    "no audience is configured: a token that was issued for another service is"
                        + " accepted here (RFC 8725 §3.9)"))
        }
        guard let url = result.issuerURL else { return }
        if url.query != nil {
            remarks.append(.error("/issuer", "an issuer has no query (RFC 8414 §2)"))
        }
        warnPlain(result.issuer, at: "/issuer")
    }

    mutating func warnPlain(_ text: String, at pointer: String) {
        guard let url = HTTPURL(text), !url.isHTTPSOrLoopback else { return }
        remarks.append(
            .warning(
                pointer, "http beyond this machine: whoever sits between can replace the keys",
                "https://" + text.dropFirst("http://".count)))
    }

    private mutating func readKeys(_ value: JSONValue?, _ result: inout Configuration) {
        if let keys = readKeySource(value, at: "", issuer: result.issuerURL) { result.keys = keys }
    }

    /// The keys of one issuer; `pointer` is where the issuer stands.
    mutating func readKeySource(
        _ value: JSONValue?, at pointer: String, issuer: HTTPURL?
    ) -> KeySource? {
        guard let value else {
            if issuer == nil {
                remarks.append(
                    .error(
                        pointer + "/issuer",
                        "the keys are found by the issuer's URL, and this is none: write jwks"))
            }
            return nil
        }
        if let url = value["url"]?.stringValue {
            if HTTPURL(url) == nil {
                remarks.append(.error(pointer + "/jwks/url", "not an absolute http or https URL"))
            }
            warnPlain(url, at: pointer + "/jwks/url")
            return .url(url)
        }
        if let file = value["file"]?.stringValue { return .file(file) }
        if let text = value.stringValue ?? value["inline"]?.stringValue {
            return .inline(Array(text.utf8))
        }
        if let object = value["inline"] { return .inline(object.serializedBytes(.compact)) }
        if value["keys"] != nil { return .inline(value.serializedBytes(.compact)) }
        remarks.append(.error(pointer + "/jwks", "must name a url, a file, or hold the key set"))
        return nil
    }

    private mutating func readProvider(_ value: JSONValue?, _ result: inout Configuration) {
        guard let members = value?.objectValue else { return }
        guard members.count == 1, let name = members.keys.first else {
            remarks.append(.error("/provider", "exactly one provider is named: {keycloak: {}}"))
            return
        }
        result.provider = ProviderChoice(name: name)
    }

    private mutating func readLocation(_ value: JSONValue?, _ result: inout Configuration) {
        guard let value else { return }
        if let header = value["header"], let name = header["name"]?.stringValue {
            let isBearer = name.lowercased() == "authorization"
            result.location = .header(
                name: name.lowercased(),
                prefix: header["prefix"]?.stringValue ?? (isBearer ? "Bearer " : ""))
        } else if let name = value["queryParameter"]?["name"]?.stringValue {
            result.location = .queryParameter(name: name)
            remarks.append(
                .warning(
                    "/authorizationLocation/queryParameter",
                    "a token in the query reaches logs and histories; the MCP specification"
                        + " forbids it (RFC 6750 §5.3)"))
        } else if let name = value["cookie"]?["name"]?.stringValue {
            result.location = .cookie(name: name)
        } else if value["expression"] != nil {
            remarks.append(
                .error(
                    "/authorizationLocation/expression",
                    "expressions are not supported: name a header, a queryParameter or a cookie"))
        }
    }

    private mutating func readValidation(_ value: JSONValue?, _ result: inout Configuration) {
        guard let names = value?.arrayValue else { return }
        result.requiredClaims = []
        for (index, name) in names.enumerated() {
            if let claim = name.stringValue.flatMap(RequiredClaims.named) {
                result.requiredClaims.insert(claim)
            } else {
                remarks.append(
                    .warning(
                        "/jwtValidationOptions/requiredClaims/\(index)",
                        "has no effect: only exp, nbf, aud, iss and sub can be required"))
            }
        }
        if !result.requiredClaims.contains(.exp) {
            remarks.append(
                .warning(
                    "/jwtValidationOptions/requiredClaims",
                    "a token without exp is accepted for ever"))
        }
    }

    private mutating func readLeeway(_ value: JSONValue?, _ result: inout Configuration) {
        guard let value else { return }
        guard let leeway = value.stringValue.flatMap(DurationText.milliseconds) else {
            remarks.append(.error("/leeway", "must be a duration such as 60s"))
            return
        }
        if leeway > 300_000 {
            remarks.append(.error("/leeway", "is more than five minutes", "5m"))
        }
        result.leeway = leeway
    }

    /// What several members say together.
    private mutating func checkTogether(_ result: Configuration) {
        if let delivery = result.delivery, delivery.isFacade, result.issuerURL == nil {
            remarks.append(
                .error("/delivery", "\(delivery) delivery needs an issuer that is a URL"))
        }
        if result.clientSecret != nil, result.clientID == nil {
            remarks.append(
                .error("/clientSecret", "belongs to a clientId, and none is configured"))
        }
        if result.clientID != nil, result.provider == nil, result.delivery?.isFacade != true {
            remarks.append(
                .warning(
                    "/clientId",
                    "has no effect: clients register at the issuer itself in direct delivery",
                    "delivery: mediated"))
        }
    }
}

extension ConfigurationReader {
    private mutating func readResource(_ value: JSONValue?, _ result: inout Configuration) {
        guard let members = value?.objectValue else {
            remarks.append(.error("/resourceMetadata", "is missing; it may be {}"))
            return
        }
        let pairs = members.map { (written: $0.key, value: $0.value) }
        for pair in pairs.sorted(by: { $0.written < $1.written }) {
            let name = MemberName.snakeCase(pair.written)
            if result.resourceMember(name) != nil {
                remarks.append(
                    .error(
                        "/resourceMetadata/" + MemberName.pointerToken(pair.written),
                        "\(name) is written twice, in two spellings"))
            }
            result.resourceMembers.append((name, pair.value))
        }
        checkResource(result)
    }

    private mutating func checkResource(_ result: Configuration) {
        if let resource = result.resourceMember("resource") {
            let at = "/resourceMetadata/resource"
            let url = resource.stringValue.flatMap(HTTPURL.init)
            if url == nil {
                remarks.append(
                    .error(at, "must be an absolute http or https URL without fragment"))
            } else if url?.isHTTPSOrLoopback == false {
                remarks.append(
                    .warning(at, "a protected resource is https (RFC 9728 §1.2)"))
            }
        }
        let scopes = result.resourceMember("scopes_supported")?.arrayValue ?? []
        if scopes.contains(.string("offline_access")) {
            remarks.append(
                .warning(
                    "/resourceMetadata",
                    "scopesSupported names offline_access, which a resource should not;"
                        + " the challenge leaves it out"))
        }
        let methods = result.resourceMember("bearer_methods_supported")?.arrayValue ?? []
        let unread = methods.compactMap(\.stringValue).filter { $0 == "body" || $0 == "query" }
        if !unread.isEmpty {
            remarks.append(
                .warning(
                    "/resourceMetadata",
                    "bearerMethodsSupported names \(unread.joined(separator: " and ")), which is"
                        + " served but not accepted: tokens are read where authorizationLocation"
                        + " says"))
        }
    }
}

/// Names of members, between the two spellings.
enum MemberName {
    /// `scopesSupported` as `scopes_supported`; a name that is in snake case stays as it is.
    static func snakeCase(_ name: String) -> String {
        let letters = Array(name.unicodeScalars)
        var result = ""
        for (index, letter) in letters.enumerated() {
            guard ("A"..."Z").contains(letter) else {
                result.unicodeScalars.append(letter)
                continue
            }
            let before = index > 0 ? letters[index - 1] : "_"
            let after = index + 1 < letters.count ? letters[index + 1] : "_"
            let startsWord =
                ("a"..."z").contains(before) || ("0"..."9").contains(before)
                || (("A"..."Z").contains(before) && ("a"..."z").contains(after))
            if startsWord { result.append("_") }
            result.append(String(letter).lowercased())
        }
        return result
    }

    /// `name` as one token of a JSON Pointer (RFC 6901 §3).
    static func pointerToken(_ name: String) -> String {
        var result = ""
        for letter in name {
            switch letter {
            case "~": result += "~0"
            case "/": result += "~1"
            default: result.append(letter)
            }
        }
        return result
    }
}
