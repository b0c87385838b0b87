import GatehouseHTTP
import GatehouseJSON

/// What the admin listener answers. Pure.
struct AdminAnswer: Equatable {
    var status: UInt16
    var contentType = "application/json"
    var body: [UInt8]
    /// The methods that are allowed, where the one that came is not.
    var allow: String?

    /// A JSON document with a line end.
    static func json(_ status: UInt16, _ value: JSONValue) -> AdminAnswer {
        AdminAnswer(status: status, body: value.serializedBytes() + [0x0a])
    }

    /// A problem (RFC 9457).
    static func problem(_ status: UInt16, allow: String? = nil) -> AdminAnswer {
        var answer = json(
            status,
            [
                "type": "about:blank",
                "title": .string("\(LocalResponse.reasonPhrase(status))"),
                "status": .number(JSONNumber(Int64(status))),
            ])
        answer.contentType = "application/problem+json"
        answer.allow = allow
        return answer
    }
}

/// The pages of the admin listener.
enum AdminPage: Equatable {
    case health
    case readiness
    case metrics

    /// What a request asks for; or the answer to one that asks for nothing of ours.
    static func find(method: Method, path: String) -> Result<AdminPage, Refused> {
        let page: AdminPage
        switch path {
        case "/healthz": page = .health
        case "/readyz": page = .readiness
        case "/metrics": page = .metrics
        default: return .failure(Refused(answer: .problem(404)))
        }
        guard method == .get || method == .head else {
            return .failure(Refused(answer: .problem(405, allow: "GET, HEAD")))
        }
        return .success(page)
    }

    /// A request for nothing that is here.
    struct Refused: Error, Equatable {
        var answer: AdminAnswer
    }

    /// The process runs and its admin loop turns: that is all.
    static let healthy = AdminAnswer.json(200, ["status": "ok"])

    /// 200 where nothing speaks against it, else 503 with everything that does.
    static func ready(
        _ reasons: [Readiness.Reason], degraded: [(route: String, policy: String)]
    ) -> AdminAnswer {
        var object: JSONObject = ["status": .string(reasons.isEmpty ? "ready" : "unready")]
        if !reasons.isEmpty { object["reasons"] = .array(reasons.map(\.json)) }
        if !degraded.isEmpty {
            object["degraded"] = .array(
                degraded.map { ["route": .string($0.route), "policy": .string($0.policy)] })
        }
        return .json(reasons.isEmpty ? 200 : 503, .object(object))
    }
}
