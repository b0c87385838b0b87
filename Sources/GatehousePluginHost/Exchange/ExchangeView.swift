public import GatehouseHTTP

/// The fields of one head, as slices into the buffer that it was received in.
///
/// **Lifetime:** index and bytes stay valid until `ExchangeRun.end`, or until the proxy says with
/// `requestMoved` or `responseMoved` where they are now.
public struct HeadFields {
    /// The buffer that the index points into.
    public var bytes: UnsafeRawBufferPointer
    // Safety: see "Lifetime"; a counted reference would cost each exchange a dozen atomic steps.
    private let reference: Unmanaged<FieldIndex>?

    /// Makes a view of the fields; without arguments one of none.
    public init(
        _ index: FieldIndex? = nil,
        in bytes: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) {
        reference = index.map(Unmanaged.passUnretained)
        self.bytes = bytes
    }

    /// Calls `body` with the connection's index of the fields; nil where there are none.
    @inline(__always)
    func withIndex<R>(_ body: (FieldIndex) -> R) -> R? {
        reference?._withUnsafeGuaranteedRef(body)
    }

    /// How many fields there are.
    public var count: Int { withIndex { $0.count } ?? 0 }

    /// The bytes of name and value of field number `position`; empty outside the index.
    public subscript(
        position: Int
    ) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard let field = withIndex({ $0[position] }) else {
            let none = UnsafeRawBufferPointer(start: nil, count: 0)
            return (none, none)
        }
        return (bytes[field.name], bytes[field.value])
    }
}

/// What the proxy knows of a request when its head is complete.
///
/// Slices, nothing is copied.
///
/// What costs something to write down (peer address, external base) is asked of the owner when a
/// plugin wants it: `ExchangeOwner.exchange(_:describe:into:)`.
public struct ExchangeView {
    /// A number for log records, unique on this loop for a long time.
    public var number: UInt64 = 0
    /// GH_METHOD_*; 0 for a method that has no number.
    public var methodID: UInt32 = 0
    /// The method's bytes.
    public var method = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The request target as it came.
    public var target = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The path of the target as it came.
    public var path = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The query without the question mark; a nil start: none.
    public var query = UnsafeRawBufferPointer(start: nil, count: 0)
    /// "http" or "https", as the client sees it.
    public var scheme = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The authority of the request: Host, or that of an absolute target.
    public var authority = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Whether a body follows.
    public var hasBody = false
    /// The largest request body that the route takes, bytes.
    public var bodyBytesMax = UInt64.max
    /// The largest body that a policy of the route may read whole, bytes, in either direction.
    public var wholeBodyBytesMax = UInt64(Limits.wholeBodyBytesDefault)
    /// The fields of the request.
    public var fields = HeadFields()
    /// The index in `PolicyChain.claims` of the claim that matched; nil: the route's own match.
    public var claim: Int?

    /// An empty view, to be filled.
    public init() {}
}

/// What the proxy knows of an upstream's response when its head is complete.
public struct ResponseView {
    /// The final status, 200 to 599.
    public var status: UInt32
    /// Whether a body follows.
    public var hasBody: Bool
    /// The fields of the response.
    public var fields: HeadFields

    /// Makes a view of its parts.
    public init(status: UInt32, hasBody: Bool, fields: HeadFields) {
        self.status = status
        self.hasBody = hasBody
        self.fields = fields
    }
}

/// What is composed only when a plugin asks for it.
public enum DescribedAttribute: UInt32, Sendable {
    /// `scheme://authority` as clients see it: publicUrl, or Host and trusted X-Forwarded-*.
    case externalBase
    /// The client's address, without port; behind trusted proxies the client that they name.
    case peerAddress
    /// The client's port.
    case peerPort
}
