import GatehouseJSON

/// Whether the configuration around the adapter can work (`check/0`).
enum GitHubCheck {
    static func answer(_ input: HookInput, _ configuration: GitHubConfiguration) -> JSONValue {
        var errors: [JSONValue] = []
        func error(_ pointer: String, _ message: String, _ suggestion: String) {
            errors.append([
                "pointer": .string(pointer), "message": .string(message),
                "suggestion": .string(suggestion),
            ])
        }
        if let delivery = input.value["delivery"]?.stringValue, delivery != "broker" {
            error(
                "/delivery",
                "GitHub's tokens are opaque and bound to no audience: only tokens of"
                    + " the gateway's own can be", "broker")
        }
        if GitHubEndpoints(input.value["issuer"]?.stringValue ?? "", configuration) == nil {
            error(
                "/issuer", "the endpoints do not follow from it: it does not end in /login/oauth",
                "https://github.com/login/oauth")
        }
        let client = input.value["client_id"]?.stringValue
        if client == nil {
            error(
                "/clientId",
                "GitHub takes no registrations: the gateway needs an application of"
                    + " its own there", "the Client ID of an OAuth app or a GitHub App")
        }
        if input.value["has_client_secret"]?.boolValue != true {
            error(
                "/clientSecret", "GitHub redeems no code without a secret",
                "the application's secret"
            )
        }
        if configuration.readsOrganizations, !canReadOrganizations(client, configuration) {
            error(
                "/provider/github/scopes",
                "without read:org GitHub shows only the memberships"
                    + " that are public", "[read:user, read:org]")
        }
        return ["errors": .array(errors), "warnings": []]
    }

    /// The ids of GitHub Apps begin with `Iv`; their permissions are no scopes.
    private static func canReadOrganizations(
        _ client: String?, _ configuration: GitHubConfiguration
    ) -> Bool {
        let enough: Set<String> = ["read:org", "write:org", "admin:org"]
        return client?.hasPrefix("Iv") == true
            || configuration.scopes.contains(where: enough.contains)
    }
}
