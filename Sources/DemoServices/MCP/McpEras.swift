import GatehouseJSON

// MARK: 2026-07-28: every request by itself

extension McpServer {
    /// One request with its envelope, one answer; closing the connection cancels it.
    func modern(_ request: DemoRequest, _ message: JSONObject) throws(McpError) -> Reply {
        guard let method = message["method"]?.stringValue else {
            throw .invalidRequest("method is missing")
        }
        guard let id = message["id"] else { return .whole(DemoResponse(status: 202)) }
        try checkEnvelope(request, message, method: method)
        switch method {
        case "server/discover": return whole(discovery, id: id)
        case "tools/list":
            return whole(
                ["tools": McpTools.list, "cacheScope": "public", "ttlMs": 0], id: id)
        case "tools/call": return try call(request, message, id: id)
        default: throw .unknownMethod(method)
        }
    }

    private var discovery: JSONValue {
        [
            "supportedVersions": .strings([McpVersion.modern]), "capabilities": ["tools": [:]],
            "cacheScope": "public", "ttlMs": 0,
        ]
    }

    private func checkEnvelope(
        _ request: DemoRequest, _ message: JSONObject, method: String
    ) throws(McpError) {
        let prefix = "io.modelcontextprotocol/"
        let meta = message["params"]?["_meta"]
        guard let version = meta?[prefix + "protocolVersion"],
            meta?[prefix + "clientCapabilities"] != nil
        else {
            throw .invalidParams("params._meta is missing the required envelope keys")
        }
        guard request.header("mcp-protocol-version") == version.stringValue else {
            throw .headerMismatch("mcp-protocol-version")
        }
        guard request.header("mcp-method") == method else { throw .headerMismatch("mcp-method") }
        if method == "tools/call" {
            guard request.header("mcp-name") == message["params"]?["name"]?.stringValue else {
                throw .headerMismatch("mcp-name")
            }
        }
        guard version.stringValue == McpVersion.modern else {
            throw .unsupportedVersion(version.stringValue ?? "")
        }
    }

    private func complete(_ result: JSONValue) -> JSONValue {
        var members = result.objectValue ?? [:]
        members["resultType"] = "complete"
        members["_meta"] = ["io.modelcontextprotocol/serverInfo": McpMessage.serverInfo]
        return .object(members)
    }

    private func whole(_ result: JSONValue, id: JSONValue) -> Reply {
        .whole(.json(McpMessage.result(complete(result), id: id)))
    }

    private func call(
        _ request: DemoRequest, _ message: JSONObject, id: JSONValue
    ) throws(McpError) -> Reply {
        let call = try toolCall(request, message, sessionID: nil)
        switch try McpTools.run(call) {
        case .result(let result), .announcement(_, let result): return whole(result, id: id)
        case .steps(let count, let milliseconds):
            let done = McpMessage.result(complete(McpTools.text("done")), id: id)
            let head = DemoResponse(status: 200, headers: Self.streamHeaders())
            return .stream(head) { stream in
                Self.step(1, of: count, every: milliseconds, call.progressToken, stream, done)
            }
        }
    }
}

// MARK: Up to 2025-11-25: a handshake and a session

extension McpServer {
    /// One message of a session; requests are answered with a stream of one or more events.
    func handshakeEra(_ request: DemoRequest, _ message: JSONObject) throws(McpError) -> Reply {
        guard let method = message["method"]?.stringValue else {
            // An answer to a request of the server's; it makes none.
            return .whole(DemoResponse(status: 202))
        }
        if method == "initialize" { return try initialize(message) }
        let session: String
        switch self.session(of: request) {
        case .failure(let response): return .whole(response)
        case .success(let id): session = id
        }
        guard let id = message["id"] else {
            return .whole(DemoResponse(status: 202, headers: [("Mcp-Session-Id", session)]))
        }
        switch method {
        case "ping": return events([McpMessage.result([:], id: id)], session)
        case "tools/list":
            return events([McpMessage.result(["tools": McpTools.list], id: id)], session)
        case "logging/setLevel": return events([McpMessage.result([:], id: id)], session)
        case "tools/call": return try call(request, message, id: id, session: session)
        default:
            return events([McpError.unknownMethod(method).message(id: id)], session)
        }
    }

    private func initialize(_ message: JSONObject) throws(McpError) -> Reply {
        guard let id = message["id"] else { throw .invalidRequest("initialize is a request") }
        let asked = message["params"]?["protocolVersion"]?.stringValue ?? ""
        let version = McpVersion.handshake.contains(asked) ? asked : McpVersion.handshake[0]
        let result: JSONValue = [
            "protocolVersion": .string(version),
            "capabilities": ["tools": ["listChanged": false], "logging": [:]],
            "serverInfo": McpMessage.serverInfo,
        ]
        return events([McpMessage.result(result, id: id)], sessions.begin())
    }

    private func events(_ messages: [JSONValue], _ session: String) -> Reply {
        let head = DemoResponse(status: 200, headers: Self.streamHeaders(session: session))
        return .stream(head) { stream in
            for message in messages { stream.write(McpMessage.event(message)) }
            stream.finish()
        }
    }

    private func call(
        _ request: DemoRequest, _ message: JSONObject, id: JSONValue, session: String
    ) throws(McpError) -> Reply {
        let call = try toolCall(request, message, sessionID: session)
        switch try McpTools.run(call) {
        case .result(let result): return events([McpMessage.result(result, id: id)], session)
        case .announcement(let text, let result):
            sessions.announce(
                McpMessage.notification(
                    "notifications/message", ["level": "info", "data": .string(text)]),
                to: session)
            return events([McpMessage.result(result, id: id)], session)
        case .steps(let count, let milliseconds):
            let done = McpMessage.result(McpTools.text("done"), id: id)
            let head = DemoResponse(status: 200, headers: Self.streamHeaders(session: session))
            return .stream(head) { stream in
                Self.step(1, of: count, every: milliseconds, call.progressToken, stream, done)
            }
        }
    }

    // MARK: Shared

    private func toolCall(
        _ request: DemoRequest, _ message: JSONObject, sessionID: String?
    ) throws(McpError) -> McpCall {
        let params = message["params"]
        guard let name = params?["name"]?.stringValue else { throw .invalidParams("name") }
        return McpCall(
            name: name, arguments: params?["arguments"]?.objectValue ?? [:],
            progressToken: params?["_meta"]?["progressToken"], request: request,
            sessionID: sessionID)
    }

    /// Reports one step, waits, and goes on; nothing is left running when the client has left.
    private static func step(
        _ number: Int, of count: Int, every milliseconds: Int64, _ token: JSONValue?,
        _ stream: ResponseStream, _ done: JSONValue
    ) {
        if let token {
            let progress: JSONValue = [
                "progressToken": token, "progress": .int(Int64(number)),
                "total": .int(Int64(count)), "message": .string("step \(number)"),
            ]
            stream.write(
                McpMessage.event(McpMessage.notification("notifications/progress", progress)))
        }
        stream.after(milliseconds: milliseconds) {
            guard number == count else {
                step(number + 1, of: count, every: milliseconds, token, stream, done)
                return
            }
            stream.write(McpMessage.event(done))
            stream.finish()
        }
    }
}
