import GatehouseJSON
import GatehousePluginKit

/// What GitHub's endpoints answer: forms, and errors with status 200 (G81).
enum GitHubResponses {
    /// What an error means: the status and code for the client (RFC 6749 §5.2), and a sentence
    /// for each side.
    private struct Meaning {
        var status: Int64
        var error: String
        var description: String
        var hint: String?
    }

    private static let meanings: [String: Meaning] = [
        "bad_verification_code": Meaning(
            status: 400, error: "invalid_grant", description: "the code is wrong or has expired"),
        "bad_refresh_token": Meaning(
            status: 400, error: "invalid_grant",
            description: "the refresh token is wrong or has expired"),
        "unverified_user_email": Meaning(
            status: 400, error: "invalid_grant",
            description: "the user's primary email address at GitHub is not verified"),
        "redirect_uri_mismatch": Meaning(
            status: 400, error: "invalid_grant",
            description: "the redirect URI is not that of the application",
            hint: "GitHub knows another callback URL: set the application's Authorization callback"
                + " URL to the gateway's callback"),
        "incorrect_client_credentials": Meaning(
            status: 502, error: "server_error",
            description: "the authorization server refused the gateway",
            hint: "GitHub refused clientId or clientSecret: compare both with the application's"
                + " settings, or make a new secret"),
        "application_suspended": Meaning(
            status: 502, error: "server_error",
            description: "the authorization server refused the gateway",
            hint: "GitHub has suspended the application: its settings say why"),
        "unsupported_grant_type": Meaning(
            status: 400, error: "unsupported_grant_type",
            description: "the authorization server does not know the grant",
            hint: "GitHub refused the grant: only GitHub Apps with expiring user tokens refresh"),
    ]

    /// The answer of the token endpoint in the form of RFC 6749 §5.
    static func token(_ input: HookInput) throws(HookFailure) -> JSONValue {
        guard let status = input.value["status"]?.intValue else { throw input.lacks("status") }
        let body = input.value["body"]?.objectValue ?? JSONObject()
        if let error = body["error"]?.stringValue, (200...499).contains(status), status != 429 {
            return failure(meanings[error] ?? unknown(error, status), kept: error)
        }
        guard (200...299).contains(status), body["access_token"]?.stringValue != nil else {
            return failure(unknown("", status), kept: "status \(status)")
        }
        var out: JSONObject = ["token_type": "Bearer"]
        for name in ["access_token", "refresh_token"] { out[name] = body[name] }
        // OAuth apps' tokens do not expire: no time is made up where none was given.
        for name in ["expires_in", "refresh_token_expires_in"] { out[name] = seconds(body[name]) }
        let scopes = (body["scope"]?.stringValue ?? "").split { $0 == "," || $0 == " " }
        if !scopes.isEmpty { out["scope"] = .string(scopes.joined(separator: " ")) }
        return ["status": 200, "body": .object(out)]
    }

    /// An error of the callback as the client may see it.
    static func callback(_ params: JSONObject) -> JSONValue {
        guard let error = params["error"]?.stringValue else { return [:] }
        if error == "access_denied" {
            return [
                "error": [
                    "error": "access_denied", "error_description": "the user refused at GitHub",
                ]
            ]
        }
        let known = meanings[error]
        let hint = known?.hint ?? "GitHub answered \(printable(error)) at the callback"
        return [
            "error": [
                "error": "server_error",
                "error_description": "the authorization server refused the gateway",
            ], "hint": .string(hint),
        ]
    }

    /// A limit is no refusal of the grant, and an unknown error of GitHub's is none of the client.
    private static func unknown(_ error: String, _ status: Int64) -> Meaning {
        if status == 429 || status == 403 || status >= 500 {
            return Meaning(
                status: 503, error: "temporarily_unavailable",
                description: "the authorization server cannot answer now",
                hint: "GitHub answered with status \(status): a rate limit or a disturbance")
        }
        if status == 404 {
            return Meaning(
                status: 502, error: "server_error",
                description: "the authorization server refused the gateway",
                hint: "GitHub answered with status 404: it knows no application with the clientId")
        }
        return Meaning(
            status: 502, error: "server_error",
            description: "the authorization server gave no usable answer",
            hint: error.isEmpty
                ? "GitHub answered with status \(status) and no token"
                : "GitHub answered \(printable(error))")
    }

    private static func failure(_ meaning: Meaning, kept error: String) -> JSONValue {
        var out: JSONObject = [
            "status": .number(JSONNumber(meaning.status)),
            "body": [
                "error": .string(meaning.error),
                "error_description": .string(meaning.description),
            ],
        ]
        out["hint"] = meaning.hint.map { .string($0) }
        return .object(out)
    }

    /// A number, also where a form made it a text.
    private static func seconds(_ value: JSONValue?) -> JSONValue? {
        guard let seconds = value?.intValue ?? value?.stringValue.flatMap({ Int64($0) }),
            seconds >= 0
        else { return nil }
        return .number(JSONNumber(seconds))
    }

    private static func printable(_ text: String) -> String {
        String(text.prefix(64).filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
    }
}
