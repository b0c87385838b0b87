internal import CGatehouse

/// Which of an exchange's two messages is meant.
public enum Direction: UInt32, Sendable {
    /// From the client.
    case request = 0
    /// To the client.
    case response = 1
}

/// One request and its response, as a policy may act on it. [loop] of the exchange.
///
/// A handle without references. Outside the callbacks of its exchange, everything answers `gone`
/// or `wrongThread`.
public struct Exchange {
    /// The host, for the services that are no part of an exchange.
    public let host: Host
    let handle: gh_exchange

    init(host: Host, handle: gh_exchange) {
        self.host = host
        self.handle = handle
    }

    /// A number that no other exchange of this process has while this one lives.
    public var id: UInt64 { handle }

    private var table: UnsafePointer<gh_host_exchange>? { host.tables.pointee.exchange }

    /// What the host knows of the request; `GH_ATTR_*`.
    public enum Attribute: UInt32, Sendable {
        /// The method as it came.
        case method = 1
        /// The request target as it came.
        case target = 2
        /// The path as it came.
        case path = 3
        /// Behind the question mark; absent where there is none.
        case query = 4
        /// `http` or `https`, as the client sees it.
        case scheme = 5
        /// Host, or that of an absolute target.
        case authority = 6
        /// `scheme://authority` as clients see it, without a trailing slash.
        case externalBase = 7
        /// The client's address.
        case peerAddress = 8
        /// Its port, decimal.
        case peerPort = 9
        /// The name of the route.
        case route = 10
    }

    /// An attribute; nil where the exchange has none.
    public func attribute(_ attribute: Attribute) -> BorrowedBytes? {
        var out = gh_str()
        guard table?.pointee.attribute(handle, attribute.rawValue, &out) == 0, out.ptr != nil
        else { return nil }
        return BorrowedBytes(out)
    }

    /// The value of the `index`th field of that name (in lower case); nil beyond the last.
    public func field(
        _ name: StaticString, _ direction: Direction = .request, index: UInt32 = 0
    ) -> BorrowedBytes? {
        var out = gh_str()
        let wanted = BorrowedBytes(name).abi
        guard table?.pointee.field(handle, direction.rawValue, wanted, index, &out) == 0 else {
            return nil
        }
        return BorrowedBytes(out)
    }

    /// The value of the `index`th field of a name that is known only at run time.
    public func field(
        named name: String, _ direction: Direction = .request, index: UInt32 = 0
    ) -> BorrowedBytes? {
        var out = gh_str()
        let status = borrowing(name) { wanted in
            table?.pointee.field(handle, direction.rawValue, wanted, index, &out)
        }
        return status == 0 ? BorrowedBytes(out) : nil
    }

    /// All fields of a message, in order; allocates.
    public func fields(
        _ direction: Direction = .request
    ) throws(HostError) -> [(name: BorrowedBytes, value: BorrowedBytes)] {
        guard let table else { throw .unsupported }
        var count: UInt32 = 0
        var out = [gh_field](repeating: gh_field(), count: 128)
        var status = table.pointee.fields(handle, direction.rawValue, &out, 128, &count)
        if status == GH_LIMIT.status, count > 128 {
            out = [gh_field](repeating: gh_field(), count: Int(count))
            status = table.pointee.fields(handle, direction.rawValue, &out, count, &count)
        }
        try HostError.check(status)
        return out.prefix(Int(count)).map { (BorrowedBytes($0.name), BorrowedBytes($0.value)) }
    }

    /// Applies edits to the fields of a message: all or none.
    ///
    /// - Throws: `denied` for framing and hop-by-hop fields, `invalid` for a name or value that is
    ///   none (RFC 9110 §5.5), `limit` for more edits than a batch holds.
    public func apply(_ edits: borrowing FieldEdits, to direction: Direction) throws(HostError) {
        guard !edits.isOverfull else { throw .limit }
        guard let edit = table?.pointee.edit else { throw .unsupported }
        let status = edits.lent { list, count in
            var bad: UInt32 = 0
            return edit(handle, direction.rawValue, list, count, &bad)
        }
        try HostError.check(status)
    }

    /// Changes the status of the response. In `responseHead` only.
    public func setStatus(_ status: UInt32) throws(HostError) {
        guard let set = table?.pointee.set_status else { throw .unsupported }
        try HostError.check(set(handle, status))
    }

    /// How a body is read.
    public enum BodyMode: UInt32, Sendable {
        /// It passes; the policy sees it.
        case observe = 1
        /// Each piece waits for the policy.
        case stream = 2
        /// It is collected first, up to a bound.
        case whole = 3
    }

    /// Asks for the body of a message of this exchange. In the head callbacks only.
    ///
    /// - Throws: `invalid` for `whole` of a `text/event-stream`.
    public func readBody(
        _ mode: BodyMode, _ direction: Direction = .request, maxBytes: UInt64
    ) throws(HostError) {
        guard let read = table?.pointee.read_body else { throw .unsupported }
        try HostError.check(read(handle, direction.rawValue, mode.rawValue, maxBytes))
    }

    /// A note for later policies and, where it was declared so, the access log; at most 256 bytes.
    public func setNote(_ note: Note, _ value: BorrowedBytes) throws(HostError) {
        guard let set = table?.pointee.set_note else { throw .unsupported }
        try HostError.check(set(handle, note.id, value.abi))
    }

    /// A note of another policy, named `plugin/name`; nil where none was set.
    public func note(_ name: StaticString) -> BorrowedBytes? {
        var out = gh_str()
        guard table?.pointee.note(handle, BorrowedBytes(name).abi, &out) == 0 else { return nil }
        return BorrowedBytes(out)
    }
}

// MARK: Responses

extension Exchange {
    /// Answers the request; the callback returns ``Action/responded``.
    ///
    /// Also legal in `responseHead` until the head has left: then the upstream's body is
    /// discarded.
    public func respond(_ response: PolicyResponse) throws(HostError) {
        guard let respond = table?.pointee.respond else { throw .unsupported }
        let status = borrowing(response.fields) { fields, count in
            borrowing(response.body) { body in
                borrowing(response.reason) {
                    respond(handle, response.status, fields, count, body, $0)
                }
            }
        }
        try HostError.check(status)
    }

    /// Begins a streamed response; `resumed(writableToken)` says when to go on after `busy`.
    public func respondStart(
        status: UInt32, fields: [(name: String, value: String)], writableToken: UInt64
    ) throws(HostError) {
        guard let start = table?.pointee.respond_start else { throw .unsupported }
        try HostError.check(
            borrowing(fields) { lent, count in
                start(handle, status, lent, count, writableToken)
            })
    }

    /// Sends a piece of a streamed response: all of it or, with `busy`, nothing.
    public func respondWrite(_ bytes: BorrowedBytes) throws(HostError) {
        guard let write = table?.pointee.respond_write else { throw .unsupported }
        try HostError.check(write(handle, bytes.abi))
    }

    /// Ends a streamed response.
    public func respondFinish() throws(HostError) {
        guard let finish = table?.pointee.respond_finish else { throw .unsupported }
        try HostError.check(finish(handle))
    }
}

// MARK: Operations

extension Exchange: OperationOwner {
    /// Begins something that the plugin itself completes, from any thread.
    public func begin(token: UInt64, deadlineMilliseconds: UInt32) throws(HostError) -> Operation {
        try beginOperation(token, deadlineMilliseconds)
    }

    /// Calls `resumed` once after a while.
    @discardableResult
    public func timer(token: UInt64, afterMilliseconds: UInt32) throws(HostError) -> Operation {
        try startTimer(token, afterMilliseconds)
    }

    /// A doorbell without a deadline: `resumed` runs at least once after the last ring.
    public func channel(token: UInt64) throws(HostError) -> Operation {
        try openChannel(token)
    }

    /// Makes an outbound request that ends with this exchange.
    @discardableResult
    public func fetch(_ request: FetchRequest, token: UInt64) throws(HostError) -> Operation {
        try startFetch(request, token)
    }

    /// Waits under a key until ``Host/settle(key:_:payload:)``.
    ///
    /// `isFirst` is true for one caller until the key is settled: that one starts the work, as an
    /// operation of the instance.
    public func join(
        key: String, token: UInt64, deadlineMilliseconds: UInt32
    ) throws(HostError) -> (isFirst: Bool, operation: Operation) {
        try joinWait(key, token, deadlineMilliseconds)
    }
}

/// A response that a policy gives by itself.
public struct PolicyResponse: Sendable {
    /// The status, 200 to 599.
    public var status: UInt32
    /// The fields; Content-Length and Date are the host's.
    public var fields: [(name: String, value: String)]
    /// The content.
    public var body: [UInt8]
    /// Why, for the log; never a secret.
    public var reason: String

    /// A response.
    public init(
        status: UInt32, fields: [(name: String, value: String)] = [], body: [UInt8] = [],
        reason: String
    ) {
        self.status = status
        self.fields = fields
        self.body = body
        self.reason = reason
    }
}
