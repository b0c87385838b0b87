/// Why a message is refused, and with which status.
public struct HTTPFault: Error, Sendable, Hashable {
    /// What is wrong; its raw value is a text for the log, never sent with details of the peer.
    public enum Reason: String, CaseIterable, Sendable {
        case startLine = "malformed start line"
        case method = "malformed method"
        case longMethod = "method too long"
        case connect = "CONNECT and TRACE are not served"
        case target = "malformed request target"
        case version = "unsupported HTTP version"
        case lineEnd = "line without CRLF"
        case fieldName = "malformed field name"
        case fieldValue = "malformed field value"
        case ambiguousName = "field name that reads as a framing or forwarding field"
        case tooManyFields = "too many fields"
        case longStartLine = "start line too long"
        case longHead = "head too long"
        case host = "missing, repeated or malformed Host"
        case contentLength = "malformed or repeated Content-Length"
        case transferEncoding = "malformed, repeated or unsupported Transfer-Encoding"
        case ambiguousFraming = "Transfer-Encoding beside Content-Length, or in HTTP/1.0"
        case connection = "malformed Connection, or one that nominates an end-to-end field"
        case expectation = "unknown expectation"
        case status = "malformed status code"
        case chunkSize = "malformed chunk size"
        case chunkExtension = "malformed or too long chunk extension"
        case chunkEnd = "chunk data without CRLF"
        case trailer = "malformed or too long trailer section"
        case authorization = "repeated Authorization, or several credentials in one"
        case maxForwards = "malformed or repeated Max-Forwards"
        case loop = "the request has been here before"
        case upgrade = "an upgrade that was not asked for"

        /// Its short stable name, for the body of an answer and as a label: `ambiguousFraming`.
        public var code: String { String(describing: self) }
    }

    /// The status to answer with: 4xx or 5xx for a request, 502 for a response.
    public let status: UInt16
    /// What is wrong.
    public let reason: Reason

    /// A fault with this status.
    public init(_ status: UInt16, _ reason: Reason) {
        self.status = status
        self.reason = reason
    }
}
