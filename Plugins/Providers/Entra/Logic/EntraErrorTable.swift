import GatehouseJSON

extension EntraErrors {
    /// The errors that operators of MCP servers meet, by their number.
    static let table: [Int64: Entry] = [
        // The user, the session, the code.
        16000: Entry(kind: .grant, hint: ""),
        50076: Entry(kind: .grant, hint: ""),
        50079: Entry(kind: .grant, hint: ""),
        50105: Entry(
            kind: .grant,
            hint: "the user is not assigned to the application: assign the user or a group under"
                + " Enterprise applications, or switch \"Assignment required\" off"),
        50148: Entry(kind: .grant, hint: ""),
        50173: Entry(kind: .grant, hint: ""),
        53003: Entry(kind: .grant, hint: "a Conditional Access policy of the tenant refused it"),
        54005: Entry(kind: .grant, hint: ""),
        65001: Entry(
            kind: .grant,
            hint: "nobody consented to the scopes: let users consent, or grant admin consent under"
                + " API permissions, or list the client under Expose an API, Authorized client"
                + " applications"),
        65004: Entry(kind: .grant, hint: ""),
        70000: Entry(kind: .grant, hint: ""),
        70008: Entry(kind: .grant, hint: ""),
        90094: Entry(
            kind: .grant,
            hint: "an administrator must consent: grant admin consent under API permissions, and"
                + " leave forwardConsentPrompt off"),
        500_011: Entry(
            kind: .target,
            hint: "the tenant knows no application by the URI that the scopes begin with: set"
                + " scopePrefix to the Application ID URI of Expose an API"),
        501_481: Entry(kind: .grant, hint: ""),
        700_082: Entry(kind: .grant, hint: ""),
        700_084: Entry(
            kind: .grant,
            hint: "a refresh token of the platform Single-page application ends after 24 hours:"
                + " register the redirect URIs for Web or Mobile and desktop applications"),
        // Scopes and resources.
        28000: Entry(
            kind: .scope, hint: "the scopes are of more than one API: Entra gives a token for one"),
        28003: Entry(kind: .scope, hint: "no scope went along; please report it"),
        70011: Entry(
            kind: .scope,
            hint: "a scope is not one that can be asked for: compare scopePrefix and the scopes"
                + " with Expose an API"),
        90009: Entry(
            kind: .scope,
            hint: "the application asks for a token for itself by its URI: leave scopePrefix out,"
                + " or set defaultScopes to scopes that the API exposes"),
        650_053: Entry(
            kind: .scope,
            hint: "a scope is not exposed by the API: add it under Expose an API, or correct the"
                + " names and scopePrefix (a name without prefix is taken as one of Graph)"),
        901_002: Entry(
            kind: .target, hint: "a resource parameter reached Entra; please report it"),
        9_010_010: Entry(
            kind: .target,
            hint: "a resource parameter reached Entra that is not that of the scopes; please"
                + " report it"),
        // The application and the gateway's configuration.
        50011: Entry(
            kind: .setup,
            hint: "the redirect URI is not registered: add the one of the request under"
                + " Authentication, and only loopback ones match with any port"),
        90002: Entry(kind: .setup, hint: "the tenant of the issuer does not exist"),
        500_113: Entry(
            kind: .setup, hint: "no redirect URI is registered: add one under Authentication"),
        700_016: Entry(
            kind: .setup, hint: "the tenant knows no application with the policy's clientId"),
        700_025: Entry(
            kind: .setup,
            hint: "the redirect URI is registered for a public client, which may not send a"
                + " secret: leave clientSecret out, or register the URI for the platform Web"),
        7_000_112: Entry(kind: .setup, hint: "the application is disabled"),
        7_000_215: Entry(
            kind: .setup,
            hint: "the client secret is wrong: take the secret's value, not its id"),
        7_000_218: Entry(
            kind: .setup,
            hint: "the redirect URI is registered for the platform Web, which needs a secret: set"
                + " clientSecret, or register the URI for Mobile and desktop applications"),
        7_000_222: Entry(
            kind: .setup, hint: "the client secret has expired: make a new one and set it"),
        9_002_326: Entry(
            kind: .setup,
            hint: "the redirect URI is not registered for the platform Single-page application:"
                + " leave origin out"),
        9_002_327: Entry(
            kind: .setup,
            hint: "the redirect URI is registered for the platform Single-page application: set"
                + " origin, or register the URI for Web or Mobile and desktop applications"),
        // Entra itself.
        90033: Entry(kind: .busy, hint: "Entra is disturbed for a moment"),
        50196: Entry(kind: .busy, hint: "a client asks in a loop"),
    ]
}
