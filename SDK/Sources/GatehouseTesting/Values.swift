public import GatehouseJSON

/// A message as a test writes it.
public struct TestMessage: Sendable {
    /// The method of a request.
    public var method = "GET"
    /// The target of a request.
    public var target = "/"
    /// The status of a response.
    public var status: UInt32 = 200
    /// The fields, in order; names in any case.
    public var fields: [(name: String, value: String)]
    /// Whether no body follows.
    public var hasNoBody = true
    /// The id of a claim by which the request came; 0 for the route's own match.
    public var claim: UInt32 = 0

    /// A request.
    public static func request(
        _ method: String = "GET", _ target: String = "/",
        _ fields: [(name: String, value: String)] = []
    ) -> TestMessage {
        TestMessage(method: method, target: target, fields: fields)
    }

    /// A response.
    public static func response(
        _ status: UInt32, _ fields: [(name: String, value: String)] = []
    ) -> TestMessage {
        TestMessage(status: status, fields: fields)
    }

    /// The values of a field, whatever the case of its name.
    public func values(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}

/// A response that a policy gave.
public struct RecordedResponse: Sendable {
    /// The status.
    public var status: UInt32
    /// The fields, in order.
    public var fields: [(name: String, value: String)]
    /// The content so far.
    public var body: [UInt8]
    /// What the policy said for the log.
    public var reason: String
    /// Whether it is complete: false between the start and the finish of a streamed one.
    public var isComplete: Bool

    /// The values of a field, whatever the case of its name.
    public func values(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}

/// A record of the log.
public struct RecordedLog: Sendable {
    /// 0 debug, 1 info, 2 warning, 3 error.
    public let level: UInt32
    /// The message.
    public let message: String
    /// The fields.
    public let fields: [(name: String, value: String)]
}

/// Something that a plugin said about a document.
public struct RecordedDiagnostic: Sendable, Hashable {
    /// Whether the document is refused.
    public let isError: Bool
    /// Where, a JSON Pointer.
    public let pointer: String
    /// What is wrong.
    public let message: String
    /// What to write instead.
    public let suggestion: String
}

/// An outbound request that a plugin made.
public struct RecordedFetch: Sendable {
    /// The method.
    public let method: String
    /// The URL.
    public let url: String
    /// The fields, in order.
    public let fields: [(name: String, value: String)]
    /// The content.
    public let body: [UInt8]
    /// 0 configured origins, 1 public addresses only.
    public let reach: UInt32
    /// Whether an exchange owns it; else the instance does.
    public let isOfExchange: Bool
}

/// What a scripted fetch gets.
public struct ScriptedAnswer: Sendable {
    /// 0, or a negative status of the contract.
    public var failure: Int32 = 0
    /// The status of the response.
    public var status: UInt32 = 200
    /// The fields.
    public var fields: [(name: String, value: String)] = []
    /// The content.
    public var body: [UInt8] = []

    /// A response with JSON.
    public static func json(_ value: JSONValue, status: UInt32 = 200) -> ScriptedAnswer {
        ScriptedAnswer(
            status: status, fields: [("content-type", "application/json")],
            body: value.serializedBytes(.compact))
    }

    /// No response: a status of the contract, such as -8 for a timeout.
    public static func failure(_ status: Int32) -> ScriptedAnswer {
        ScriptedAnswer(failure: status)
    }
}

/// What a library did wrong when it was entered or an instance was made.
public struct TestHostError: Error, Sendable, CustomStringConvertible {
    /// The status that was answered.
    public let status: Int32
    /// What it said.
    public let diagnostics: [RecordedDiagnostic]

    /// A failure; -2 is a hook that a provider does not know.
    public init(status: Int32, diagnostics: [RecordedDiagnostic] = []) {
        self.status = status
        self.diagnostics = diagnostics
    }

    /// The status and the messages.
    public var description: String {
        "status \(status): "
            + diagnostics.map { "\($0.pointer): \($0.message)" }.joined(separator: "; ")
    }
}
