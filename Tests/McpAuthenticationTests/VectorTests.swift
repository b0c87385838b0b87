import GatehouseJSON
import GatehouseTesting
import Testing

@testable import McpAuthenticationLogic

/// The rows of the OAuth metadata vectors whose areas belong to this policy: `prm`, `challenge`
/// and `as-meta` (`dcr`, `oauth` and `mcp-header` belong to later work).
///
/// Rows that the core decides before any policy runs are listed with the reason.
@Suite("mcpAuthentication: OAuth metadata vectors")
struct VectorTests {
    /// Decided by the core, so that no policy sees the request.
    private static let core: [String: String] = [
        "OM-014": "an absolute target's authority replaces Host (RFC 9112 §3.2.2): the core",
        "OM-015": "a Host with user information is 400 (RFC 9112 §3.2): the core's parser",
    ]

    private static let rows: [JSONValue] = {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let path = "/" + folder + "/Vectors/oauth_meta_cases.jsonl"
        let text = String(
            decoding: FileContents.read(path, limit: 1 << 20) ?? [], as: UTF8.self)
        return text.split(separator: "\n").compactMap { try? JSONValue(parsing: String($0)) }
    }()

    private static func ids(_ areas: [String]) -> [String] {
        rows.filter { areas.contains($0["area"]?.stringValue ?? "") }
            .compactMap { $0["id"]?.stringValue }.filter { core[$0] == nil }
    }

    private func row(_ id: String) throws -> JSONValue {
        try #require(Self.rows.first { $0["id"]?.stringValue == id })
    }

    @Test func `the vectors are there and the exceptions are rows of them`() {
        #expect(Self.ids(["prm", "challenge"]).count == 19)
        #expect(Self.ids(["as-meta"]).count == 16)
        let all = Set(Self.rows.compactMap { $0["id"]?.stringValue })
        #expect(Self.core.keys.allSatisfy { all.contains($0) })
    }

    @Test(arguments: ids(["prm", "challenge"]))
    func `protected-resource metadata and challenges`(id: String) throws {
        let row = try row(id)
        let bench = try Bench([
            "resourceMetadata": ["resource": .string(Bench.resource)]
        ])
        let exchange = send(row, to: bench)
        try check(exchange, row)
        exchange.end()
    }

    @Test(arguments: ids(["as-meta"]))
    func `authorization-server metadata, relayed`(id: String) throws {
        let row = try row(id)
        let fixture = row["fixture"]?["as_metadata"] ?? .null
        let answer = scripted(fixture)
        let good = ScriptedAnswer.json(goodDocument)
        let hasCopy = row["expect"]?["served"] != nil
        var asked = 0
        let bench = try Bench(["jwks": ["keys": []]]) { fetch in
            guard fetch.url.hasSuffix("/oauth-authorization-server") else {
                return .json([:], status: 404)
            }
            asked += 1
            return hasCopy && asked == 1 ? good : answer
        }
        if hasCopy {
            bench.host.advance(milliseconds: 16 * 60_000)
            bench.settle()
            #expect(asked > 1)
        }
        if let fetches = row["expect"]?["as_fetches"]?.intValue {
            for _ in 0..<100 { send(row, to: bench).end() }
            #expect(asked == Int(fetches))
        }
        let exchange = send(row, to: bench)
        try check(exchange, row)
        let body = String(decoding: exchange.ownResponse?.body ?? [], as: UTF8.self)
        for name in row["expect"]?["do_not_invent"]?.arrayValue ?? [] {
            #expect(!body.contains(name.stringValue ?? "?"))
        }
        if row["expect"]?["shared_cache"] == .bool(false) {
            #expect(exchange.ownResponse?.values("cache-control") == ["no-store"])
        }
        exchange.end()
    }

    // MARK: A row

    private func send(_ row: JSONValue, to bench: Bench) -> MemoryExchange {
        let request = row["request"] ?? .null
        let fields = (request["headers"]?.arrayValue ?? []).map { field in
            (name: field[0]?.stringValue ?? "", value: field[1]?.stringValue ?? "")
        }
        let target = request["path"]?.stringValue ?? "/"
        let method = request["method"]?.stringValue ?? "GET"
        // The core routes by the exact path; what no route has is its 404, and no row of ours.
        let path = String(target.prefix { $0 != "?" })
        let isOurs = path == "/mcp" || bench.instance.claims.contains { $0.path == path }
        guard isOurs else {
            let exchange = bench.instance.exchange(.request("GET", "/not-routed"))
            return exchange
        }
        return bench.send(method, target, fields, body: request["body"]?.stringValue)
    }

    private func check(_ exchange: MemoryExchange, _ row: JSONValue) throws {
        let expect = row["expect"] ?? .null
        let statuses = (expect["status"]?.arrayValue ?? []).compactMap(\.intValue)
        guard let response = exchange.ownResponse else {
            #expect(exchange.request.target == "/not-routed")
            #expect(statuses.contains(404), "a path of no route is 404")
            return
        }
        #expect(statuses.contains(Int64(response.status)), "\(response.status)")
        for name in expect["headers_present"]?.arrayValue ?? [] {
            #expect(!response.values(name.stringValue ?? "").isEmpty, "\(name) is missing")
        }
        for name in expect["headers_absent"]?.arrayValue ?? [] {
            #expect(response.values(name.stringValue ?? "").isEmpty, "\(name) is present")
        }
        let body = String(decoding: response.body, as: UTF8.self)
        let all = response.fields.map { "\($0.name): \($0.value)" }.joined(separator: "\n") + body
        for text in expect["body_and_headers_must_not_contain"]?.arrayValue ?? [] {
            #expect(!all.contains(text.stringValue ?? "?"), "\(text)")
        }
        if let members = expect["json_equals"]?.objectValue {
            let document = try JSONValue(parsing: response.body)
            for (name, value) in members { #expect(document[name] == value) }
        }
    }

    private let goodDocument: JSONValue = [
        "issuer": "https://as.test", "authorization_endpoint": "https://as.test/authorize",
        "token_endpoint": "https://as.test/token", "response_types_supported": ["code"],
    ]

    private func scripted(_ fixture: JSONValue) -> ScriptedAnswer {
        let fields = (fixture["headers"]?.objectValue ?? [:]).map {
            (name: $0.key, value: $0.value.stringValue ?? "")
        }
        var answer = ScriptedAnswer.json([:])
        answer.status = UInt32(fixture["status"]?.intValue ?? 200)
        answer.fields = fields
        answer.body = []
        switch fixture["body_gen"]?.stringValue {
        case "infinite": return .failure(-5)
        case "gzip bomb": answer.body = [0x1F, 0x8B, 8, 0]
        case "[*100000": answer.body = Array(repeating: UInt8(ascii: "["), count: 100_000)
        case "[]": answer.body = Array("[]".utf8)
        case "utf-16 of good":
            answer.body = goodDocument.serialized(.compact).utf16.flatMap {
                [UInt8($0 & 0xFF), UInt8($0 >> 8)]
            }
        case .some:
            answer.body =
                Array(#"{"issuer":"https://as.test","x":""#.utf8) + [0xFF] + Array("\"}".utf8)
        case nil:
            if let text = fixture["body"]?.stringValue {
                answer.body = Array(text.utf8)
            } else if let body = fixture["body"] {
                answer.body = body.serializedBytes(.compact)
            }
        }
        return answer
    }
}
