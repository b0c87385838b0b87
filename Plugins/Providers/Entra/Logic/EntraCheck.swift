import GatehouseJSON

/// Whether the configuration around the adapter can work (`check/0`).
enum EntraCheck {
    static func answer(_ input: HookInput, _ configuration: EntraConfiguration) -> JSONValue {
        var found = Findings()
        delivery(input.delivery, &found)
        issuer(input.value["issuer"]?.stringValue ?? "", configuration, &found)
        client(input, configuration, &found)
        scopes(input.texts("required_scopes"), configuration, &found)
        return ["errors": .array(found.errors), "warnings": .array(found.warnings)]
    }

    private static func delivery(_ mode: String, _ found: inout Findings) {
        guard mode == "direct" else { return }
        found.error(
            "/delivery",
            "Entra cannot serve MCP clients directly: its metadata lack S256, it takes no"
                + " registration, and it refuses the resource parameter that clients send",
            "mediated")
    }

    private static func issuer(
        _ issuer: String, _ configuration: EntraConfiguration, _ found: inout Findings
    ) {
        guard let parsed = EntraIssuer(issuer) else {
            found.error(
                "/issuer", "it is no issuer of Entra",
                "https://login.microsoftonline.com/TENANT-ID/v2.0")
            return
        }
        if !parsed.hasTenantID {
            found.error(
                "/issuer", "tokens name their tenant by its id, not by \(parsed.tenant.prefix(64))",
                "\(parsed.origin)/TENANT-ID\(parsed.suffix)")
        }
        if parsed.isMultiTenant, configuration.tenants == nil {
            found.error(
                "/provider/entra",
                "an issuer of all tenants needs the list of those that are let in: tenants",
                "tenants: [TENANT-ID]")
        }
        if EntraIssuer.isGUID(parsed.tenant), let tenants = configuration.tenants,
            !tenants.contains(parsed.tenant.lowercased())
        {
            found.error(
                "/provider/entra/tenants",
                "the issuer's own tenant is not among them: no token"
                    + " could enter", parsed.tenant)
        }
    }

    private static func client(
        _ input: HookInput, _ configuration: EntraConfiguration, _ found: inout Findings
    ) {
        guard let client = input.value["client_id"]?.stringValue else {
            found.error(
                "/clientId",
                "Entra takes no registrations: clients share an application that is"
                    + " registered by hand", "the Application (client) ID")
            return
        }
        if !EntraIssuer.isGUID(client) {
            found.warning(
                "/clientId", "Entra's client ids are GUIDs", "the Application (client) ID")
        }
        let hasSecret = input.value["has_client_secret"]?.boolValue == true
        if hasSecret, configuration.origin != nil {
            found.warning(
                "/clientSecret", "it is not used: a single-page application (origin) has no secret",
                "")
        }
        if !hasSecret, configuration.origin == nil, ["relay", "broker"].contains(input.delivery) {
            found.warning(
                "/clientSecret",
                "without it the callback must be registered for the platform"
                    + " Mobile and desktop applications, not for Web", "")
        }
    }

    private static func scopes(
        _ required: [String], _ configuration: EntraConfiguration, _ found: inout Findings
    ) {
        for scope in required {
            if EntraScopes.openID.contains(scope) {
                found.error(
                    "/requiredScopes", "Entra never names \(scope) in a token's scp claim", "")
            } else if EntraScopes.isAbsolute(scope) {
                let name = scope.split(separator: "/").last ?? ""
                found.error(
                    "/requiredScopes", "a token's scp claim has the names without their prefix",
                    String(name.prefix(256)))
            }
        }
    }

    /// What was found so far.
    private struct Findings {
        var errors: [JSONValue] = []
        var warnings: [JSONValue] = []

        mutating func error(_ pointer: String, _ message: String, _ suggestion: String) {
            errors.append(Self.finding(pointer, message, suggestion))
        }

        mutating func warning(_ pointer: String, _ message: String, _ suggestion: String) {
            warnings.append(Self.finding(pointer, message, suggestion))
        }

        private static func finding(
            _ pointer: String, _ message: String, _ suggestion: String
        ) -> JSONValue {
            var out: JSONObject = ["pointer": .string(pointer), "message": .string(message)]
            if !suggestion.isEmpty { out["suggestion"] = .string(suggestion) }
            return .object(out)
        }
    }
}
