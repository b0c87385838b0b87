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

    /// What policies changed in the request's head, or in the upstream's response head.
    ///
    /// Valid until `end`.
    @inline(__always)
    public func edits(_ direction: Direction) -> EditList {
        direction == .request ? requestEdits : responseEdits
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
        let edits = edits(direction)
        if direction == .response, source != .upstream {
            for field in localFields where !edits.isHidden(field.name.bytes) {
                guard body(field.name.bytes, field.value.bytes) else { return }
            }
        } else {
            let fields = direction == .request ? view.fields : response.fields
            for position in 0..<fields.count {
                let field = fields[position]
                if edits.isHidden(field.name) { continue }
                guard body(field.name, field.value) else { return }
            }
        }
        edits.forEachAdded(body)
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
        program.fill(view.fields, memory.requestSlots, memory.requestRepeated)
    }

    func fillResponseSlots() {
        areResponseSlotsStale = false
        let program = responseProgram
        program.clear(memory.responseSlots, memory.responseRepeated)
        guard source == .upstream, responseEdits.isEmpty else {
            forEachVisible(.response) { name, value in
                program.assign(name, value, memory.responseSlots, memory.responseRepeated)
                return true
            }
            return
        }
        program.fill(response.fields, memory.responseSlots, memory.responseRepeated)
    }
}
