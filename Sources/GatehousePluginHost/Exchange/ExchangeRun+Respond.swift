import CGatehouse

/// Local responses: in one piece, or streamed.
extension ExchangeRun {
    /// A complete local response.
    func respond(
        status: UInt32, _ fields: UnsafeBufferPointer<gh_field>, body: gh_str, reason: gh_str
    ) -> gh_status {
        guard canRespond, body.isSound, reason.isSound else { return gh_status(GH_INVALID) }
        guard status != 204 && status != 304 || body.len == 0 else {
            return gh_status(GH_INVALID)
        }
        let copied = copyResponse(status, fields)
        guard copied.status == GH_OK else { return copied.status }
        guard let bytes = arena.copy(body.bytes),
            let reason = arena.copy(
                UnsafeRawBufferPointer(rebasing: reason.bytes.prefix(Limits.noteBytesMax)))
        else { return gh_status(GH_LIMIT) }
        take(status, copied.fields, hasBody: !bytes.isEmpty)
        localBody = bytes
        localReason = reason
        return gh_status(GH_OK)
    }

    /// The head of a streamed local response.
    func respondStart(
        status: UInt32, _ fields: UnsafeBufferPointer<gh_field>, writableToken: UInt64
    ) -> gh_status {
        guard canRespond, status != 204, status != 304 else { return gh_status(GH_INVALID) }
        let copied = copyResponse(status, fields)
        guard copied.status == GH_OK else { return copied.status }
        take(status, copied.fields, hasBody: true)
        stream.isStarted = true
        stream.writableToken = writableToken
        return gh_status(GH_OK)
    }

    /// A part of the streamed body: all of it is taken, or nothing.
    func respondWrite(_ bytes: gh_str) -> gh_status {
        guard stream.isStarted, !stream.isFinished, bytes.isSound else {
            return gh_status(GH_INVALID)
        }
        guard bytes.len > 0 else { return gh_status(GH_OK) }
        if stream.isFlowing, let owner {
            guard owner.exchange(self, write: bytes.bytes) else {
                stream.owesWake = true
                return gh_status(GH_BUSY)
            }
            return gh_status(GH_OK)
        }
        guard bytes.len <= Limits.streamBacklogBytesMax - stream.backlog.count else {
            stream.owesWake = true
            return gh_status(GH_BUSY)
        }
        stream.backlog += bytes.bytes
        return gh_status(GH_OK)
    }

    /// The streamed body is complete.
    func respondFinish() -> gh_status {
        guard stream.isStarted, !stream.isFinished else { return gh_status(GH_INVALID) }
        stream.isFinished = true
        stream.owesWake = false
        if stream.isFlowing { owner?.exchangeFinished(self) }
        return gh_status(GH_OK)
    }

    /// In a phase's callback, or when a pause is resumed, once, before the head has left.
    private var canRespond: Bool {
        acting >= 0 && actingPhase != GH_PHASE_NONE && !hasResponded && !isResponseSent
            && !stream.isFlowing
    }

    /// Checks and copies the head of a local response.
    private func copyResponse(
        _ status: UInt32, _ fields: UnsafeBufferPointer<gh_field>
    ) -> (status: gh_status, fields: ContiguousArray<gh_field>) {
        guard (200...599).contains(status) else { return (gh_status(GH_INVALID), []) }
        guard fields.count <= Limits.localFieldsMax else { return (gh_status(GH_LIMIT), []) }
        var copies: ContiguousArray<gh_field> = []
        for field in fields {
            guard field.name.isSound, field.value.isSound, FieldNames.isName(field.name.bytes),
                FieldNames.isValue(field.value.bytes)
            else { return (gh_status(GH_INVALID), []) }
            if FieldNames.isReserved(field.name.bytes, .response) {
                return (gh_status(GH_DENIED), [])
            }
            guard let name = arena.copy(field.name.bytes),
                let value = arena.copy(field.value.bytes)
            else { return (gh_status(GH_LIMIT), []) }
            copies.append(gh_field(name: gh_str(name), value: gh_str(value)))
        }
        return (gh_status(GH_OK), copies)
    }

    /// From here on the response is the acting policy's.
    private func take(_ status: UInt32, _ fields: ContiguousArray<gh_field>, hasBody: Bool) {
        hasResponded = true
        responderPlace = acting
        origin = min(origin, acting)
        source = .policy
        stream = StreamedResponse()
        localFields = fields
        localBody = SlotProgram.emptyBytes
        localReason = localBody
        response = ResponseView(status: status, hasBody: hasBody, fields: HeadFields())
        startResponse()
    }
}
