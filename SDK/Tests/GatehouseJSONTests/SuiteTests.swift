import Glibc
import Testing

@testable import GatehouseJSON

/// JSONTestSuite (see Tests/Vectors/README.md): y_ must be taken, n_ refused, i_ as we decided.
@Suite("JSON: JSONTestSuite, RFC 8259")
struct SuiteTests {
    private static let folder: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(4)
        return parts.joined(separator: "/") + "/Tests/Vectors/jsontestsuite/test_parsing"
    }()

    private static let names: [String] = {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".json") { names.append(name) }
        }
        return names.sorted()
    }()

    private static func read(_ name: String) -> [UInt8]? {
        guard let file = fopen(folder + "/" + name, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }

    /// Names of y_ files that we refuse on purpose: RFC 8259 §4 lets a receiver refuse names that
    /// are not unique, and RFC 7519 §4 asks it of a JWT.
    private static let duplicates: Set<String> = [
        "y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
    ]

    /// Files of the suite whose outcome RFC 8259 leaves open: numbers are kept as text (§6), so
    /// their size is no reason to refuse them.
    private static let open: Set<String> = [
        "i_number_double_huge_neg_exp.json", "i_number_huge_exp.json",
        "i_number_neg_int_huge_exp.json", "i_number_pos_double_huge_exp.json",
        "i_number_real_neg_overflow.json", "i_number_real_pos_overflow.json",
        "i_number_real_underflow.json", "i_number_too_big_neg_int.json",
        "i_number_too_big_pos_int.json", "i_number_very_big_negative_int.json",
    ]

    @Test func `the whole suite is there`() { #expect(Self.names.count == 318) }

    @Test(arguments: names) func `each text is taken or refused`(name: String) throws {
        let bytes = try #require(Self.read(name))
        let value = Result { try JSONValue(parsing: bytes) }
        let isTaken = (try? value.get()) != nil
        if name.hasPrefix("y_") {
            #expect(isTaken == !Self.duplicates.contains(name))
        } else if name.hasPrefix("n_") {
            #expect(!isTaken)
        } else {
            #expect(isTaken == Self.open.contains(name))
        }
        if case .success(let value) = value {
            let again = try JSONValue(parsing: value.serialized())
            #expect(again == value)
            #expect(try JSONValue(parsing: value.serialized(.pretty)) == value)
        }
    }
}
