import GatehouseJSON
import Testing

@testable import GatehouseProxy
@testable import GatehouseRuntime

@Suite("Access log: one JSON object a line")
struct AccessLineTests {
    private func line(_ path: [UInt8], reason: String? = nil) -> [UInt8] {
        var out: [UInt8] = []
        path.withUnsafeBytes { path in
            var record = AccessRecord()
            record.startUnixNs = 1_000_000_000_007_000_000
            record.path = path
            record.status = 200
            record.durationNs = 1_234_567
            record.reason = reason
            AccessLine.append(record, to: &out)
        }
        return out
    }

    @Test func `what a peer sent cannot break the line`() throws {
        let hostile = Array("/a\"\\\u{7f}".utf8) + [0x0a, 0x00, 0xff, 0x1b]
        let bytes = line(hostile, reason: "a \"reason\"\n")
        #expect(bytes.filter { $0 == 0x0a }.count == 1)
        let record = try JSONValue(parsing: bytes)
        #expect(record["path"]?.stringValue == "/a\"\\\u{7f}\n\0\u{ff}\u{1b}")
        #expect(record["reason"]?.stringValue == "a \"reason\"\n")
        #expect(record["status"] == 200)
        #expect(record["durationUs"] == 1234)
        #expect(record["time"]?.stringValue == "2001-09-09T01:46:40.007Z")
    }

    @Test func `absent things are left out`() throws {
        let record = try JSONValue(parsing: line(Array("/".utf8)))
        #expect(record["route"] == nil)
        #expect(record["upstream"] == nil)
        #expect(record["reason"] == nil)
        #expect(record["outcome"]?.stringValue == "complete")
    }
}
