/// How the end of a body is found (RFC 9112 §6.3).
public enum BodyFraming: Sendable, Hashable {
    /// No body.
    case none
    /// This many bytes, 0 ... `Int64.max`.
    case length(UInt64)
    /// Chunks, then perhaps trailers.
    case chunked
    /// All bytes until the peer closes; responses only.
    case untilClose
}

/// The method of a request, as far as the proxy treats methods differently.
public enum Method: UInt8, Sendable {
    case get, head, post, put, delete, options, patch
    /// Any other token; read it from the head's bytes.
    case other

    /// Whether a request may be sent again after its connection failed (RFC 9110 §9.2.2).
    public var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options: true
        case .post, .patch, .other: false
        }
    }

    static func of(_ bytes: UnsafeRawBufferPointer) -> Method {
        switch bytes.count {
        case 3:
            if Syntax.equals(bytes, "GET") { return .get }
            if Syntax.equals(bytes, "PUT") { return .put }
        case 4:
            if Syntax.equals(bytes, "POST") { return .post }
            if Syntax.equals(bytes, "HEAD") { return .head }
        case 5: if Syntax.equals(bytes, "PATCH") { return .patch }
        case 6: if Syntax.equals(bytes, "DELETE") { return .delete }
        case 7: if Syntax.equals(bytes, "OPTIONS") { return .options }
        default: break
        }
        return .other
    }
}

/// The head of a request: values, and ranges into the buffer that was parsed.
public struct RequestHead: Sendable {
    /// The method.
    public internal(set) var method: Method = .other
    /// Where the method lies.
    public internal(set) var methodBytes = ByteRange()
    /// The target, with path and query.
    public internal(set) var target = RequestTarget()
    /// The authority asked for: that of an absolute target, else the value of Host; empty for an
    /// HTTP/1.0 request without Host.
    public internal(set) var authority = ByteRange()
    /// The host of `authority`, in the same buffer: with the brackets of an IPv6 literal, without a
    /// name's final dot.
    public internal(set) var host = ByteRange()
    /// The port of `authority`; nil where there is none.
    public internal(set) var port: UInt16?
    /// The minor version: 0, or 1 for HTTP/1.1 and what follows it (RFC 9110 §6.2).
    public internal(set) var minorVersion: UInt8 = 1
    /// Where the body ends; never `untilClose`.
    public internal(set) var framing: BodyFraming = .none
    /// Whether the client keeps the connection open after this exchange (RFC 9112 §9.3).
    public internal(set) var keepAlive = true
    /// Whether the client waits for 100 before it sends the body (RFC 9110 §10.1.1).
    public internal(set) var expectsContinue = false
    /// Whether the client asks to switch protocols (RFC 9110 §7.8).
    public internal(set) var asksUpgrade = false
    /// Whether the client takes trailers (`TE: trailers`, RFC 9110 §10.1.4).
    public internal(set) var acceptsTrailers = false
    /// Whether Connection nominates fields; trailers are then dropped, as one may be meant.
    public internal(set) var nominatesFields = false
    /// OPTIONS with `Max-Forwards: 0`: whoever reads it answers it (RFC 9110 §7.6.2).
    public internal(set) var isLastHop = false
    /// The length of the head in bytes, an empty line before it included: the body begins here.
    public internal(set) var length = 0
}

/// The head of a response: values, and ranges into the buffer that was parsed.
public struct ResponseHead: Sendable {
    /// The status, 100 ... 999.
    public internal(set) var status: UInt16 = 0
    /// Where the reason phrase lies; may be empty.
    public internal(set) var reason = ByteRange()
    /// The minor version: 0 or 1.
    public internal(set) var minorVersion: UInt8 = 1
    /// Where the body ends; `none` for 1xx, 204, 304 and for an answer to HEAD (RFC 9112 §6.3).
    public internal(set) var framing: BodyFraming = .none
    /// The Content-Length that the head states, also where there is no body (HEAD, 304).
    public internal(set) var statedLength: UInt64?
    /// Whether the connection can carry another exchange after the body.
    public internal(set) var keepAlive = true
    /// Whether Connection nominates fields; trailers are then dropped.
    public internal(set) var nominatesFields = false
    /// Whether Connection has the option upgrade (RFC 9110 §7.8).
    public internal(set) var upgrades = false
    /// The length of the head in bytes.
    public internal(set) var length = 0

    /// Whether it is an interim response, after which another head follows (RFC 9110 §15.2); 101 is
    /// final.
    public var isInterim: Bool { status < 200 && status != 101 }
}
