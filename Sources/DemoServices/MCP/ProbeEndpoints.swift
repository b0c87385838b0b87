import GatehouseJSON
import Synchronization

/// Plain HTTP answers that tests of a proxy need, beside the MCP endpoint.
///
/// - `/echo`: the request as JSON: method, target, version, headers in order, body octets.
/// - `/upload`: counts and hashes the body: `{"bytes", "sha256"}`.
/// - `/download?bytes=N[&chunked]`: N octets, the i-th is i mod 251.
/// - `/die?after=N[&chunked]`: promises more, sends N octets, and closes.
/// - `/sse?count=N[&interval=MS][&idle]`: N events, then the end, or silence where `idle` is given.
/// - `/slow?ms=N`: an answer after N milliseconds.
/// - `/status?code=N[&challenge=V]`: that status, with V as WWW-Authenticate.
/// - `/stats`: the streams that are open, and those whose client left before the end.
final class ProbeEndpoints: Site {
    private struct Counters {
        var open = 0
        var abandoned = 0
        var requests = 0
    }
    private let counters = Mutex(Counters())

    func isBodyOnlyCounted(_ path: String) -> Bool { path == "/upload" }

    func reply(to request: DemoRequest) -> Reply {
        reply(to: request) ?? .whole(.json(["error": "not_found"], status: 404))
    }

    /// Nil where the path is none of these.
    func reply(to request: DemoRequest) -> Reply? {
        let query = request.query
        if request.path != "/stats" { counters.withLock { $0.requests += 1 } }
        switch request.path {
        case "/echo": return .whole(echo(request))
        case "/upload":
            return .whole(
                .json([
                    "bytes": .int(Int64(request.bodyCount)),
                    "sha256": .string(hexadecimal(request.bodyDigest)),
                ]))
        case "/download": return download(number(query, "bytes", 1024), query)
        case "/die": return die(after: number(query, "after", 0), query)
        case "/sse": return events(query)
        case "/slow":
            let wait = Int64(min(number(query, "ms", 1000), 600_000))
            return .stream(DemoResponse(status: 200)) { stream in
                stream.after(milliseconds: wait) {
                    stream.write("done")
                    stream.finish()
                }
            }
        case "/status":
            let code = min(max(number(query, "code", 200), 200), 599)
            let challenge = query["challenge"].map { [("WWW-Authenticate", $0)] } ?? []
            return .whole(.json(["status": .int(Int64(code))], status: code, headers: challenge))
        case "/stats": return .whole(stats())
        default: return nil
        }
    }

    private func number(_ query: [String: String], _ name: String, _ fallback: Int) -> Int {
        max(0, min(query[name].flatMap(Int.init) ?? fallback, 1 << 32))
    }

    private func echo(_ request: DemoRequest) -> DemoResponse {
        let headers = request.headers.map { JSONValue.strings([$0.name, $0.value]) }
        return .json([
            "method": .string(request.method), "target": .string(request.target),
            "version": .string(request.version), "headers": .array(headers),
            "bytes": .int(Int64(request.bodyCount)),
            "body": .string(String(decoding: request.body, as: UTF8.self)),
        ])
    }

    private func stats() -> DemoResponse {
        let now = counters.withLock { $0 }
        return .json([
            "open": .int(Int64(now.open)), "abandoned": .int(Int64(now.abandoned)),
            "requests": .int(Int64(now.requests)),
        ])
    }

    // MARK: Bodies

    private func head(_ type: String, length: Int?) -> DemoResponse {
        let size = length.map { [("Content-Length", "\($0)")] } ?? []
        return DemoResponse(status: 200, headers: [("Content-Type", type)] + size)
    }

    private func download(_ count: Int, _ query: [String: String]) -> Reply {
        let length = query["chunked"] == nil ? count : nil
        return .stream(head("application/octet-stream", length: length)) { stream in
            Self.send(from: 0, to: count, stream) { stream.finish() }
        }
    }

    private func die(after count: Int, _ query: [String: String]) -> Reply {
        let length = query["chunked"] == nil ? count + 65_536 : nil
        return .stream(head("application/octet-stream", length: length)) { stream in
            Self.send(from: 0, to: count, stream) { stream.abort() }
        }
    }

    /// Sends the pattern, each piece when the socket has taken the one before.
    private static func send(
        from start: Int, to end: Int, _ stream: ResponseStream,
        _ then: @escaping @Sendable () -> Void
    ) {
        guard start < end else { return then() }
        let next = min(start + 65_536, end)
        let piece = (start..<next).map { UInt8(truncatingIfNeeded: $0 % 251) }
        stream.write(piece) { send(from: next, to: end, stream, then) }
    }

    // MARK: Events

    private func events(_ query: [String: String]) -> Reply {
        let count = number(query, "count", 3)
        let interval = Int64(min(number(query, "interval", 0), 60_000))
        let isIdle = query["idle"] != nil
        return .stream(head("text/event-stream", length: nil)) { [self] stream in
            counters.withLock { $0.open += 1 }
            let state = Completion()
            stream.onClose { [self] in
                guard state.complete() else { return }
                counters.withLock {
                    $0.open -= 1
                    $0.abandoned += 1
                }
            }
            send(event: 1, of: count, every: interval, stream) { [self] in
                guard !isIdle, state.complete() else { return }
                counters.withLock { $0.open -= 1 }
                stream.finish()
            }
        }
    }

    private func send(
        event number: Int, of count: Int, every interval: Int64, _ stream: ResponseStream,
        _ then: @escaping @Sendable () -> Void
    ) {
        guard number <= count else { return then() }
        stream.write("id: \(number)\ndata: event \(number)\n\n")
        if interval == 0 {
            send(event: number + 1, of: count, every: 0, stream, then)
        } else {
            stream.after(milliseconds: interval) { [self] in
                send(event: number + 1, of: count, every: interval, stream, then)
            }
        }
    }
}

/// Something that happens once.
private final class Completion: Sendable {
    private let isDone = Mutex(false)

    /// Whether this call was the first.
    func complete() -> Bool {
        isDone.withLock { done in
            defer { done = true }
            return !done
        }
    }
}
