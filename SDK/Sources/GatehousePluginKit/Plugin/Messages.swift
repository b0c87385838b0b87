internal import CGatehouse

/// The head of a request or a response. Borrowed for the callback.
public struct MessageHead {
    let head: UnsafePointer<gh_head>

    /// A method that most requests have; read the attribute for others.
    public enum Method: UInt32, Sendable {
        /// Any other.
        case other = 0
        /// GET.
        case get = 1
        /// HEAD.
        case head = 2
        /// POST.
        case post = 3
        /// PUT.
        case put = 4
        /// DELETE.
        case delete = 5
        /// OPTIONS.
        case options = 6
        /// PATCH.
        case patch = 7
        /// TRACE.
        case trace = 8
    }

    /// The method of the request.
    public var method: Method { Method(rawValue: head.pointee.method) ?? .other }
    /// The status of a response; 0 in a request.
    public var status: UInt32 { head.pointee.status }
    /// Whether no body follows.
    public var hasNoBody: Bool { head.pointee.flags & UInt32(GH_HEAD_NO_BODY) != 0 }
    /// Whether a policy gave this response.
    public var isByPolicy: Bool { head.pointee.flags & UInt32(GH_HEAD_BY_POLICY) != 0 }
    /// Whether the core gave this response.
    public var isByCore: Bool { head.pointee.flags & UInt32(GH_HEAD_BY_CORE) != 0 }
    /// Whether the request came by a claimed path, see ``Claim/matches(_:)``.
    public var isClaimed: Bool { head.pointee.claim != 0 }
    /// The time of this turn of the loop, in nanoseconds since 1970.
    public var unixNanoseconds: Int64 { head.pointee.unix_ns }

    var claimID: UInt32 { head.pointee.claim }

    /// The first value of a field that was asked for; nil where the message has none.
    public subscript(slot: FieldSlot) -> BorrowedBytes? {
        guard slot.index < head.pointee.slot_count, let slots = head.pointee.slots else {
            return nil
        }
        let text = slots[Int(slot.index)]
        return text.ptr == nil ? nil : BorrowedBytes(text)
    }

    /// Whether the message has one of these fields.
    public func hasAny(of fields: FieldSlots) -> Bool {
        guard fields.first <= fields.last, fields.last < head.pointee.slot_count,
            let slots = head.pointee.slots
        else { return false }
        var at = Int(fields.first)
        while at <= Int(fields.last) {
            if slots[at].ptr != nil { return true }
            at &+= 1
        }
        return false
    }

    /// Whether the field stands on more than one line; read the rest with
    /// ``Exchange/field(_:_:index:)``.
    public func isRepeated(_ slot: FieldSlot) -> Bool {
        slot.index < 32 && head.pointee.repeated >> slot.index & 1 != 0
    }
}

/// A piece of a body. Borrowed for the callback.
public struct MessageBody {
    let body: UnsafePointer<gh_body>

    /// Whether nothing more comes.
    public var isEnd: Bool { body.pointee.end_of_message != 0 }

    /// How many slices the piece has.
    public var chunkCount: Int { Int(body.pointee.chunk_count) }

    /// A slice; `index` is below ``chunkCount``.
    public func chunk(_ index: Int) -> BorrowedBytes {
        guard index >= 0, index < chunkCount, let chunks = body.pointee.chunks else {
            return BorrowedBytes()
        }
        return BorrowedBytes(chunks[index])
    }

    /// A copy of the whole piece.
    public var array: [UInt8] {
        var bytes: [UInt8] = []
        for index in 0..<chunkCount { bytes.append(contentsOf: chunk(index).unsafeBytes) }
        return bytes
    }
}

/// What came of an operation. Borrowed for the callback.
public struct OperationResult {
    let result: UnsafePointer<gh_result>

    /// Nil when it worked; `timeout` when its deadline passed.
    public var error: HostError? {
        result.pointee.status == 0 ? nil : HostError(code: result.pointee.status)
    }

    /// The callback that paused: 1 request head, 2 request body, 3 response head, 4 response body.
    public var phase: UInt32 { result.pointee.phase }

    /// The status of a fetched response.
    public var httpStatus: UInt32 { result.pointee.http_status }

    /// The content of a fetched response, or a payload.
    public var body: BorrowedBytes { BorrowedBytes(result.pointee.body) }

    /// All fields of a fetched response, in order; allocates.
    public var fields: [(name: BorrowedBytes, value: BorrowedBytes)] {
        guard let fields = result.pointee.fields else { return [] }
        return (0..<Int(result.pointee.field_count)).map {
            (BorrowedBytes(fields[$0].name), BorrowedBytes(fields[$0].value))
        }
    }

    /// The first value of a field of a fetched response.
    public func field(_ name: StaticString) -> BorrowedBytes? {
        let wanted = BorrowedBytes(name)
        guard let fields = result.pointee.fields else { return nil }
        for index in 0..<Int(result.pointee.field_count)
        where BorrowedBytes(fields[index].name).equalsIgnoringCase(wanted) {
            return BorrowedBytes(fields[index].value)
        }
        return nil
    }
}

/// What a policy's callback answers.
public enum Action: UInt32, Sendable {
    /// On to the next policy.
    case `continue` = 0
    /// Wait: an operation of this exchange is under way.
    case pause = 1
    /// The policy has answered.
    case responded = 2
    /// On, and leave this policy out of the rest of the exchange.
    case done = 3
    /// The policy could not decide: the route fails closed.
    case fail = 4
    /// The response ends here by intent (a stream that outlives its token), which is no fault.
    ///
    /// Only from `resumed` outside a pause; anywhere else the host takes it for ``fail``.
    case finish = 5
}

/// Why an exchange is over.
public enum EndReason: UInt32, Sendable {
    /// The response was sent.
    case complete = 0
    /// The client left.
    case clientGone = 1
    /// The upstream failed.
    case upstreamFailed = 2
    /// A time limit passed.
    case timeout = 3
    /// The stream was reset.
    case reset = 4
    /// The gateway is stopping.
    case draining = 5
    /// Anything else.
    case other = 6
}

/// What a policy keeps for one exchange: a word, 0 until it is set.
///
/// Either a number of the policy's own, such as an index into its loop state, or an object, which
/// the policy must take back in `ended`.
public struct ExchangeState {
    /// The word.
    public var bits: UInt

    init(_ pointer: UnsafeMutableRawPointer?) {
        bits = UInt(bitPattern: pointer)
    }

    var pointer: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: bits) }

    /// Whether nothing was set.
    public var isEmpty: Bool { bits == 0 }

    /// Keeps an object; there must be none yet.
    public mutating func keep(_ object: AnyObject) {
        bits = UInt(bitPattern: Unmanaged.passRetained(object).toOpaque())
    }

    /// Lends the object that was kept, without counting references; nil where there is none.
    public func with<Object: AnyObject, Result>(
        _ type: Object.Type, _ body: (Object) -> Result
    ) -> Result? {
        guard let pointer else { return nil }
        return Unmanaged<Object>.fromOpaque(pointer)._withUnsafeGuaranteedRef { body($0) }
    }

    /// Gives the object back and forgets it.
    @discardableResult
    public mutating func take<Object: AnyObject>(_ type: Object.Type) -> Object? {
        guard let pointer else { return nil }
        bits = 0
        return Unmanaged<Object>.fromOpaque(pointer).takeRetainedValue()
    }
}
