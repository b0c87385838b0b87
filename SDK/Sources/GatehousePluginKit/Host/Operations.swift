internal import CGatehouse

/// Something that is under way; it dies with its owner, and a stale one answers `gone`.
public struct Operation: @unchecked Sendable {
    let tables: UnsafePointer<HostTables>
    let handle: gh_operation

    /// Completes what ``Exchange/begin(token:deadlineMilliseconds:)`` began. [any]; the payload is
    /// copied.
    public func complete(_ payload: [UInt8] = []) throws(HostError) {
        try finish(0, payload)
    }

    /// Completes with an error, which arrives as the result's status. [any]
    public func fail(_ error: HostError) throws(HostError) {
        try finish(error.code, [])
    }

    /// Ends it. [any]; on the owner's loop nothing is delivered after this, elsewhere best effort.
    public func cancel() {
        _ = tables.pointee.async?.pointee.cancel(handle)
    }

    /// Rings a doorbell made with ``Exchange/channel(token:)``. [any]
    public func notify() throws(HostError) {
        guard let notify = tables.pointee.async?.pointee.notify else { throw .unsupported }
        try HostError.check(notify(handle))
    }

    private func finish(_ status: gh_status, _ payload: [UInt8]) throws(HostError) {
        guard let complete = tables.pointee.async?.pointee.complete else { throw .unsupported }
        try HostError.check(borrowing(payload) { complete(handle, status, $0) })
    }
}

/// An outbound request.
public struct FetchRequest: Sendable {
    /// Where a request may go.
    public enum Reach: UInt32, Sendable {
        /// Origins written in this instance's configuration or the operator's allow list.
        case configured = 0
        /// https to public addresses only, resolved once and pinned; no redirects.
        case `public` = 1
    }

    /// The method.
    public var method = "GET"
    /// An absolute http or https URL.
    public var url: String
    /// The fields; framing fields and Host are the host's own.
    public var fields: [(name: String, value: String)] = []
    /// The content; empty for none.
    public var body: [UInt8] = []
    /// Milliseconds for the whole exchange; 0 for the host's default.
    public var timeoutMilliseconds: UInt32 = 10_000
    /// The largest response that is taken; beyond it the result's status is `limit`.
    public var maxResponseBytes: UInt64 = 1 << 20
    /// Where it may go.
    public var reach = Reach.configured
    /// Whether redirects within the origin are followed.
    public var followsSameOriginRedirects = false

    /// A GET of a URL.
    public init(url: String) {
        self.url = url
    }

    func lent<Result>(_ body: (UnsafePointer<gh_request>) -> Result) -> Result {
        borrowing(method) { method in
            borrowing(url) { url in
                borrowing(self.body) { content in
                    borrowing(fields) { fields, count in
                        var request = gh_request()
                        request.struct_size = UInt32(MemoryLayout<gh_request>.size)
                        request.timeout_ms = timeoutMilliseconds
                        request.method = method
                        request.url = url
                        request.fields = fields
                        request.field_count = count
                        request.flags = followsSameOriginRedirects ? 1 : 0
                        request.body = content
                        request.max_response_bytes = maxResponseBytes
                        request.reach = reach.rawValue
                        return body(&request)
                    }
                }
            }
        }
    }
}

/// Who owns an operation: an exchange (delivered to `resumed`) or the instance (`completed`).
protocol OperationOwner {
    var host: Host { get }
    var handle: gh_exchange { get }
}

extension OperationOwner {
    private func started(
        _ start: (gh_host_async, UnsafeMutablePointer<gh_operation>) -> gh_status?
    ) throws(HostError) -> Operation {
        guard let table = host.tables.pointee.async else { throw .unsupported }
        var operation: gh_operation = 0
        try HostError.check(start(table.pointee, &operation) ?? HostError.unsupported.code)
        return Operation(tables: host.tables, handle: operation)
    }

    func beginOperation(_ token: UInt64, _ deadline: UInt32) throws(HostError) -> Operation {
        try started { $0.begin(host.instance, handle, token, deadline, $1) }
    }

    func startTimer(_ token: UInt64, _ after: UInt32) throws(HostError) -> Operation {
        try started { $0.timer(host.instance, handle, token, after, $1) }
    }

    func openChannel(_ token: UInt64) throws(HostError) -> Operation {
        try started { $0.channel(host.instance, handle, token, $1) }
    }

    func joinWait(
        _ key: String, _ token: UInt64, _ deadline: UInt32
    ) throws(HostError) -> (isFirst: Bool, operation: Operation) {
        var first: UInt32 = 0
        let operation = try started { table, out in
            borrowing(key) {
                table.join(host.instance, handle, $0, token, deadline, &first, out)
            }
        }
        return (first != 0, operation)
    }

    func startFetch(_ request: FetchRequest, _ token: UInt64) throws(HostError) -> Operation {
        guard let fetch = host.tables.pointee.fetch?.pointee.fetch else { throw .unsupported }
        var operation: gh_operation = 0
        try HostError.check(
            request.lent { fetch(host.instance, handle, token, $0, &operation) })
        return Operation(tables: host.tables, handle: operation)
    }
}

private struct InstanceOwner: OperationOwner {
    let host: Host
    var handle: gh_exchange { 0 }
}

/// Operations of the instance: their results come to `completed` on the control thread.
extension Host {
    /// Begins something that the plugin itself completes, from any thread.
    public func begin(token: UInt64, deadlineMilliseconds: UInt32) throws(HostError) -> Operation {
        try InstanceOwner(host: self).beginOperation(token, deadlineMilliseconds)
    }

    /// Calls back once after a while.
    @discardableResult
    public func timer(token: UInt64, afterMilliseconds: UInt32) throws(HostError) -> Operation {
        try InstanceOwner(host: self).startTimer(token, afterMilliseconds)
    }

    /// Makes an outbound request that no client that leaves can end.
    @discardableResult
    public func fetch(_ request: FetchRequest, token: UInt64) throws(HostError) -> Operation {
        try InstanceOwner(host: self).startFetch(request, token)
    }

    /// Waits under a key, see ``Exchange/join(key:token:deadlineMilliseconds:)``.
    public func join(
        key: String, token: UInt64, deadlineMilliseconds: UInt32
    ) throws(HostError) -> (isFirst: Bool, operation: Operation) {
        try InstanceOwner(host: self).joinWait(key, token, deadlineMilliseconds)
    }

    /// Wakes all that wait under a key, behind earlier broadcasts. [any]
    public func settle(
        key: String, _ error: HostError? = nil, payload: [UInt8] = []
    ) throws(HostError) {
        guard let settle = tables.pointee.async?.pointee.settle else { throw .unsupported }
        try HostError.check(
            borrowing(key) { key in
                borrowing(payload) { settle(instance, key, error?.code ?? 0, $0) }
            })
    }

    /// Gives a value to every loop: `notified` runs once on each, then
    /// `completed(token)`. [control]
    ///
    /// After that nothing reads the value that was current before. A loop that starts later gets
    /// the current value from the instance when it starts.
    public func broadcast(token: UInt64, payload: [UInt8] = []) throws(HostError) {
        guard let broadcast = tables.pointee.async?.pointee.broadcast else { throw .unsupported }
        try HostError.check(borrowing(payload) { broadcast(instance, token, $0) })
    }
}
