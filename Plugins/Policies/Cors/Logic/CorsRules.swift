import GatehouseJSON
import GatehousePluginKit

/// What the policy looks at of a request.
struct CorsRequest {
    /// Whether the method is OPTIONS.
    var isOptions = false
    /// Whether the request came by a path that another policy of the route claimed.
    var isClaimed = false
    /// The value of Origin; nil where there is none.
    var origin: BorrowedBytes?
    /// Whether Origin stands on several lines: no browser sends that.
    var isOriginRepeated = false
    /// Access-Control-Request-Method; nil where there is none.
    var requestedMethod: BorrowedBytes?
    /// All lines of Access-Control-Request-Headers, joined by commas; read for OPTIONS only.
    var requestedHeaders = ""
}

/// What the response of an exchange gets.
enum CorsMark: Sendable, Equatable {
    /// The literal `*`.
    case any
    /// The configured origin of that index.
    case listed(Int)
    /// This origin, which a pattern covers.
    case pattern(String)
    /// No permission; the upstream's own is removed.
    case none
    /// No permission; what the claimer of the path says stays: its documents are public.
    case claimers
}

/// What the policy does with a request.
enum CorsDecision: Sendable, Equatable {
    /// On to the next policy; the response is marked so.
    case pass(CorsMark)
    /// The policy answers.
    case answer(CorsAnswer)
}

/// A response of the policy's own.
struct CorsAnswer: Sendable, Equatable {
    var status: UInt32
    var fields: [CorsField: String]
    var detail: String?
    var reason: String
}

/// The fields that the policy writes.
enum CorsField: Int, Sendable, CaseIterable {
    case allowOrigin
    case allowCredentials
    case exposeHeaders
    case allowMethods
    case allowHeaders
    case maxAge
    case vary
    case contentType

    /// The name in lower case.
    var name: StaticString {
        switch self {
        case .allowOrigin: "access-control-allow-origin"
        case .allowCredentials: "access-control-allow-credentials"
        case .exposeHeaders: "access-control-expose-headers"
        case .allowMethods: "access-control-allow-methods"
        case .allowHeaders: "access-control-allow-headers"
        case .maxAge: "access-control-max-age"
        case .vary: "vary"
        case .contentType: "content-type"
        }
    }

    /// Those that an upstream may have set and that this policy replaces or removes (G106).
    static let replaced: [CorsField] = [
        .allowOrigin, .allowCredentials, .exposeHeaders, .allowMethods, .allowHeaders, .maxAge,
    ]
}

/// The decisions of the policy: values in, values out.
struct CorsRules: Sendable {
    let configuration: CorsConfiguration
    /// Whether a policy of the order class authentication stands on the route.
    let isProtected: Bool

    /// What happens to a request (Fetch standard, "CORS protocol"; MCP 2026-07-28, streamable
    /// HTTP: an Origin that is present and not allowed is answered 403; G22, G102).
    ///
    /// - Parameter externalBase: asked only for an origin that is not listed.
    func decide(
        _ request: CorsRequest, externalBase: () -> BorrowedBytes? = { nil }
    ) -> CorsDecision {
        guard let origin = request.origin else { return .pass(withoutOrigin) }
        let isPreflight = request.isOptions && request.requestedMethod?.isEmpty == false
        let mark = mark(of: origin, request)
        if mark != .none {
            return isPreflight && !origin.isEmpty ? preflight(mark, request) : .pass(mark)
        }
        if request.isClaimed { return .pass(.claimers) }
        let isOwn = !request.isOriginRepeated && Self.isSame(origin, externalBase())
        let isRefused = isProtected && !configuration.forwardsDisallowed && !isOwn
        if isPreflight { return .answer(disallowedPreflight(isRefused)) }
        return isRefused ? .answer(refusal) : .pass(.none)
    }

    private var withoutOrigin: CorsMark {
        configuration.origins == .any ? .any : .none
    }

    private func mark(of origin: BorrowedBytes, _ request: CorsRequest) -> CorsMark {
        guard case .listed(let texts, let patterns) = configuration.origins else { return .any }
        if request.isOriginRepeated { return .none }
        for (index, text) in texts.enumerated() where text.utf8.elementsEqual(origin) {
            return .listed(index)
        }
        guard !patterns.isEmpty, origin.count <= 512, let parsed = Origin(serialized: origin),
            patterns.contains(where: { $0.matches(parsed) })
        else { return .none }
        return .pattern(parsed.text)
    }

    /// Whether the origin is that under which the client reached the gateway.
    private static func isSame(_ origin: BorrowedBytes, _ base: BorrowedBytes?) -> Bool {
        guard let base, base.count <= 512, let own = Origin(written: base.text) else {
            return false
        }
        return own.text.utf8.elementsEqual(origin)
    }

    // MARK: Answers

    private func preflight(_ mark: CorsMark, _ request: CorsRequest) -> CorsDecision {
        var fields = permission(mark)
        fields[.exposeHeaders] = nil
        let asked = request.requestedMethod?.text ?? ""
        fields[.allowMethods] = Self.allowed([asked], configuration.methods)
        let headers = request.requestedHeaders.split(separator: ",").prefix(256).map { name in
            name.lowercased().filter { $0 != " " && $0 != "\t" }
        }
        fields[.allowHeaders] = Self.allowed(headers, configuration.headers)
        fields[.maxAge] = configuration.maxAge.map(String.init)
        var varies = ["Access-Control-Request-Method", "Access-Control-Request-Headers"]
        if mark != .any { varies.insert("Origin", at: 0) }
        fields[.vary] = varies.joined(separator: ", ")
        return .answer(CorsAnswer(status: 204, fields: fields, reason: "preflight"))
    }

    /// The configured names and those of the names asked for that a wildcard covers; nil for none.
    private static func allowed(_ asked: [String], _ names: CorsConfiguration.Names) -> String? {
        var list: [String] = []
        switch names {
        case .any: list = asked.filter { Token.isToken($0.utf8) }
        case .listed(let known, let prefixes):
            list = known
            for name in asked where Token.isToken(name.utf8) && !known.contains(name) {
                if prefixes.contains(where: name.hasPrefix) { list.append(name) }
            }
        }
        return list.isEmpty ? nil : list.joined(separator: ", ")
    }

    /// agentgateway answers 200 without CORS fields; where the route refuses, so does this.
    private func disallowedPreflight(_ isRefused: Bool) -> CorsAnswer {
        if isRefused { return refusal }
        return CorsAnswer(
            status: configuration.forwardsDisallowed ? 200 : 204, fields: [.vary: "Origin"],
            reason: "preflight of an origin that is not allowed")
    }

    private var refusal: CorsAnswer {
        CorsAnswer(
            status: 403, fields: [.vary: "Origin", .contentType: "application/problem+json"],
            detail: "requests of this origin are not allowed", reason: "origin not allowed")
    }

    // MARK: Responses

    /// The fields that a response with this mark gets; of ``CorsField/replaced`` those that are
    /// absent here are removed. Vary is not among them, see ``variesByOrigin(_:)``.
    func permission(_ mark: CorsMark) -> [CorsField: String] {
        var fields: [CorsField: String] = [:]
        switch mark {
        case .any: fields[.allowOrigin] = "*"
        case .listed(let index): fields[.allowOrigin] = listed(index)
        case .pattern(let origin): fields[.allowOrigin] = origin
        case .none, .claimers: return [:]
        }
        if configuration.allowsCredentials { fields[.allowCredentials] = "true" }
        if !configuration.exposed.isEmpty {
            fields[.exposeHeaders] = configuration.exposed.joined(separator: ", ")
        }
        return fields
    }

    /// Whether a response with this mark depends on Origin (Fetch standard, "CORS protocol and
    /// HTTP caches").
    func variesByOrigin(_ mark: CorsMark) -> Bool { mark != .any }

    /// Whether a Vary value names Origin, or everything, already (RFC 9110 §12.5.5).
    static func coversOrigin(_ vary: BorrowedBytes) -> Bool {
        var start = 0
        while start <= vary.count {
            var end = start
            while end < vary.count, vary[end] != UInt8(ascii: ",") { end += 1 }
            var first = start
            var last = end
            while first < last, vary[first] == 0x20 || vary[first] == 0x09 { first += 1 }
            while last > first, vary[last - 1] == 0x20 || vary[last - 1] == 0x09 { last -= 1 }
            let name = vary.slice(first..<last)
            if name.equals("*") || name.equalsIgnoringCase(BorrowedBytes("origin")) { return true }
            start = end + 1
        }
        return false
    }

    func listed(_ index: Int) -> String {
        guard case .listed(let texts, _) = configuration.origins, texts.indices.contains(index)
        else { return "null" }
        return texts[index]
    }

    /// How many origins are listed by name.
    var listedCount: Int {
        if case .listed(let texts, _) = configuration.origins { texts.count } else { 0 }
    }
}

extension CorsAnswer {
    /// The answer as the kit sends it.
    var response: PolicyResponse {
        var body: [UInt8] = []
        if let detail {
            let problem: JSONValue = [
                "type": "about:blank", "title": "Forbidden",
                "status": .number(JSONNumber(Int64(status))), "detail": .string(detail),
            ]
            body = problem.serializedBytes(.compact)
        }
        let lines = CorsField.allCases.compactMap { field in
            fields[field].map { (name: "\(field.name)", value: $0) }
        }
        return PolicyResponse(status: status, fields: lines, body: body, reason: reason)
    }
}
