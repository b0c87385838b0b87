import GatehouseJSON
import GatehousePluginKit

/// What goes to GitHub's endpoints.
enum GitHubRequests {
    /// What of the client's parameters GitHub knows; `resource` (RFC 8707), OpenID Connect's and
    /// the client's scopes mean nothing to it.
    private static let known = [
        "response_type", "client_id", "redirect_uri", "state", "code_challenge",
        "code_challenge_method",
    ]

    /// The parameters of the browser's request.
    static func authorize(
        _ params: JSONObject, _ configuration: GitHubConfiguration
    ) -> JSONObject {
        var out = JSONObject()
        for name in known { out[name] = params[name] }
        if !configuration.scopes.isEmpty {
            out["scope"] = .string(configuration.scopes.joined(separator: " "))
        }
        out["login"] = params["login_hint"]
        if params["prompt"] == "select_account" { out["prompt"] = "select_account" }
        if !configuration.allowsSignup { out["allow_signup"] = "false" }
        return out
    }

    /// A redemption or a refresh; GitHub answers with a form unless JSON is asked for.
    static func token(_ input: HookInput) throws(HookFailure) -> JSONValue {
        let params = try input.object("params")
        let grant = try input.text("grant_type")
        guard let url = input.value["document"]?["token_endpoint"]?.stringValue else {
            throw input.lacks("document/token_endpoint")
        }
        guard grant == "authorization_code" || grant == "refresh_token" else {
            throw .invalid(JSONPointer(tokens: ["grant_type"]), "it is no grant of MCP clients")
        }
        var form: JSONObject = ["grant_type": .string(grant)]
        if grant == "authorization_code" { form["redirect_uri"] = params["redirect_uri"] }
        return [
            "request": [
                "method": "POST", "url": .string(url), "form": .object(form),
                "fields": ["Accept": "application/json", "User-Agent": "gatehouse"],
                "client_auth": ["method": "post", "secret": "client"],
            ]
        ]
    }

    /// The end of an access token; GitHub ends no refresh token by itself.
    static func revocation(
        _ input: HookInput, _ configuration: GitHubConfiguration
    ) throws(HookFailure) -> JSONValue {
        guard try input.text("kind") == "access_token" else { return [:] }
        let client = try input.text("client_id")
        let issuer = try input.object("document")["issuer"]?.stringValue ?? ""
        guard let endpoints = GitHubEndpoints(issuer, configuration) else { return [:] }
        return ["request": endpoints.application(client, method: "DELETE")]
    }
}
