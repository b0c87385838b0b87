import CGatehouse

/// A head as a callback gets it; to be read until the callback returns.
public struct Head {
    private let raw: UnsafePointer<gh_head>

    init(_ raw: UnsafePointer<gh_head>) { self.raw = raw }

    /// Whether a body follows.
    public var hasBody: Bool { raw.pointee.flags & 1 == 0 }
    /// Whether a policy answered this response.
    public var isByPolicy: Bool { raw.pointee.flags & 2 != 0 }
    /// Whether the gateway itself answered this response.
    public var isByCore: Bool { raw.pointee.flags & 4 != 0 }
    /// The status of a response; 0 in a request.
    public var status: Int { Int(raw.pointee.status) }
    /// The method of the request.
    public var method: Method { Method(rawValue: raw.pointee.method) ?? .other }
    /// The claim of ``PluginSetup/claimPath(_:isPrefix:)`` that matched; 0: the route's own match.
    public var claim: UInt32 { raw.pointee.claim }
    /// Nanoseconds since the Unix epoch, read once a turn of the loop.
    public var unixNs: Int64 { raw.pointee.unix_ns }

    /// The first value of a field asked for with ``PluginSetup/wantField(_:_:)``; nil: absent.
    public func slot(_ slot: Int) -> BorrowedBytes? {
        guard slot >= 0, slot < Int(raw.pointee.slot_count), let slots = raw.pointee.slots,
            slots[slot].ptr != nil
        else { return nil }
        return BorrowedBytes(slots[slot])
    }

    /// Whether that field occurs more than once; ``Exchange/field(_:_:at:)`` reads the rest.
    public func isRepeated(_ slot: Int) -> Bool {
        slot >= 0 && slot < 32 && raw.pointee.repeated & (1 << UInt32(slot)) != 0
    }
}

/// A part of a body; to be read until the callback returns.
public struct BodyPart {
    private let raw: UnsafePointer<gh_body>

    init(_ raw: UnsafePointer<gh_body>) { self.raw = raw }

    /// Whether nothing follows.
    public var isEnd: Bool { raw.pointee.end_of_message != 0 }
    /// How many chunks there are.
    public var count: Int { raw.pointee.chunks == nil ? 0 : Int(raw.pointee.chunk_count) }

    /// One chunk.
    ///
    /// - Precondition: `0 <= index < count`.
    public subscript(index: Int) -> BorrowedBytes {
        precondition(index >= 0 && index < count, "no chunk of that number")
        guard let chunks = raw.pointee.chunks else {
            return BorrowedBytes(rawBytes: UnsafeRawBufferPointer(start: nil, count: 0))
        }
        return BorrowedBytes(chunks[index])
    }

    /// A copy of all chunks.
    public var array: [UInt8] {
        var out: [UInt8] = []
        for index in 0..<count { out.append(contentsOf: self[index].rawBytes) }
        return out
    }
}

/// What became of an operation; to be read until the callback returns.
public struct OperationResult {
    private let raw: UnsafePointer<gh_result>

    init(_ raw: UnsafePointer<gh_result>) { self.raw = raw }

    /// Nil: it succeeded.
    public var error: HostError? {
        raw.pointee.status == 0 ? nil : HostError(rawValue: raw.pointee.status)
    }
    /// The status of a fetched response; 0 for every other operation.
    public var httpStatus: Int { Int(raw.pointee.http_status) }
    /// The fields of a fetched response.
    public var fields: BorrowedFields {
        BorrowedFields(raw.pointee.fields, raw.pointee.field_count)
    }
    /// The body of a fetched response, or the payload that completed the operation.
    public var body: BorrowedBytes { BorrowedBytes(raw.pointee.body) }
}

/// A response that a policy gives by itself.
public struct LocalResponse: Sendable, Hashable {
    /// 200 to 599.
    public var status: Int
    /// The fields, without those that frame the message.
    public var fields: [Field]
    /// The content.
    public var body: [UInt8]
    /// Why, for the log; the client is not told.
    public var reason: String

    /// Makes a response of its parts.
    public init(status: Int, fields: [Field] = [], body: [UInt8] = [], reason: String = "") {
        self.status = status
        self.fields = fields
        self.body = body
        self.reason = reason
    }
}

/// What an exchange is asked for by number.
public enum Attribute: UInt32, Sendable {
    /// The method as it came.
    case method = 1
    /// The request target as it came.
    case target = 2
    /// The path of the target as it came.
    case path = 3
    /// The query without the question mark.
    case query = 4
    /// http or https, as the client sees it.
    case scheme = 5
    /// Host, or the authority of an absolute target.
    case authority = 6
    /// `scheme://authority` as clients see it, without a trailing slash.
    case externalBase = 7
    /// The client's address.
    case peerAddress = 8
    /// The client's port.
    case peerPort = 9
    /// The name of the route.
    case route = 10
}
