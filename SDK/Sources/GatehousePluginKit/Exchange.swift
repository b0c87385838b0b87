import CGatehouse

/// One request and its response, as a policy's callback sees it. **Thread:** the exchange's loop.
///
/// It is two words and a number: pass it on, but do not keep it beyond the callback; keep
/// ``handle`` where an operation of another callback needs it.
public struct Exchange {
    /// The number that the host knows it by; a stale one answers ``HostError/gone``.
    public let handle: UInt64
    @usableFromInline let tables: HostTables
    private let state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?

    init(
        handle: UInt64, tables: HostTables,
        state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) {
        self.handle = handle
        self.tables = tables
        self.state = state
    }

    /// A number of the policy's own that stays with the exchange; 0 at first.
    ///
    /// An index into the loop state, or bits: nobody frees it.
    public var tag: UInt {
        get { UInt(bitPattern: state?.pointee) }
        nonmutating set { state?.pointee = UnsafeMutableRawPointer(bitPattern: newValue) }
    }

    // MARK: Reading

    /// The value of the field of that name with that index; nil where there is none.
    public func field(
        _ direction: Direction, _ name: StaticString, at index: Int = 0
    ) -> BorrowedBytes? {
        guard let call = tables.exchange?.pointee.field, index >= 0 else { return nil }
        var out = gh_str.none
        guard call(handle, direction.rawValue, gh_str(name), UInt32(index), &out) == 0 else {
            return nil
        }
        return BorrowedBytes(out)
    }

    /// The value of the field of that name with that index; nil where there is none.
    public func field(_ direction: Direction, named name: String, at index: Int = 0)
        -> BorrowedBytes?
    {
        guard let call = tables.exchange?.pointee.field, index >= 0 else { return nil }
        var out = gh_str.none
        let status = lend(name) { call(handle, direction.rawValue, $0, UInt32(index), &out) }
        return status == 0 ? BorrowedBytes(out) : nil
    }

    /// Visits all fields of a head.
    public func forEachField(_ direction: Direction, _ body: (BorrowedField) -> Void) {
        guard let call = tables.exchange?.pointee.fields else { return }
        var count: UInt32 = 0
        var status = call(handle, direction.rawValue, nil, 0, &count)
        guard status == 0 || status == HostError.limit.rawValue, count > 0 else { return }
        withUnsafeTemporaryAllocation(of: gh_field.self, capacity: Int(count)) { fields in
            var found: UInt32 = 0
            status = call(handle, direction.rawValue, fields.baseAddress, count, &found)
            guard status == 0 else { return }
            for field in fields.prefix(Int(min(found, count))) { body(BorrowedField(field)) }
        }
    }

    /// What the exchange is; nil where it has no such thing.
    public func attribute(_ attribute: Attribute) -> BorrowedBytes? {
        guard let call = tables.exchange?.pointee.attribute else { return nil }
        var out = gh_str.none
        guard call(handle, attribute.rawValue, &out) == 0 else { return nil }
        return BorrowedBytes(out)
    }

    /// A note that an earlier policy set, as `policy/name`.
    public func note(_ qualifiedName: String) -> BorrowedBytes? {
        guard let call = tables.exchange?.pointee.note else { return nil }
        var out = gh_str.none
        guard lend(qualifiedName, { call(handle, $0, &out) }) == 0 else { return nil }
        return BorrowedBytes(out)
    }

    // MARK: Changing

    /// Changes a head: all edits or, where one is refused, none.
    public func edit(_ direction: Direction, _ edits: [Edit]) throws(HostError) {
        guard let call = tables.exchange?.pointee.edit else { throw .unsupported }
        guard !edits.isEmpty else { return }
        let status = lend(edits.map(\.field)) { fields, count in
            guard let fields else { return HostError.internal.rawValue }
            let raw = (0..<Int(count)).map { at in
                gh_edit(
                    op: edits[at].operation.rawValue, reserved: 0, name: fields[at].name,
                    value: fields[at].value)
            }
            var bad: UInt32 = 0
            return raw.withUnsafeBufferPointer {
                call(handle, direction.rawValue, $0.baseAddress, count, &bad)
            }
        }
        try check(status)
    }

    /// Removes all fields of that name; costs no allocation.
    public func removeField(_ direction: Direction, _ name: StaticString) throws(HostError) {
        guard let call = tables.exchange?.pointee.edit else { throw .unsupported }
        var edit = gh_edit(op: 2, reserved: 0, name: gh_str(name), value: .none)
        var bad: UInt32 = 0
        try check(call(handle, direction.rawValue, &edit, 1, &bad))
    }

    /// Sets the status of a response, in its head phase.
    public func setStatus(_ status: Int) throws(HostError) {
        guard let call = tables.exchange?.pointee.set_status else { throw .unsupported }
        guard let status = UInt32(exactly: status) else { throw .invalid }
        try check(call(handle, status))
    }

    /// How a body is read.
    public enum BodyMode: UInt32, Sendable {
        /// Look on.
        case observe = 1
        /// Look on and hold up.
        case stream = 2
        /// All at once, bounded.
        case whole = 3
    }

    /// Asks for the body of this exchange; without it bodies pass by. In head phases only.
    ///
    /// - Parameter limit: bytes, for ``BodyMode/whole``.
    public func readBody(
        _ direction: Direction, _ mode: BodyMode, limit: UInt64 = 1 << 20
    ) throws(HostError) {
        guard let call = tables.exchange?.pointee.read_body else { throw .unsupported }
        try check(call(handle, direction.rawValue, mode.rawValue, limit))
    }

    /// Sets a note, at most 256 bytes of UTF-8.
    public func setNote(_ note: UInt32, _ text: String) {
        guard let call = tables.exchange?.pointee.set_note else { return }
        _ = lend(text) { call(handle, note, $0) }
    }

    /// Sets a note; costs no allocation.
    public func setNote(_ note: UInt32, _ text: StaticString) {
        guard let call = tables.exchange?.pointee.set_note else { return }
        _ = call(handle, note, gh_str(text))
    }

    // MARK: Responding

    /// Answers by itself. What it returns is what the callback returns.
    public func respond(_ response: LocalResponse) -> Action {
        guard let call = tables.exchange?.pointee.respond,
            let status = UInt32(exactly: response.status)
        else { return .fail }
        let outcome = lend(response.fields) { fields, count in
            lend(response.body) { body in
                lend(response.reason) { call(handle, status, fields, count, body, $0) }
            }
        }
        return outcome == 0 ? .responded : .fail
    }

    /// Begins a streamed response. What it returns is what the callback returns.
    ///
    /// - Parameter writable: the token that ``PolicyPlugin/resumed(_:token:_:_:)`` gets when a write
    ///   was refused with ``HostError/busy`` and can be tried again.
    public func startResponse(status: Int, fields: [Field], writable: UInt64) -> Action {
        guard let call = tables.exchange?.pointee.respond_start,
            let status = UInt32(exactly: status)
        else { return .fail }
        let outcome = lend(fields) { call(handle, status, $0, $1, writable) }
        return outcome == 0 ? .responded : .fail
    }

    /// Writes a part of a streamed response; all or nothing.
    public func writeResponse(_ bytes: [UInt8]) throws(HostError) {
        guard let call = tables.exchange?.pointee.respond_write else { throw .unsupported }
        try check(lend(bytes) { call(handle, $0) })
    }

    /// Ends a streamed response.
    public func finishResponse() throws(HostError) {
        guard let call = tables.exchange?.pointee.respond_finish else { throw .unsupported }
        try check(call(handle))
    }
}
