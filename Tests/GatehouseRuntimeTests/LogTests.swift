import Glibc
import Testing

@testable import GatehouseRuntime

@Suite("Log: a reader never holds the gateway up")
struct LogTests {
    private func pipePair() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    @Test func `what is written arrives whole`() throws {
        let ends = try pipePair()
        defer {
            close(ends.read)
            close(ends.write)
        }
        let writer = LineWriter(descriptor: ends.write)
        writer.write("one\n".utf8)
        writer.write("two\n".utf8)
        #expect(writer.close(within: 5000))
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(ends.read, &bytes, bytes.count)
        #expect(String(decoding: bytes[..<count], as: UTF8.self) == "one\ntwo\n")
    }

    @Test func `a reader that does not read costs lines, not time`() throws {
        let ends = try pipePair()
        defer {
            close(ends.read)
            close(ends.write)
        }
        let setPipeSize: Int32 = 1031  // F_SETPIPE_SZ of fcntl(2), which Glibc's module leaves out
        try #require(fcntl(ends.write, setPipeSize, 4096) == 4096)
        let filler = [UInt8](repeating: 0x61, count: 4096)
        try #require(write(ends.write, filler, filler.count) == 4096)
        let writer = LineWriter(descriptor: ends.write, limit: 4096)
        let line = [UInt8](repeating: 0x61, count: 1023) + [0x0a]
        for _ in 0..<1000 { writer.write(line) }
        #expect(writer.dropped > 0)
        #expect(!writer.close(within: 10))
    }

    @Test func `a reader that has gone is given up`() throws {
        signal(SIGPIPE, SIG_IGN)
        let ends = try pipePair()
        close(ends.read)
        let writer = LineWriter(descriptor: ends.write)
        writer.write("lost\n".utf8)
        #expect(writer.close(within: 5000))
        writer.write("later\n".utf8)
        close(ends.write)
    }

    @Test func `control characters cannot forge a line`() {
        #expect(DiagnosticLogHandler.escaped("a\nb\u{1b}[0m") == "a\\u{a}b\\u{1b}[0m")
        #expect(DiagnosticLogHandler.escaped("plain ü") == "plain ü")
    }

    @Test func `time is RFC 3339`() {
        #expect(
            Timestamp.text(seconds: 1_000_000_000, milliseconds: 7) == "2001-09-09T01:46:40.007Z")
    }
}
