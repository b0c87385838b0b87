import GatehouseJSON
import GatehousePluginKit

/// What goes to Entra's endpoints.
enum EntraRequests {
    /// `resource` (RFC 8707) is refused by Entra where it is not the scope's own (AADSTS9010010),
    /// and was refused always before (AADSTS901002): the scope names the resource.
    private static let dropped = ["resource", "audience"]

    /// The parameters of the browser's request.
    static func authorize(
        _ input: HookInput, _ configuration: EntraConfiguration
    ) throws(HookFailure) -> JSONValue {
        var params = try input.object("params")
        let client = input.value["client_id"]?.stringValue ?? params["client_id"]?.stringValue
        guard let client else { throw input.lacks("client_id") }
        for name in dropped { params[name] = nil }
        let names = EntraScopes(configuration)
        if let refusal = names.refusal(of: input.scopes(), client: client) {
            return ["error": ["error": "invalid_scope", "error_description": .string(refusal)]]
        }
        let scopes = names.request(
            input.scopes(), client: client, forIdentity: input.delivery == "broker")
        params["scope"] = .string(scopes.joined(separator: " "))
        if !configuration.forwardsConsentPrompt { params["prompt"] = prompt(params["prompt"]) }
        if input.delivery != "mediated" { params["response_mode"] = nil }
        return ["params": .object(params)]
    }

    /// A redemption or a refresh. Entra wants the scope in both (AADSTS28003, AADSTS90009).
    ///
    /// The gateway's secret goes along only for the configured client, which has one and does not
    /// authenticate itself, and only for these two grants (G84).
    static func token(
        _ input: HookInput, _ configuration: EntraConfiguration
    ) throws(HookFailure) -> JSONValue {
        var form = try input.object("params")
        let grant = try input.text("grant_type")
        guard let url = input.value["document"]?["token_endpoint"]?.stringValue else {
            throw input.lacks("document/token_endpoint")
        }
        guard let client = try input.object("client")["id"]?.stringValue else {
            throw input.lacks("client/id")
        }
        guard grant == "authorization_code" || grant == "refresh_token" else {
            throw .invalid(JSONPointer(tokens: ["grant_type"]), "it is no grant of MCP clients")
        }
        for name in dropped { form[name] = nil }
        form["grant_type"] = .string(grant)
        let names = EntraScopes(configuration)
        let scopes = names.request(
            names.own(input.scopes(), client: client), client: client,
            forIdentity: input.delivery == "broker")
        form["scope"] = .string(scopes.joined(separator: " "))
        var fields: JSONObject = ["Accept": "application/json"]
        fields["Origin"] = configuration.origin.map(JSONValue.string)
        let isInjected = needsSecret(input.value["client"]) && configuration.origin == nil
        return [
            "request": [
                "method": "POST", "url": .string(url), "fields": .object(fields),
                "form": .object(form),
                "client_auth": isInjected
                    ? ["method": "post", "secret": "client"] : ["method": "none"],
            ]
        ]
    }

    private static func needsSecret(_ client: JSONValue?) -> Bool {
        client?["is_configured"]?.boolValue == true && client?["has_secret"]?.boolValue == true
            && client?["authenticates"]?.boolValue != true
    }

    /// Without `consent`; nil where nothing else is asked for.
    private static func prompt(_ value: JSONValue?) -> JSONValue? {
        let words = (value?.stringValue ?? "").split(separator: " ").filter { $0 != "consent" }
        return words.isEmpty ? nil : .string(words.joined(separator: " "))
    }
}
