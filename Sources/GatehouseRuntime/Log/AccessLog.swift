import GatehouseHTTP
import GatehousePluginHost
import GatehouseProxy
import NIOCore
import NIOPosix

/// The access log of one loop: one JSON object a line, collected here and handed to the writer in
/// batches, so that loops share no lock for each exchange.
///
/// **Confined to:** its loop.
final class AccessLog: ExchangeObserver {
    private let writer: LineWriter
    private var batch: [UInt8] = []
    private var isScheduled = false

    /// Bytes that are collected before they are handed on at once.
    private static let batchBytes = 32 << 10
    /// How long a record waits at most.
    private static let delay = TimeAmount.milliseconds(100)

    init(writer: LineWriter) {
        self.writer = writer
        batch.reserveCapacity(2 * Self.batchBytes)
    }

    deinit { flush() }

    func exchangeEnded(_ record: borrowing AccessRecord) {
        guard record.route?.isLogged ?? true else { return }
        AccessLine.append(record, to: &batch)
        if batch.count >= Self.batchBytes { flush() } else { schedule() }
    }

    func loopStopped() { flush() }

    private func schedule() {
        guard !isScheduled else { return }
        guard let loop = MultiThreadedEventLoopGroup.currentEventLoop else { return flush() }
        isScheduled = true
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: Self.delay) {
            bound.value.isScheduled = false
            bound.value.flush()
        }
    }

    private func flush() {
        guard !batch.isEmpty else { return }
        writer.write(batch)
        batch.removeAll(keepingCapacity: true)
    }
}

/// Writes one record as JSON. What peers and plugins wrote is escaped; the query is not in it.
enum AccessLine {
    static func append(_ record: borrowing AccessRecord, to out: inout [UInt8]) {
        out += "{\"time\":\"".utf8
        let seconds = Int(record.startUnixNs / 1_000_000_000)
        let milliseconds = Int(record.startUnixNs % 1_000_000_000 / 1_000_000)
        out += Timestamp.text(seconds: seconds, milliseconds: max(0, milliseconds)).utf8
        out += "\",\"exchange\":".utf8
        appendNumber(record.number, &out)
        appendMember("client", record.peer, &out)
        appendMember("method", record.method, &out)
        appendMember("host", record.authority, &out)
        appendMember("path", record.path, &out)
        out += ",\"status\":".utf8
        appendNumber(UInt64(record.status), &out)
        out += ",\"durationUs\":".utf8
        appendNumber(record.durationNs / 1000, &out)
        if record.upstreamNs > 0 {
            out += ",\"upstreamUs\":".utf8
            appendNumber(record.upstreamNs / 1000, &out)
        }
        out += ",\"requestBytes\":".utf8
        appendNumber(record.requestBytes, &out)
        out += ",\"responseBytes\":".utf8
        appendNumber(record.responseBytes, &out)
        appendMember("outcome", outcome(record.outcome), &out)
        if let route = record.route { appendMember("route", route.name, &out) }
        if let upstream = record.upstream { appendMember("upstream", upstream.authority, &out) }
        if let reason = record.reason { appendMember("reason", reason, &out) }
        if let run = record.run { appendPolicies(run, &out) }
        out += "}\n".utf8
    }

    private static func appendPolicies(_ run: ExchangeRun, _ out: inout [UInt8]) {
        if let responder = run.responder {
            appendMember("policy", responder, &out)
            appendMember("policyReason", run.responseReason, &out)
        }
        var bytes = out
        run.forEachLogNote { policy, note, value in
            appendMember("\(policy)/\(note)", value, &bytes)
        }
        out = bytes
    }

    private static func outcome(_ outcome: ExchangeOutcome) -> String {
        switch outcome {
        case .complete: "complete"
        case .clientGone: "clientGone"
        case .upstreamFailed: "upstreamFailed"
        case .timeout: "timeout"
        case .reset: "reset"
        case .drained: "drained"
        }
    }

    private static func appendNumber(_ number: UInt64, _ out: inout [UInt8]) {
        out += String(number).utf8
    }

    private static func appendMember(
        _ name: String, _ value: UnsafeRawBufferPointer, _ out: inout [UInt8]
    ) {
        guard !value.isEmpty else { return }
        appendName(name, &out)
        appendEscaped(value, &out)
        out.append(0x22)
    }

    private static func appendMember(_ name: String, _ value: String, _ out: inout [UInt8]) {
        appendName(name, &out)
        var value = value
        value.withUTF8 { appendEscaped(UnsafeRawBufferPointer($0), &out) }
        out.append(0x22)
    }

    private static func appendName(_ name: String, _ out: inout [UInt8]) {
        out += ",\"".utf8
        out += name.utf8
        out += "\":\"".utf8
    }

    /// ASCII as it is, `"`, `\` and controls escaped; a byte that is no ASCII as the scalar of its
    /// number, so that a line is JSON whatever a peer sent.
    static func appendEscaped(_ bytes: UnsafeRawBufferPointer, _ out: inout [UInt8]) {
        for byte in bytes {
            switch byte {
            case 0x22, 0x5c: out += [0x5c, byte]
            case 0x20..<0x7f: out.append(byte)
            default:
                let hex = Array("0123456789abcdef".utf8)
                out += "\\u00".utf8
                out += [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
    }
}
