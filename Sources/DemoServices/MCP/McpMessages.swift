import GatehouseJSON

/// JSON-RPC errors with the HTTP status that the 2026-07-28 transport maps them to.
struct McpError: Error {
    let code: Int64
    let message: String
    var data: JSONValue?

    static func parse(_ message: String) -> McpError { McpError(code: -32_700, message: message) }
    static func invalidRequest(_ message: String) -> McpError {
        McpError(code: -32_600, message: message)
    }
    static func unknownMethod(_ name: String) -> McpError {
        McpError(code: -32_601, message: "Method not found", data: .string(name))
    }
    static func invalidParams(_ message: String) -> McpError {
        McpError(code: -32_602, message: message)
    }
    static func headerMismatch(_ header: String) -> McpError {
        McpError(
            code: -32_020, message: "the \(header) header does not match the request's body")
    }
    static func unsupportedVersion(_ version: String) -> McpError {
        McpError(
            code: -32_022, message: "Unsupported protocol version",
            data: ["supported": .strings([McpVersion.modern]), "requested": .string(version)])
    }

    var status: Int { code == -32_601 ? 404 : 400 }

    func message(id: JSONValue?) -> JSONValue {
        var error: JSONObject = ["code": .int(code), "message": .string(message)]
        error["data"] = data
        return ["jsonrpc": "2.0", "id": id ?? .null, "error": .object(error)]
    }
}

/// The protocol revisions that the server speaks.
enum McpVersion {
    static let modern = "2026-07-28"
    static let handshake = ["2025-11-25", "2025-06-18", "2025-03-26"]
}

/// The messages that both eras share.
enum McpMessage {
    static func result(_ result: JSONValue, id: JSONValue) -> JSONValue {
        ["jsonrpc": "2.0", "id": id, "result": result]
    }

    static func notification(_ method: String, _ params: JSONValue) -> JSONValue {
        ["jsonrpc": "2.0", "method": .string(method), "params": params]
    }

    /// One server-sent event.
    static func event(_ message: JSONValue) -> String {
        "event: message\r\ndata: \(message.serialized())\r\n\r\n"
    }

    static let serverInfo: JSONValue = ["name": "gatehouse-demo", "version": "1.0"]
}
