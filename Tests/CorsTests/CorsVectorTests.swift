import GatehouseJSON
import GatehousePluginKit
import Testing

@testable import CorsLogic

/// One row of the vectors.
struct CorsCase: Sendable, CustomTestStringConvertible {
    let row: JSONValue
    let policy: JSONValue

    var testDescription: String { text("id") + " " + text("title") }
    var method: String { row["request"]?["method"]?.stringValue ?? "" }
    var expect: JSONValue { row["expect"] ?? .null }
    /// The row was written for the metadata path, which another policy claims.
    var isClaimed: Bool {
        row["request"]?["path"]?.stringValue?.hasPrefix("/.well-known/") ?? false
    }

    func text(_ key: String) -> String { row[key]?.stringValue ?? "" }

    static func fields(_ value: JSONValue?) -> [(name: String, value: String)] {
        (value?.arrayValue ?? []).compactMap { pair in
            guard let name = pair[0]?.stringValue, let value = pair[1]?.stringValue else {
                return nil
            }
            return (name.lowercased(), value)
        }
    }

    static let all: [CorsCase] = {
        let folder = SourceFiles.root + "/Tests/Vectors/"
        let policies = SourceFiles.json(folder + "cors_policies.json") ?? .null
        return SourceFiles.lines(folder + "cors_cases.jsonl").compactMap { line in
            guard let row = try? JSONValue(parsing: line) else { return nil }
            return CorsCase(row: row, policy: policies[row["policy"]?.stringValue ?? ""] ?? .null)
        }
    }()

    /// The configuration that the vectors' policy stands for.
    var configuration: JSONValue {
        var members = JSONObject()
        let names = [
            ("allow_origins", "allowOrigins"), ("allow_methods", "allowMethods"),
            ("allow_headers", "allowHeaders"), ("expose_headers", "exposeHeaders"),
            ("allow_credentials", "allowCredentials"), ("max_age", "maxAge"),
        ]
        for (from, to) in names {
            if let value = policy[from], !value.isNull { members[to] = value }
        }
        return .object(members)
    }
}

/// What came of an exchange: the policy's decision, performed on lists of fields.
private struct Outcome {
    var status: Int
    var isForwarded: Bool
    var fields: [(name: String, value: String)]

    func list(_ name: String) -> [String] {
        fields.filter { $0.name == name }.flatMap { $0.value.split(separator: ",") }
            .map { $0.filter { $0 != " " } }
    }

    init(_ row: CorsCase, _ rules: CorsRules) {
        let sent = CorsCase.fields(row.row["request"]?["headers"])
        func first(_ name: String) -> String? { sent.first { $0.name == name }?.value }
        let keep = StableText()
        var request = CorsRequest()
        request.isOptions = row.method == "OPTIONS"
        request.isClaimed = row.isClaimed
        request.origin = first("origin").map(keep.add)
        request.isOriginRepeated = sent.filter { $0.name == "origin" }.count > 1
        request.requestedMethod = first("access-control-request-method").map(keep.add)
        request.requestedHeaders = sent.filter { $0.name == "access-control-request-headers" }
            .map(\.value).joined(separator: ",")
        let decision = withExtendedLifetime(keep) {
            rules.decide(request, externalBase: { BorrowedBytes("https://gw.test") })
        }
        switch decision {
        case .answer(let answer):
            status = Int(answer.status)
            isForwarded = false
            fields = answer.response.fields.map { ("\($0.name)", $0.value) }
        case .pass(let mark):
            status = 200
            isForwarded = true
            fields = CorsCase.fields(row.row["request"]?["upstream_response"]?["headers"])
            fields += CorsCase.fields(row.row["upstream_response"]?["headers"])
            if mark != .claimers {
                let replaced = CorsField.replaced.map { "\($0.name)" }
                fields.removeAll { replaced.contains($0.name) }
            }
            for (field, value) in rules.permission(mark) {
                fields.append(("\(field.name)", value))
            }
            let varies = fields.filter { $0.name == "vary" }.map { keep.add($0.value) }
            if rules.variesByOrigin(mark), !varies.contains(where: CorsRules.coversOrigin) {
                fields.append(("vary", "Origin"))
            }
        }
    }
}

@Suite("cors: the vectors")
struct CorsVectorTests {
    /// Rows of policy `none` stand for a route without this plugin, and are not of it.
    static let cases = CorsCase.all.filter { $0.row["policy"] != "none" }

    @Test func `the vectors are there`() {
        #expect(CorsCase.all.count == 71)
        #expect(Self.cases.count == 69)
    }

    @Test(arguments: cases)
    func vector(row: CorsCase) throws {
        let (configuration, remarks) = CorsConfiguration.read(row.configuration)
        let read = try #require(configuration, "\(remarks)")
        // A vector without a status was written for a route that need not be protected.
        let isProtected = row.expect["status"] != nil || row.text("policy") == "exact"
        let outcome = Outcome(row, CorsRules(configuration: read, isProtected: isProtected))
        if let wanted = row.expect["status"]?.arrayValue, row.row["provoke"] == nil {
            #expect(wanted.contains(.number(JSONNumber(Int64(outcome.status)))))
        }
        if let forwarded = row.expect["forwarded"]?.boolValue {
            #expect(outcome.isForwarded == forwarded)
        }
        if row.expect["preflight"] == false { #expect(outcome.isForwarded) }
        for (name, value) in row.expect["headers"]?.objectValue ?? [:] {
            #expect(outcome.fields.filter { $0.name == name }.map(\.value) == [value.stringValue])
        }
        for name in row.expect["absent"]?.arrayValue ?? [] {
            #expect(!outcome.fields.contains { $0.name == name.stringValue }, "\(name)")
        }
        for (name, count) in row.expect["count"]?.objectValue ?? [:] {
            let found = Int64(outcome.fields.filter { $0.name == name }.count)
            let wanted = count == "<=1" ? found <= 1 : count.intValue == found
            #expect(wanted, "\(name) stands \(found) times")
        }
        lists(row.expect, outcome)
    }

    private func lists(_ expect: JSONValue, _ outcome: Outcome) {
        let varies = outcome.list("vary").map { $0.lowercased() }
        for name in expect["vary_includes"]?.arrayValue ?? [] {
            #expect(varies.contains(name.stringValue?.lowercased() ?? ""))
        }
        for (name, wanted) in expect["list_includes"]?.objectValue ?? [:] {
            for value in wanted.arrayValue ?? [] {
                #expect(outcome.list(name).contains(value.stringValue ?? ""))
            }
        }
        for (name, wanted) in expect["list_includes_ci"]?.objectValue ?? [:] {
            for value in wanted.arrayValue ?? [] {
                #expect(outcome.list(name).contains(value.stringValue?.lowercased() ?? ""))
            }
        }
        for (name, wanted) in expect["not_list_includes"]?.objectValue ?? [:] {
            for value in wanted.arrayValue ?? [] {
                #expect(!outcome.list(name).contains(value.stringValue ?? ""))
            }
        }
    }
}
