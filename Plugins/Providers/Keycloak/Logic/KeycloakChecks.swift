import GatehouseJSON

/// The configuration around the adapter, as `check/0` is told of it.
struct KeycloakSurroundings {
    var delivery: String
    var issuer: String
    var audiences: [String]
    var resource: String?
    var clientID: String?

    init(_ input: JSONValue) {
        delivery = input["delivery"]?.stringValue ?? ""
        issuer = input["issuer"]?.stringValue ?? ""
        audiences = input["audiences"]?.arrayValue?.compactMap(\.stringValue) ?? []
        resource = input["resource"]?.stringValue
        clientID = input["client_id"]?.stringValue
    }
}

/// What the adapter is, and what cannot work with it.
enum KeycloakChecks {
    static func description(_ configuration: KeycloakConfiguration) -> JSONValue {
        [
            "delivery": "relay", "deliveries": ["direct", "mediated", "relay", "broker"],
            "emits_iss": configuration.sendsIssuer ? "always" : "never",
            "registration": "proxy", "client_metadata_documents": "emulate",
            "client": "optional", "client_secret": "optional",
        ]
    }

    static func answer(
        _ around: KeycloakSurroundings, _ configuration: KeycloakConfiguration
    ) -> JSONValue {
        var findings = Findings()
        switch around.delivery {
        case "direct": direct(around, configuration, &findings)
        case "mediated" where configuration.sendsIssuer:
            findings.errors.append(
                finding(
                    "/provider/keycloak/issInResponses",
                    "Keycloak sends iss, and a client that knows the gateway as issuer refuses it"
                        + " (RFC 9207 §2.4)",
                    "use delivery: relay; or set exclude.issuer.from.auth.response for every client"
                        + " of the realm, and write issInResponses: false"))
        case "broker" where around.clientID == nil:
            findings.errors.append(
                finding(
                    "/clientId", "in broker delivery the gateway is a client of the realm",
                    "create a client in Keycloak and write its id"))
        default: break
        }
        issuer(around.issuer, &findings)
        features(configuration, &findings)
        audience(around, configuration, &findings)
        if configuration.forwardsScope, !isAtLeast(26, 8, configuration) {
            findings.warnings.append(
                finding(
                    "/provider/keycloak/forwardScope",
                    "before 26.8 a client that registers with scopes gets none of the realm's"
                        + " default ones, so that its tokens lack the audience",
                    "leave it off, or write the version"))
        }
        return [
            "errors": .array(findings.errors), "warnings": .array(findings.warnings),
        ]
    }

    private struct Findings {
        var errors: [JSONValue] = []
        var warnings: [JSONValue] = []
    }

    /// Clients speak to the realm themselves, so all that the adapter puts right must be right.
    private static func direct(
        _ around: KeycloakSurroundings, _ configuration: KeycloakConfiguration,
        _ findings: inout Findings
    ) {
        let place = "/provider/keycloak/version"
        guard let version = configuration.version else {
            findings.errors.append(
                finding(
                    place, "direct delivery needs a Keycloak of 26.6 or later, and says which",
                    "write the version and the features, or use delivery: relay"))
            return
        }
        if version < KeycloakVersion(26, 6) {
            let reason =
                version < KeycloakVersion(26, 4)
                ? "clients look for metadata at the place of RFC 8414 §3.1, which it has from 26.4"
                : "it answers client_secret_basic to public clients that register, until 26.6"
            findings.errors.append(
                finding(
                    place, "this version does not serve MCP clients directly: \(reason)",
                    "use delivery: relay"))
            return
        }
        if configuration.features.isEmpty {
            findings.errors.append(
                finding(
                    "/provider/keycloak/features",
                    "without the features cimd or resource-indicators nothing of what MCP clients"
                        + " expect beyond OpenID Connect is there",
                    "start Keycloak with --features=cimd and write it here, or use relay"))
        }
        if configuration.features.contains("cimd"), version < KeycloakVersion(26, 7) {
            findings.warnings.append(
                finding(
                    place,
                    "before 26.7 the metadata lack the method none, so that clients do not"
                        + " use their metadata documents", "let clients register, or use 26.7"))
        }
        if !configuration.features.contains("cimd") {
            findings.warnings.append(
                finding(
                    "/provider/keycloak/features", "clients have to register by themselves",
                    "open the realm's policies for anonymous registration to them"))
        }
        if configuration.resource != .pass {
            findings.errors.append(
                finding(
                    "/provider/keycloak/resource",
                    "in direct delivery no request comes through the gateway", "use pass"))
        }
    }

    private static func issuer(_ issuer: String, _ findings: inout Findings) {
        if issuer.hasSuffix("/") {
            findings.errors.append(
                finding(
                    "/issuer",
                    "the issuer of a realm has no slash at its end, and issuers are"
                        + " compared byte by byte", "remove the slash"))
        } else if !issuer.utf8.contains("/realms/".utf8) {
            findings.warnings.append(
                finding(
                    "/issuer", "this names no realm",
                    "write https://host/realms/ and the realm's name"))
        }
    }

    private static func features(
        _ configuration: KeycloakConfiguration, _ findings: inout Findings
    ) {
        guard let version = configuration.version, version < KeycloakVersion(26, 6),
            !configuration.features.isEmpty
        else { return }
        findings.errors.append(
            finding(
                "/provider/keycloak/features", "no version before 26.6 has these features",
                "remove them, or write the version that runs"))
    }

    private static func audience(
        _ around: KeycloakSurroundings, _ configuration: KeycloakConfiguration,
        _ findings: inout Findings
    ) {
        if configuration.authorizedParties == [], around.clientID == nil {
            findings.errors.append(
                finding(
                    "/provider/keycloak/audienceFallback/azp",
                    "azp: true takes the tokens of clientId, and there is none",
                    "write clientId, or list the clients"))
        }
        if around.audiences.isEmpty, configuration.authorizedParties == nil,
            configuration.resourceAccess == nil
        {
            findings.errors.append(
                finding(
                    "/audiences", "nothing would bind a token to this gateway",
                    "write the value of the realm's audience mapper"))
        }
        if configuration.resource == .scope, let resource = around.resource,
            configuration.resourceScopes[resource] == nil
        {
            findings.errors.append(
                finding(
                    "/provider/keycloak/resourceScopes",
                    "resource: scope, and no client scope stands for \(resource)",
                    "add it, with the client scope that holds its audience mapper"))
        }
        if configuration.resource == .pass, configuration.features.contains("resource-indicators") {
            findings.warnings.append(
                finding(
                    "/provider/keycloak/resource",
                    "Keycloak refuses a resource that is no client's resource_url attribute",
                    "set the attribute at the client that stands for this gateway"))
        }
    }

    private static func isAtLeast(
        _ major: Int, _ minor: Int, _ configuration: KeycloakConfiguration
    ) -> Bool {
        configuration.version.map { $0 >= KeycloakVersion(major, minor) } ?? false
    }

    private static func finding(
        _ pointer: String, _ message: String, _ suggestion: String
    ) -> JSONValue {
        [
            "pointer": .string(pointer), "message": .string(message),
            "suggestion": .string(suggestion),
        ]
    }
}

extension Sequence where Element == UInt8 {
    /// Whether the bytes stand anywhere in the sequence.
    fileprivate func contains(_ part: some Sequence<UInt8>) -> Bool {
        let all = Array(self)
        let wanted = Array(part)
        guard wanted.count <= all.count else { return false }
        return (0...(all.count - wanted.count)).contains { at in
            all[at..<(at + wanted.count)].elementsEqual(wanted)
        }
    }
}
