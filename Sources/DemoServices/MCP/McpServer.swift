import GatehouseJSON
import NIOHTTP1
import Synchronization

/// A small MCP server over Streamable HTTP at `/mcp`, in both eras of the protocol.
///
/// A request with the envelope of 2026-07-28 is answered by itself, without a session. Anything
/// else is of the handshake era: `initialize`, `Mcp-Session-Id`, a GET stream, DELETE. Like
/// servers made with the SDKs it answers foreign hosts with 421 and foreign origins with 403.
final class McpServer: Site {
    let sessions = McpSessions()
    private let probes = ProbeEndpoints()

    func isBodyOnlyCounted(_ path: String) -> Bool { probes.isBodyOnlyCounted(path) }

    func reply(to request: DemoRequest) -> Reply {
        guard request.path == "/mcp" else {
            return probes.reply(to: request) ?? .whole(.json(["error": "not_found"], status: 404))
        }
        guard isLoopback(authority: request.header("host") ?? "") else {
            return .whole(.text("Invalid Host header", status: 421))
        }
        if let origin = request.header("origin") {
            let isOurs = hostOf(origin).map { isLoopback(authority: $0.host) } ?? false
            guard isOurs else { return .whole(.text("Invalid Origin header", status: 403)) }
        }
        switch request.method {
        case "POST": return post(request)
        case "GET": return openStream(request)
        case "DELETE": return delete(request)
        default:
            return .whole(
                failure(.invalidRequest("Method Not Allowed"), id: nil, status: 405).adding([
                    ("Allow", "GET, POST, DELETE")
                ]))
        }
    }

    private func isLoopback(authority: String) -> Bool {
        let host = hostOf("http://" + authority)?.host
        return host == "localhost" || host == "127.0.0.1" || host == "[::1]"
    }

    func failure(_ error: McpError, id: JSONValue?, status: Int? = nil) -> DemoResponse {
        .json(error.message(id: id), status: status ?? error.status)
    }

    // MARK: POST

    private func post(_ request: DemoRequest) -> Reply {
        guard request.header("content-type")?.lowercased().hasPrefix("application/json") == true
        else { return .whole(failure(.invalidRequest("Invalid Content-Type"), id: nil)) }
        let accept = request.headers["accept"].joined(separator: ",")
        guard accept.contains("*/*") || accept.contains("application/json") else {
            return .whole(failure(.invalidRequest("Not Acceptable"), id: nil, status: 406))
        }
        guard let body = request.json else {
            return .whole(failure(.parse("Parse error"), id: nil))
        }
        guard let message = body.objectValue, message["jsonrpc"] == "2.0" else {
            return .whole(failure(.invalidRequest("Invalid Request"), id: nil))
        }
        let id = message["id"]
        do throws(McpError) {
            if isModern(request, message) {
                return try modern(request, message)
            }
            return try handshakeEra(request, message)
        } catch {
            return .whole(failure(error, id: id))
        }
    }

    private func isModern(_ request: DemoRequest, _ message: JSONObject) -> Bool {
        if message["params"]?["_meta"]?["io.modelcontextprotocol/protocolVersion"] != nil {
            return true
        }
        guard let version = request.header("mcp-protocol-version") else { return false }
        return !McpVersion.handshake.contains(version) && version != "2024-11-05"
    }

    // MARK: GET and DELETE

    private func openStream(_ request: DemoRequest) -> Reply {
        guard request.header("accept")?.contains("text/event-stream") == true else {
            return .whole(failure(.invalidRequest("Not Acceptable"), id: nil, status: 406))
        }
        switch session(of: request) {
        case .failure(let response): return .whole(response)
        case .success(let id):
            let head = DemoResponse(status: 200, headers: Self.streamHeaders(session: id))
            return .stream(head) { [sessions] stream in
                sessions.attach(stream, to: id)
                stream.write(": open\r\n\r\n")
            }
        }
    }

    private func delete(_ request: DemoRequest) -> Reply {
        switch session(of: request) {
        case .failure(let response): return .whole(response)
        case .success(let id):
            sessions.end(id)
            return .whole(DemoResponse(status: 200, headers: [("Mcp-Session-Id", id)]))
        }
    }

    enum SessionLookup {
        case success(String)
        case failure(DemoResponse)
    }

    /// A missing id is 400, an unknown one 404: the client then starts anew.
    func session(of request: DemoRequest) -> SessionLookup {
        guard let id = request.header("mcp-session-id") else {
            return .failure(
                failure(.invalidRequest("Bad Request: Missing session ID"), id: nil))
        }
        guard sessions.isKnown(id) else {
            return .failure(failure(.invalidRequest("Session not found"), id: nil, status: 404))
        }
        return .success(id)
    }

    static func streamHeaders(session: String? = nil) -> [(String, String)] {
        [
            ("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache, no-transform"),
            ("X-Accel-Buffering", "no"),
        ] + (session.map { [("Mcp-Session-Id", $0)] } ?? [])
    }
}

/// The sessions of the handshake era and their GET streams.
final class McpSessions: Sendable {
    private struct State {
        var streams: [String: [ResponseStream]] = [:]
        var order: [String] = []
    }
    private let state = Mutex(State())

    /// A new session; the oldest of more than 10 000 is forgotten.
    func begin() -> String {
        let id = hexadecimal(Chance.bytes(16))
        state.withLock { state in
            state.streams[id] = []
            state.order.append(id)
            if state.order.count > 10_000 { state.streams[state.order.removeFirst()] = nil }
        }
        return id
    }

    func isKnown(_ id: String) -> Bool { state.withLock { $0.streams[id] != nil } }

    func attach(_ stream: ResponseStream, to id: String) {
        state.withLock { state in
            let open = (state.streams[id] ?? []).filter(\.isOpen).suffix(7)
            state.streams[id] = Array(open) + [stream]
        }
    }

    func end(_ id: String) {
        let streams = state.withLock { state in
            state.order.removeAll { $0 == id }
            return state.streams.removeValue(forKey: id) ?? []
        }
        for stream in streams { stream.finish() }
    }

    func announce(_ message: JSONValue, to id: String) {
        let streams = state.withLock { $0.streams[id] ?? [] }
        for stream in streams { stream.write(McpMessage.event(message)) }
    }
}
