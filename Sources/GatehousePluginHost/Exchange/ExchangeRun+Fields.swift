import CGatehouse
public import GatehouseHTTP

/// What the proxy writes, and what policies read: the heads with their edits.
extension ExchangeRun {
    /// A head has left: no more edits, no local response in this direction.
    public func headSent(_ direction: Direction) {
        if direction == .request { isRequestSent = true } else { isResponseSent = true }
    }

    /// The receive buffer of the request moved: all slices of `view` are taken anew.
    public func requestMoved(_ view: ExchangeView) {
        let claim = self.view.claim
        self.view = view
        self.view.claim = claim
        areRequestSlotsStale = true
    }

    /// The receive buffer of the response moved.
    public func responseMoved(_ fields: HeadFields) {
        response.fields = fields
        areResponseSlotsStale = true
    }

    /// Whether policies changed the request's head.
    public var hasRequestEdits: Bool { !requestEdits.isEmpty }
    /// Whether policies changed the upstream's response head.
    public var hasResponseEdits: Bool { !responseEdits.isEmpty }

    /// Whether a field of the original head is hidden by an edit (set or removed).
    public func isHidden(_ direction: Direction, _ name: UnsafeRawBufferPointer) -> Bool {
        direction == .request ? requestEdits.isHidden(name) : responseEdits.isHidden(name)
    }

    /// The fields that edits added, to be written behind the original ones.
    public func forEachAdded(
        _ direction: Direction,
        _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void
    ) {
        let added = direction == .request ? requestEdits.added : responseEdits.added
        for field in added { body(field.name.bytes, field.value.bytes) }
    }

    /// Puts the edits of a head into the rewriter's list: removals first, then additions.
    public func appendEdits(_ direction: Direction, to list: EditList) {
        let edits = direction == .request ? requestEdits : responseEdits
        for name in edits.hidden {
            list.append(.remove, name.bytes, UnsafeRawBufferPointer(start: nil, count: 0))
        }
        for field in edits.added { list.append(.add, field.name.bytes, field.value.bytes) }
    }

    /// The status to write: the upstream's, or what a policy set or answered.
    public var responseStatus: UInt32 { response.status }

    /// Every field of a local response, edits applied; framing is not among them.
    ///
    /// After `.proceed` it gives the upstream's fields as they came (framing among them), edits
    /// applied.
    public func forEachResponseField(
        _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void
    ) {
        forEachVisible(.response) { name, value in
            body(name, value)
            return true
        }
    }

    /// The body of a local response.
    public var responseBody: UnsafeRawBufferPointer { localBody }

    /// The policy that answered, for the access log; nil: the upstream or the core.
    public var responder: String? {
        responderPlace < 0 ? nil : chain?.name(at: responderPlace)
    }

    /// The reason that the answering policy gave for the log.
    public var responseReason: UnsafeRawBufferPointer { localReason }

    /// The notes that are fields of the access log, as `plugin/name` and UTF-8 to be escaped.
    public func forEachLogNote(
        _ body: (_ policy: String, _ note: String, _ value: UnsafeRawBufferPointer) -> Void
    ) {
        guard let chain else { return }
        for (index, note) in chain.notes.enumerated() where note.isLogged {
            let value = memory.notes[index]
            if value.ptr != nil { body(note.policy, note.name, value.bytes) }
        }
    }

    // MARK: For policies

    /// The fields of a head as they would be written now, until `body` answers false.
    func forEachVisible(
        _ direction: Direction,
        _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
    ) {
        let edits = direction == .request ? requestEdits : responseEdits
        if direction == .response, source != .upstream {
            for field in localFields where !edits.isHidden(field.name.bytes) {
                guard body(field.name.bytes, field.value.bytes) else { return }
            }
        } else {
            let fields = direction == .request ? view.fields : response.fields
            for position in 0..<fields.count {
                let field = fields[position]
                if !edits.hidden.isEmpty, edits.isHidden(field.name) { continue }
                guard body(field.name, field.value) else { return }
            }
        }
        for field in edits.added {
            guard body(field.name.bytes, field.value.bytes) else { return }
        }
    }

    func fillRequestSlots() {
        areRequestSlotsStale = false
        let program = requestProgram
        program.clear(memory.requestSlots, memory.requestRepeated)
        guard requestEdits.isEmpty else {
            forEachVisible(.request) { name, value in
                program.assign(name, value, memory.requestSlots, memory.requestRepeated)
                return true
            }
            return
        }
        let fields = view.fields
        for position in 0..<fields.count {
            let field = fields[position]
            program.assign(
                field.name, field.value, memory.requestSlots, memory.requestRepeated)
        }
    }

    func fillResponseSlots() {
        areResponseSlotsStale = false
        let program = responseProgram
        program.clear(memory.responseSlots, memory.responseRepeated)
        forEachVisible(.response) { name, value in
            program.assign(name, value, memory.responseSlots, memory.responseRepeated)
            return true
        }
    }
}
