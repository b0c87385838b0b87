import GatehouseJSON
import Testing

@testable import GatehouseJOSE

/// Tests/Vectors/jwks_cases.jsonl: what a key set document yields; how one is fetched and kept is
/// the key store's matter.
@Suite("JWKS vectors")
struct JWKSVectorTests {
    @Test func `every document yields the keys that may be used (G96)`() throws {
        let rows = try Vectors.rows("jwks_cases.jsonl")
        #expect(rows.count == 37)
        var tried = 0
        for row in rows {
            let id = row["id"]?.stringValue ?? ""
            guard row["response"]?["status"]?.intValue == 200,
                let body = row["response"]?["body_b64"]?.stringValue
            else { continue }
            let expected = row["usable_kids_initial"]?.arrayValue?.compactMap(\.stringValue) ?? []
            let set = try? KeySet(parsing: Vectors.base64(body))
            let usable = Set(set?.keys.compactMap(\.keyID) ?? [])
            #expect(usable == Set(expected), "\(id): \(set?.unusable.map(\.description) ?? [])")
            tried += 1
        }
        // The others are about status and time: JK-05, 07, 08, 09, 51, 55.
        #expect(tried == 31)
    }

    @Test func `a document of 1000 keys is refused whole (JK-51)`() throws {
        let key: JSONValue = ["kty": "RSA"]
        let document: JSONValue = ["keys": .array(Array(repeating: key, count: 1000))]
        #expect(throws: KeySetError.tooManyKeys(1000)) { try KeySet(document: document) }
    }
}
