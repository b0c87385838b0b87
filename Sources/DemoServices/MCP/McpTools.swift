import GatehouseJSON

/// A call of a tool: what both eras hand over.
struct McpCall: Sendable {
    let name: String
    let arguments: JSONObject
    let progressToken: JSONValue?
    let request: DemoRequest
    let sessionID: String?
}

/// The tools of the demo server.
enum McpTools {
    /// A tool that answers at once, or one that works step by step.
    enum Outcome: Sendable {
        case result(JSONValue)
        case steps(count: Int, milliseconds: Int64)
        /// A message for the session's own stream, then the result.
        case announcement(String, JSONValue)
    }

    static let list: JSONValue = [
        tool("add", "Adds two integers.", ["a": "integer", "b": "integer"], ["a", "b"]),
        tool("echo", "Returns the text.", ["text": "string"], ["text"]),
        tool(
            "slow", "Works in steps and reports the progress of each: a stream of events.",
            ["steps": "integer", "delay": "number"], []),
        tool("headers", "Returns the header fields that the server received.", [:], []),
        tool(
            "announce", "Sends a log message on the session's GET stream.",
            ["text": "string"], ["text"]),
    ]

    private static func tool(
        _ name: String, _ description: String, _ properties: [String: String], _ required: [String]
    ) -> JSONValue {
        var members = JSONObject()
        for (name, type) in properties.sorted(by: { $0.key < $1.key }) {
            members[name] = ["type": .string(type)]
        }
        return [
            "name": .string(name), "description": .string(description),
            "inputSchema": [
                "type": "object", "properties": .object(members), "required": .strings(required),
            ],
        ]
    }

    static func run(_ call: McpCall) throws(McpError) -> Outcome {
        switch call.name {
        case "add":
            guard let a = call.arguments["a"]?.intValue, let b = call.arguments["b"]?.intValue,
                case (let sum, let overflow) = a.addingReportingOverflow(b), !overflow
            else { throw .invalidParams("a and b are integers") }
            return .result(text("\(sum)"))
        case "echo": return .result(text(call.arguments["text"]?.stringValue ?? ""))
        case "slow":
            let steps = call.arguments["steps"]?.intValue ?? 3
            let delay = call.arguments["delay"]?.doubleValue ?? 0.2
            guard (1...10_000).contains(steps), (0...60).contains(delay) else {
                throw .invalidParams("1 to 10000 steps, 0 to 60 seconds each")
            }
            return .steps(count: Int(steps), milliseconds: Int64(delay * 1000))
        case "headers":
            var fields = JSONObject()
            for (name, value) in call.request.headers {
                fields[name.lowercased()] = .string(value)
            }
            return .result(text(JSONValue.object(fields).serialized()))
        case "announce":
            let words = call.arguments["text"]?.stringValue ?? ""
            return .announcement(words, text("announced"))
        default: throw .invalidParams("Unknown tool: \(call.name)")
        }
    }

    static func text(_ text: String) -> JSONValue {
        ["content": [["type": "text", "text": .string(text)]], "isError": false]
    }
}
