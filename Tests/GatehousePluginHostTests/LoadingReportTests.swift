import CGatehouseHost
import Testing

@testable import GatehousePluginHost

/// What a probing process reports is read as if an enemy had written it.
@Suite("Loading: the report of the probing process")
struct LoadingReportTests {
    let nonce = Array("n-1".utf8)

    @Test func `a complete report`() throws {
        let finding = try Probe.judge(result(good()), nonce: nonce, limitMs: 1)
        #expect(finding.plugins.count == 1)
        #expect(finding.plugins.first?.manifest == Array("{}".utf8))
        #expect(finding.plugins.first?.tables == 3)
        #expect(finding.warnings == [])
    }

    @Test func `threads and output are warnings`() throws {
        var found = result(good(threads: 3))
        found.output = Array("hi\u{1b}[0m\n".utf8)
        let warnings = try Probe.judge(found, nonce: nonce, limitMs: 1).warnings
        #expect(warnings.count == 2)
        #expect(warnings.contains("starts 2 threads while it is loaded"))
        #expect(warnings.allSatisfy { $0.unicodeScalars.allSatisfy(LoadingText.isPrintable) })
    }

    @Test func `the exit status alone proves nothing`() {
        let begun = frame(GATEHOUSE_FRAME_HELLO, 0, nonce) + frame(GATEHOUSE_FRAME_STAGE, 1, [])
        #expect(code(begun) == .exited)
        #expect(code(begun, .signalled(11)) == .crashed)
        #expect(code(begun, .timedOut) == .timedOut)
        #expect(code(begun, .tooMuch) == .badReport)
        #expect(code([]) == .notProbed)
        #expect(code(frame(GATEHOUSE_FRAME_HELLO, 0, Array("n-2".utf8))) == .badReport)
        #expect(code(good(endNonce: Array("n-2".utf8))) == .badReport)
        #expect(code(good() + [0]) == .badReport)
        #expect(code(good() + frame(GATEHOUSE_FRAME_STAGE, 1, [])) == .badReport)
    }

    @Test func `what the process found wrong has its own reasons`() {
        let hello = frame(GATEHOUSE_FRAME_HELLO, 0, nonce)
        let end = frame(GATEHOUSE_FRAME_END, 0, nonce)
        for (number, expected) in [
            (GATEHOUSE_FAILURE_LOAD, PluginRefusal.Code.notLoadable),
            (GATEHOUSE_FAILURE_SYMBOL, .missingSymbol), (GATEHOUSE_FAILURE_ENTRY, .entryFailed),
            (GATEHOUSE_FAILURE_TABLE, .entryFailed), (99, .entryFailed),
        ] {
            let report = hello + frame(GATEHOUSE_FRAME_FAILURE, number, Array("x".utf8)) + end
            #expect(code(report) == expected)
        }
        #expect(code(hello + end) == .badReport, "no plugin at all")
        #expect(code(good(signals: 1 << 13)) == .signalsChanged)
        #expect(code(good(minor: 1)) == .wrongABI)
    }

    @Test func `no report makes the reader trap`() {
        var random = Xorshift(state: 0x1234_5678_9abc_def1)
        let report = good()
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = report
            for _ in 0...Int(random.next() % 3) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(
                    truncatingIfNeeded: random.next())
            }
            if random.next() % 4 == 0 {
                bytes.removeLast(Int(random.next() % UInt64(bytes.count)))
            }
            if code(bytes) == nil { accepted += 1 }
        }
        #expect(accepted < 10_000)
    }

    // MARK: Programs that are no probers

    @Test func `a prober that cannot be started is not the library's fault`() {
        for prober in ["/nonexistent/prober", "/bin/true", "/bin/false"] {
            let probe = Probe(prober: [prober], limitMs: 10_000)
            #expect(refusal { try probe.run("/tmp/x.so") }?.code == .notProbed, "\(prober)")
        }
    }

    @Test func `a report with another nonce is refused`() {
        let probe = Probe(
            prober: [LoadingFixtures.shared.program("wrong_nonce")], limitMs: 10_000)
        let found = refusal { try probe.run("/tmp/x.so") }
        #expect(found?.code == .badReport && found?.reason.contains("nonce") == true)
    }

    @Test func `a child that writes without end is ended`() throws {
        let result = try ChildProcess.run(
            ["/bin/sh", "-c", "exec cat /dev/zero >&3"], environment: [], limitMs: 60_000)
        #expect(result.end == .tooMuch)
        #expect(result.report.count == LoadingLimits.reportBytesMax)
        let noise = try ChildProcess.run(
            ["/bin/sh", "-c", "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2"],
            environment: ["PATH=/usr/bin:/bin"], limitMs: 60_000)
        #expect(noise.end == .exited(0))
        #expect(noise.output.count == LoadingLimits.noiseBytesMax)
        #expect(noise.errors.count == LoadingLimits.noiseBytesMax)
    }

    @Test func `a child gets four descriptors and no environment of ours`() throws {
        let result = try ChildProcess.run(
            ["/bin/sh", "-c", "for fd in /proc/$$/fd/*; do echo ${fd##*/}; done; env | sort"],
            environment: ["PATH=/usr/bin:/bin"], limitMs: 60_000)
        let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
        #expect(lines.prefix(4) == ["0", "1", "2", "3"])
        #expect(!lines.contains { $0.hasPrefix("HOME=") })
    }

    // MARK: Helpers

    private func frame(_ tag: UInt32, _ index: UInt32, _ bytes: [UInt8]) -> [UInt8] {
        number(tag) + number(index) + number(UInt32(bytes.count)) + bytes
    }

    private func number(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private func good(
        minor: UInt32 = 0, signals: UInt32 = 0, threads: UInt32 = 1, endNonce: [UInt8]? = nil
    ) -> [UInt8] {
        frame(GATEHOUSE_FRAME_HELLO, 0, nonce)
            + frame(GATEHOUSE_FRAME_LIBRARY, 1, number(minor))
            + frame(GATEHOUSE_FRAME_MANIFEST, 0, Array("{}".utf8))
            + frame(GATEHOUSE_FRAME_TABLES, 0, number(3))
            + frame(GATEHOUSE_FRAME_SCHEMA, 0, Array("true".utf8))
            + frame(GATEHOUSE_FRAME_SIGNALS, 0, number(signals) + number(0))
            + frame(GATEHOUSE_FRAME_THREADS, threads, [])
            + frame(GATEHOUSE_FRAME_END, 0, endNonce ?? nonce)
    }

    private func result(_ report: [UInt8], _ end: ChildEnd = .exited(0)) -> ChildResult {
        ChildResult(end: end, report: report)
    }

    private func code(_ report: [UInt8], _ end: ChildEnd = .exited(0)) -> PluginRefusal.Code? {
        refusal { try Probe.judge(result(report, end), nonce: nonce, limitMs: 1) }?.code
    }

    private func refusal(_ body: () throws -> Probe.Finding) -> PluginRefusal? {
        do { _ = try body() } catch { return error as? PluginRefusal }
        return nil
    }
}
