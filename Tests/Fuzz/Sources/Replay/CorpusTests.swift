import Foundation
import Testing

/// The committed inputs of the fuzz targets.
enum Corpus {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Corpus")

    /// Every input of a target with its file's name.
    static func inputs(of target: String) throws -> [(name: String, bytes: [UInt8])] {
        let place = folder.appendingPathComponent(target)
        let names = try FileManager.default.contentsOfDirectory(atPath: place.path).sorted()
        return try names.map { name in
            (name, Array(try Data(contentsOf: place.appendingPathComponent(name))))
        }
    }
}

/// The corpus is replayed by every run of the tests, without the fuzzer's instrumentation, so that
/// what it has found once is never lost.
@Suite("The fuzzer's corpus")
struct CorpusTests {
    @Test(arguments: FuzzTarget.all.map(\.name))
    func `every input keeps the invariants of its target`(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let inputs = try Corpus.inputs(of: name)
        #expect(!inputs.isEmpty, "no corpus")
        for input in inputs {
            do {
                try input.bytes.withUnsafeBytes(target.check)
            } catch {
                Issue.record("\(name)/\(input.name): \(error)")
            }
        }
    }

    @Test func `a corpus has no input that its target would cut`() throws {
        for target in FuzzTarget.all {
            let long = try Corpus.inputs(of: target.name).filter {
                $0.bytes.count > target.longest
            }
            #expect(long.isEmpty, "\(target.name): \(long.map(\.name))")
        }
    }

    /// Each target must be able to fail: an input that breaks a deliberately wrong claim is told.
    @Test func `an invariant that does not hold is an error`() {
        #expect(throws: Broken.self) { try hold(false, "so") }
        #expect(throws: Broken.self) { try CanonicalHead(Array("GET / HTTP/1.1\nA: b\n\n".utf8)) }
        #expect(throws: Broken.self) {
            try CanonicalHead(
                Array(
                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
                        .utf8))
        }
        #expect(throws: Broken.self) {
            try CanonicalHead(Array("HTTP/1.1 200 OK\r\nTE: trailers\r\n\r\n".utf8))
        }
    }
}
