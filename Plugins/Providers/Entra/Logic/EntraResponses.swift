import GatehouseJSON
import GatehousePluginKit

/// What Entra's token endpoint answers.
enum EntraResponses {
    /// Members that say nothing to an OAuth client.
    private static let dropped = ["ext_expires_in", "client_info", "foci", "not_before"]

    /// Scopes get the names that clients know them by; errors get the code that clients act on.
    static func token(
        _ input: HookInput, _ configuration: EntraConfiguration
    ) throws(HookFailure) -> JSONValue {
        guard let status = input.value["status"]?.intValue else { throw input.lacks("status") }
        let body = input.value["body"]?.objectValue
        guard (200...299).contains(status), var body, body["access_token"] != nil else {
            return failure(status, body)
        }
        for name in dropped { body[name] = nil }
        if let scope = body["scope"]?.stringValue {
            let visible = EntraScopes(configuration).visible(
                scope, asked: input.scopes())
            body["scope"] = visible.map(JSONValue.string)
        }
        return ["status": 200, "body": .object(body)]
    }

    private static func failure(_ status: Int64, _ body: JSONObject?) -> JSONValue {
        let number = EntraErrors.number(body)
        let known = number.flatMap { EntraErrors.table[$0] }
        let error = body?["error"]?.stringValue ?? "status \(status)"
        let (answered, name) = known?.kind.token ?? standard(status, error)
        return EntraErrors.answer(
            [
                "status": .number(JSONNumber(answered)),
                "body": EntraErrors.refusal(name, body),
            ], EntraErrors.hint(number, known, body, error: error))
    }

    /// What an error that the table does not know means, by its OAuth code or its status.
    private static func standard(_ status: Int64, _ error: String) -> (Int64, String) {
        switch error {
        case _ where status == 429 || status == 503 || error == "temporarily_unavailable":
            EntraErrors.Kind.busy.token
        case _ where !(400...499).contains(status): EntraErrors.Kind.setup.token
        case "invalid_request", "invalid_grant", "invalid_scope", "invalid_target",
            "unauthorized_client", "unsupported_grant_type":
            (400, error)
        case "interaction_required", "consent_required", "login_required":
            EntraErrors.Kind.grant.token
        case "invalid_client": EntraErrors.Kind.client.token
        default: EntraErrors.Kind.request.token
        }
    }
}
