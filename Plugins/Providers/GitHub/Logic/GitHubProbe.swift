import GatehouseJSON
import GatehousePluginKit

/// What GitHub's API says about a token: tokens are opaque and say nothing themselves.
enum GitHubProbe {
    /// The questions, in the order in which ``claims(_:_:)`` reads the answers.
    private enum Question { case user, application, organizations }

    private static func questions(_ configuration: GitHubConfiguration) -> [Question] {
        var out: [Question] = [.user]
        if configuration.checksApplication { out.append(.application) }
        if configuration.readsOrganizations { out.append(.organizations) }
        return out
    }

    static func verification(
        _ input: HookInput, _ configuration: GitHubConfiguration
    ) throws(HookFailure) -> JSONValue {
        guard let endpoints = GitHubEndpoints(try input.text("issuer"), configuration) else {
            throw .invalid(JSONPointer(tokens: ["issuer"]), "it does not end in /login/oauth")
        }
        var probe: [JSONValue] = []
        for question in questions(configuration) {
            switch question {
            case .user: probe.append(endpoints.question("/user"))
            case .application:
                probe.append(endpoints.application(try input.text("client_id"), method: "POST"))
            case .organizations: probe.append(endpoints.question("/user/orgs?per_page=100"))
            }
        }
        return ["kinds": ["probe"], "probe": .array(probe), "identity": "probe"]
    }

    /// Who the user is, or why nobody is let in.
    ///
    /// Only what GitHub says about the token refuses it; a limit (403, 429) and a disturbance say
    /// nothing: a client that were refused for them would drop its tokens.
    static func claims(
        _ input: HookInput, _ configuration: GitHubConfiguration
    ) throws(HookFailure) -> JSONValue {
        guard let responses = input.value["responses"]?.arrayValue else {
            throw input.lacks("responses")
        }
        let questions = questions(configuration)
        guard responses.count == questions.count else {
            return ["unavailable": "GitHub did not answer every question"]
        }
        var claims = JSONObject()
        for (question, response) in zip(questions, responses) {
            let refusal: JSONValue? =
                switch question {
                case .user: user(response, &claims)
                case .application:
                    application(response, input.value["client_id"]?.stringValue, &claims)
                case .organizations: organizations(response, &claims)
                }
            if let refusal { return refusal }
        }
        return refusal(of: claims, configuration) ?? ["claims": .object(claims)]
    }

    /// What the claims mean (`normalize_claims/0`): those of ``claims(_:_:)``.
    static func normalized(_ claims: JSONObject) -> JSONValue {
        guard let subject = claims["sub"]?.stringValue else { return ["reject": "it has no user"] }
        var out: JSONObject = ["subject": .string(subject)]
        out["client_id"] = claims["client_id"]
        let scopes = (claims["scope"]?.stringValue ?? "").split(separator: " ")
        out["scopes"] = .array(scopes.map { .string(String($0)) })
        out["groups"] = claims["groups"] ?? []
        return .object(out)
    }

    // MARK: The answers

    private static func user(_ response: JSONValue, _ claims: inout JSONObject) -> JSONValue? {
        let status = response["status"]?.intValue ?? 0
        if status == 401 { return ["reject": "GitHub does not know the token"] }
        guard status == 200, let body = response["body"] else { return silence(status) }
        guard let id = body["id"]?.intValue, let login = body["login"]?.stringValue else {
            return ["unavailable": "GitHub's answer names no user"]
        }
        claims["sub"] = .string("\(id)")
        claims["preferred_username"] = .string(login)
        for name in ["name", "email"] {
            if let text = body[name]?.stringValue { claims[name] = .string(text) }
        }
        // Absent for the tokens of GitHub Apps, whose permissions are no scopes.
        if let scopes = field("x-oauth-scopes", response) {
            let words = scopes.split { $0 == "," || $0 == " " }
            claims["scope"] = .string(words.joined(separator: " "))
        }
        return nil
    }

    /// The one proof that a token was issued to the gateway's application.
    private static func application(
        _ response: JSONValue, _ client: String?, _ claims: inout JSONObject
    ) -> JSONValue? {
        let status = response["status"]?.intValue ?? 0
        if status == 404 || status == 422 {
            return ["reject": "the token was not issued to the gateway's application"]
        }
        guard status == 200, let body = response["body"] else { return silence(status) }
        guard let issued = body["app"]?["client_id"]?.stringValue, issued == client else {
            return ["reject": "the token was issued to another application"]
        }
        // One token has one user: a second opinion on the id costs nothing.
        if let id = body["user"]?["id"]?.intValue, claims["sub"] != .string("\(id)") {
            return ["reject": "the token is of another user"]
        }
        claims["client_id"] = .string(issued)
        return nil
    }

    private static func organizations(
        _ response: JSONValue, _ claims: inout JSONObject
    ) -> JSONValue? {
        let status = response["status"]?.intValue ?? 0
        if status == 403, !isLimited(response) {
            return ["reject": "the token may not read the user's organizations: scope read:org"]
        }
        guard status == 200, let list = response["body"]?.arrayValue else {
            return silence(status)
        }
        claims["groups"] = .array(list.compactMap { $0["login"] }.filter { $0.stringValue != nil })
        return nil
    }

    private static func silence(_ status: Int64) -> JSONValue {
        ["unavailable": .string("GitHub answered with status \(status)")]
    }

    private static func isLimited(_ response: JSONValue) -> Bool {
        field("x-ratelimit-remaining", response) == "0" || field("retry-after", response) != nil
    }

    /// A field by its name in lower case, in whatever case the answer has it.
    private static func field(_ name: String, _ response: JSONValue) -> String? {
        for (key, value) in response["fields"]?.objectValue ?? JSONObject()
        where key.lowercased() == name {
            return value.stringValue
        }
        return nil
    }

    // MARK: Who is let in

    private static func refusal(
        of claims: JSONObject, _ configuration: GitHubConfiguration
    ) -> JSONValue? {
        guard configuration.allowedUsers != nil || configuration.allowedOrganizations != nil else {
            return nil
        }
        let login = claims["preferred_username"]?.stringValue?.lowercased() ?? ""
        if configuration.allowedUsers?.contains(login) == true { return nil }
        let groups = claims["groups"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let allowed = configuration.allowedOrganizations ?? []
        if groups.contains(where: { allowed.contains($0.lowercased()) }) { return nil }
        return [
            "reject": configuration.allowedOrganizations == nil
                ? "the user is not among allowedUsers"
                : "the user is of none of allowedOrganizations"
        ]
    }
}
