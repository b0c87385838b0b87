import GatehouseJSON
import Testing

@testable import GatehouseJOSE

/// Tests/Vectors/jwt_cases.jsonl: 176 tokens against a fixed clock.
@Suite("JWT vectors")
struct JWTVectorTests {
    /// Rows where either verdict is allowed, with ours.
    private let choices: [String: Bool] = [
        "V-nokid-single": true,  // one key fits: no guess is made
        "A-ed25519-name": true,  // RFC 9864: the same algorithm by its full name
        "H-bom": false,  // RFC 8259 §8.1: no byte order mark
        "H-surr": false,  // strict JSON everywhere, also in members that are ignored
        "T-exp-2e63": false,  // beyond the year 9999
        "T-exp-ms": false,
        "T-aud-many": false,  // more octets than a token may have
        "T-sub-missing": true,  // `sub` is not among the required claims
        "T-sub-empty": true,
        "T-sub-crlf": true,  // whoever forwards a claim encodes it
        "T-scope-arr": true,
    ]

    @Test func `every token gets its verdict (G90 to G95, G99, G100)`() throws {
        let rows = try Vectors.rows("jwt_cases.jsonl")
        #expect(rows.count == 176)
        let sets = try Vectors.json("jwt_jwks.json").objectValue ?? [:]
        var wrong: [String] = []
        for row in rows {
            let id = row["id"]?.stringValue ?? ""
            // How a credential travels is not the token's matter: the policy's tests run these.
            if id.hasPrefix("Z-") { continue }
            let keys = try #require(row["jwks"]?.stringValue.flatMap { sets[$0] })
            let outcome = judge(row, keys: try KeySet(document: keys))
            let expected = expectation(of: row, id: id)
            if outcome != expected { wrong.append("\(id): \(outcome), expected \(expected)") }
        }
        #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
    }

    private func expectation(of row: JSONValue, id: String) -> String {
        switch row["expect"]?.stringValue {
        case "either": choices[id].map { $0 ? "accept" : "reject" } ?? "no choice is written down"
        case let verdict: verdict ?? ""
        }
    }

    private func judge(_ row: JSONValue, keys: KeySet) -> String {
        let now = NumericDate(seconds: row["now"]?.doubleValue ?? 0)
        let validator = TokenValidator(
            issuers: ["https://as.test"], audiences: ["https://gw.test/mcp"],
            leeway: row["config"]?["leeway_s"]?.doubleValue ?? 60,
            algorithms: [.rs256, .ps256, .es256, .es384, .es512, .edDSA])
        guard let token = try? UnverifiedToken(parsing: row["token"]?.stringValue ?? ""),
            validator.check(token, now: now) == .accepted,
            case .found(let key) = keys.lookUp(token.header),
            let verified = token.verify(with: key)
        else { return "reject" }
        guard let scope = row["config"]?["required_scope"]?.stringValue else { return "accept" }
        return verified.claims.scopes?.contains(scope) == true ? "accept" : "reject_scope"
    }
}
