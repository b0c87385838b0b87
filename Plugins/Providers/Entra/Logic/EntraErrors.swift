import GatehouseJSON

/// Entra's errors: what a client can do about each, and what the operator can.
///
/// Entra answers with a few OAuth codes, and says what is meant by a number in the description
/// (`AADSTS9010010: …`). Clients act on the code: whoever is told `invalid_client` registers anew,
/// whoever is told `invalid_grant` asks the user again. So the number decides.
enum EntraErrors {
    /// What an error means.
    enum Kind {
        /// Only a new authorization helps.
        case grant
        /// The scopes are not ones that can be had.
        case scope
        /// The resource is not one that can be had.
        case target
        /// The request is malformed.
        case request
        /// The client's own credentials are wrong.
        case client
        /// The application at Entra or the gateway's configuration is wrong.
        case setup
        /// It is worth a try later.
        case busy

        /// Of the token endpoint (RFC 6749 §5.2, RFC 8707 §2).
        var token: (status: Int64, error: String) {
            switch self {
            case .grant: (400, "invalid_grant")
            case .scope: (400, "invalid_scope")
            case .target: (400, "invalid_target")
            case .request: (400, "invalid_request")
            case .client: (401, "invalid_client")
            case .setup: (502, "server_error")
            case .busy: (503, "temporarily_unavailable")
            }
        }

        /// Of the authorization endpoint (RFC 6749 §4.1.2.1).
        var authorization: String {
            switch self {
            case .grant: "access_denied"
            case .client: "unauthorized_client"
            default: token.error
            }
        }
    }

    struct Entry {
        var kind: Kind
        /// A sentence for the operator; empty: the error is the user's everyday life.
        var hint: String
    }

    /// The number of an error: the first of `error_codes`, or that of the description.
    static func number(_ body: JSONObject?) -> Int64? {
        if let code = body?["error_codes"]?[0]?.intValue { return code }
        let mark = "AADSTS"
        var text = (body?["error_description"]?.stringValue ?? "").prefix(4096)
        while !text.isEmpty, !text.hasPrefix(mark) { text.removeFirst() }
        return Int64(text.dropFirst(mark.count).prefix { $0.isASCII && $0.isNumber }.prefix(12))
    }

    /// The error of a callback as the client may see it (`authorize_response/0`).
    static func callback(_ params: JSONObject) -> JSONValue {
        guard let error = params["error"]?.stringValue else { return [:] }
        let number = number(params)
        let known = number.flatMap { table[$0] }
        let name = known?.kind.authorization ?? named(error)
        return answer(
            ["error": refusal(name, params)], hint(number, known, params, error: error))
    }

    /// The OAuth errors of an authorization endpoint stay; what OpenID Connect Core 1.0 §3.1.2.6
    /// adds is a refusal.
    private static func named(_ error: String) -> String {
        let standard: Set<String> = [
            "invalid_request", "unauthorized_client", "access_denied", "invalid_scope",
            "unsupported_response_type", "server_error", "temporarily_unavailable",
            "invalid_target",
        ]
        if standard.contains(error) { return error }
        return error.hasSuffix("_required") ? "access_denied" : "server_error"
    }

    /// `error` and a description without the ids of Entra's own log.
    static func refusal(_ error: String, _ body: JSONObject?) -> JSONValue {
        var text = body?["error_description"]?.stringValue.map { describing($0) } ?? ""
        if text.isEmpty { text = "the authorization server refused the request" }
        return ["error": .string(error), "error_description": .string(text)]
    }

    /// The first sentences, in the characters of RFC 6749 §5.2, at most 300.
    private static func describing(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars.prefix(1024) {
            if scalar == "\r" || scalar == "\n" || out.hasSuffix("Trace ID:") { break }
            if out.unicodeScalars.count == 300 { break }
            switch scalar {
            case "\"": out.append("'")
            case "\\": out.append("/")
            case " "..."~": out.unicodeScalars.append(scalar)
            default: out.append("?")
            }
        }
        if out.hasSuffix("Trace ID:") { out.removeLast("Trace ID:".count) }
        while out.hasSuffix(" ") { out.removeLast() }
        return out
    }

    /// What the operator's log says: the number, what to do, and the id to ask Microsoft with.
    static func hint(
        _ number: Int64?, _ entry: Entry?, _ body: JSONObject?, error: String
    ) -> String? {
        if let entry, entry.hint.isEmpty { return nil }
        let name = number.map { "AADSTS\($0)" } ?? describing(String(error.prefix(64)))
        var out = "Entra answered \(name)"
        if let entry { out += ": \(entry.hint)" }
        if let trace = body?["trace_id"]?.stringValue, EntraIssuer.isGUID(trace) {
            out += " (trace \(trace))"
        }
        return out
    }

    static func answer(_ members: JSONObject, _ hint: String?) -> JSONValue {
        var out = members
        out["hint"] = hint.map(JSONValue.string)
        return .object(out)
    }
}
