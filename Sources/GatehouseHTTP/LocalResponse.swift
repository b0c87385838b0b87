/// Heads of responses that the gateway makes itself.
public enum LocalResponse {
    /// Writes the status line, e.g. `HTTP/1.1 404 Not Found`; `status` is 100 ... 999.
    public static func writeStatusLine<Sink: ByteSink>(_ status: UInt16, into sink: inout Sink) {
        sink.append("HTTP/1.1 " as StaticString)
        sink.append(decimal: UInt64(min(max(status, 100), 999)))
        sink.append(Syntax.space)
        sink.append(reasonPhrase(status))
        sink.append("\r\n" as StaticString)
    }

    /// Writes framing, Connection and the empty line: the last step of a head, behind the fields.
    ///
    /// - Parameters:
    ///   - framing: of the body that follows; `none` writes `Content-Length: 0` unless the status
    ///     allows no content (1xx, 204, 304); 205 always has it.
    ///   - keepAlive: whether the connection stays open.
    ///   - minorVersion: of the request that is answered.
    public static func writeEnd<Sink: ByteSink>(
        status: UInt16, framing: BodyFraming, keepAlive: Bool, minorVersion: UInt8,
        into sink: inout Sink
    ) {
        switch framing {
        case .length(let count) where !isBodiless(status):
            sink.append("Content-Length: " as StaticString)
            sink.append(decimal: count)
            sink.append("\r\n" as StaticString)
        case .chunked where !isBodiless(status):
            sink.append("Transfer-Encoding: chunked\r\n" as StaticString)
        case .none where !isBodiless(status):
            sink.append("Content-Length: 0\r\n" as StaticString)
        // RFC 9110 §15.3.6: 205 says that it has no content.
        default: if status == 205 { sink.append("Content-Length: 0\r\n" as StaticString) }
        }
        ConnectionField.write(keepAlive, minorVersion, &sink)
        sink.append("\r\n" as StaticString)
    }

    /// Whether a response with this status has no content (RFC 9110 §15.2, §15.3.5, §15.3.6,
    /// §15.4.5).
    public static func isBodiless(_ status: UInt16) -> Bool {
        status < 200 || status == 204 || status == 205 || status == 304
    }

    /// The interim response that lets a client send its body (RFC 9110 §15.2.1).
    public static func writeContinue<Sink: ByteSink>(into sink: inout Sink) {
        sink.append("HTTP/1.1 100 Continue\r\n\r\n" as StaticString)
    }

    /// The reason phrase of the registry for the statuses that the gateway uses; else empty.
    public static func reasonPhrase(_ status: UInt16) -> StaticString {
        switch status {
        case 100: "Continue"
        case 101: "Switching Protocols"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        default: laterPhrase(status)
        }
    }

    private static func laterPhrase(_ status: UInt16) -> StaticString {
        switch status {
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }
}
