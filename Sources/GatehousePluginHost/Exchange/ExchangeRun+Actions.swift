import CGatehouse
import GatehouseHTTP

/// What policies do to an exchange, behind the table `gatehouse.host.exchange/0`.
///
/// Every argument is a plugin's: it is checked, and nothing here traps.
extension ExchangeRun {
    /// The value of the n-th field of a name.
    func field(_ direction: Direction, _ name: UnsafeRawBufferPointer, _ index: UInt32)
        -> gh_str?
    {
        var left = index
        var found: gh_str?
        forEachVisible(direction) { other, value in
            guard sameName(other, name) else { return true }
            if left == 0 {
                found = gh_str(SlotProgram.present(value))
                return false
            }
            left -= 1
            return true
        }
        return found
    }

    /// All fields; the count is what there are, also where fewer fit.
    func fields(
        _ direction: Direction, _ out: UnsafeMutablePointer<gh_field>?, _ capacity: UInt32
    ) -> UInt32 {
        var count: UInt32 = 0
        forEachVisible(direction) { name, value in
            if let out, count < capacity {
                out[Int(count)] = gh_field(
                    name: gh_str(name), value: gh_str(SlotProgram.present(value)))
            }
            count += 1
            return true
        }
        return count
    }

    /// All edits or none; `bad` is the first that is refused.
    func edit(
        _ direction: Direction, _ edits: UnsafeBufferPointer<gh_edit>, _ bad: inout UInt32
    ) -> gh_status {
        guard canEdit(direction) else { return gh_status(GH_INVALID) }
        let before = self.edits(direction).count
        guard edits.count <= Limits.editsPerHeadMax - min(before, Limits.editsPerHeadMax) else {
            return gh_status(GH_LIMIT)
        }
        var needed = 0
        for index in edits.indices {
            let status = check(edits[index], direction)
            guard status == GH_OK else {
                bad = UInt32(index)
                return status
            }
            needed += edits[index].name.len + edits[index].value.len
        }
        guard needed <= arena.room else { return gh_status(GH_LIMIT) }
        apply(edits, direction)
        return gh_status(GH_OK)
    }

    private func canEdit(_ direction: Direction) -> Bool {
        guard acting >= 0 else { return false }
        switch direction {
        case .request: return !isRequestSent && source == .nowhere
        case .response: return !isResponseSent && source != .nowhere && !hasResponded
        }
    }

    private func check(_ edit: gh_edit, _ direction: Direction) -> gh_status {
        if edit.op == GH_EDIT_QUERY { return checkQuery(edit, direction) }
        guard edit.op <= GH_EDIT_REMOVE, edit.name.isSound, edit.value.isSound,
            FieldNames.isName(edit.name.bytes)
        else { return gh_status(GH_INVALID) }
        if FieldNames.isReserved(edit.name.bytes, direction) { return gh_status(GH_DENIED) }
        guard edit.op == GH_EDIT_REMOVE || FieldNames.isValue(edit.value.bytes) else {
            return gh_status(GH_INVALID)
        }
        return gh_status(GH_OK)
    }

    /// A query of visible ASCII without `#` (RFC 3986 §3.4).
    private func checkQuery(_ edit: gh_edit, _ direction: Direction) -> gh_status {
        guard direction == .request, edit.name.len == 0, edit.value.isSound,
            edit.value.bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x23 })
        else { return gh_status(GH_INVALID) }
        return gh_status(GH_OK)
    }

    /// Applies checked edits, for which there is room.
    private func apply(_ edits: UnsafeBufferPointer<gh_edit>, _ direction: Direction) {
        let list = self.edits(direction)
        for edit in edits {
            let (name, value) = arena.copy(edit.name.bytes, edit.value.bytes)
            if edit.op == GH_EDIT_QUERY {
                queryEdit = value
                continue
            }
            switch Int(edit.op) {
            case GH_EDIT_SET: list.append(.set, name, value)
            case GH_EDIT_ADD: list.append(.add, name, value)
            default: list.append(.remove, name, value)
            }
        }
        if direction == .request {
            areRequestSlotsStale = true
        } else {
            areResponseSlotsStale = true
        }
    }

    /// Changes the status of a response in its head phase; what changes the framing is refused.
    func setStatus(_ status: UInt32) -> gh_status {
        guard acting >= 0, actingPhase == GH_PHASE_RESPONSE_HEAD, !isResponseSent, !hasResponded,
            (200...599).contains(status)
        else { return gh_status(GH_INVALID) }
        let bodiless: Set<UInt32> = [204, 205, 304]
        guard
            status == response.status
                || !bodiless.contains(status) && !bodiless.contains(response.status)
        else { return gh_status(GH_DENIED) }
        response.status = status
        return gh_status(GH_OK)
    }

    /// An empty query is an absent one.
    private static func presentQuery(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        bytes.isEmpty ? UnsafeRawBufferPointer(start: nil, count: 0) : bytes
    }

    /// What is known of the request besides its fields.
    func attribute(_ id: UInt32, _ out: inout gh_str) -> gh_status {
        let bytes: UnsafeRawBufferPointer
        switch Int(id) {
        case GH_ATTR_METHOD: bytes = view.method
        case GH_ATTR_TARGET: bytes = view.target
        case GH_ATTR_PATH: bytes = view.path
        case GH_ATTR_QUERY:
            bytes = queryEdit.map(Self.presentQuery) ?? view.query
        case GH_ATTR_SCHEME: bytes = view.scheme
        case GH_ATTR_AUTHORITY: bytes = view.authority
        case GH_ATTR_EXTERNAL_BASE: bytes = described(.externalBase)
        case GH_ATTR_PEER_ADDRESS: bytes = described(.peerAddress)
        case GH_ATTR_PEER_PORT: bytes = described(.peerPort)
        case GH_ATTR_ROUTE:
            bytes = copied(chain?.instances.first?.route.name ?? "")
        default: return gh_status(GH_UNSUPPORTED)
        }
        guard bytes.baseAddress != nil else { return gh_status(GH_NOT_FOUND) }
        out = gh_str(bytes)
        return gh_status(GH_OK)
    }

    private func described(_ attribute: DescribedAttribute) -> UnsafeRawBufferPointer {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        guard let owner else { return none }
        var found: UnsafeRawBufferPointer?
        owner.exchange(self, describe: attribute) { bytes in
            if found == nil, !bytes.isEmpty { found = arena.copy(bytes) }
        }
        return found ?? none
    }

    private func copied(_ text: String) -> UnsafeRawBufferPointer {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        guard !text.isEmpty else { return none }
        return lending(text) { arena.copy($0.bytes) } ?? none
    }

    // MARK: Bodies

    /// Asks for the body of a direction, in a head callback.
    func readBody(_ direction: Direction, mode: UInt32, maxBytes: UInt64) -> gh_status {
        let isHead =
            direction == .request
            ? actingPhase == GH_PHASE_REQUEST_HEAD
            : actingPhase == GH_PHASE_REQUEST_HEAD || actingPhase == GH_PHASE_RESPONSE_HEAD
        guard acting >= 0, isHead else { return gh_status(GH_INVALID) }
        var wishes = direction == .request ? requestWishes : responseWishes
        let mask = bit(acting)
        wishes.observe &= ~mask
        wishes.stream &= ~mask
        wishes.whole &= ~mask
        switch Int(mode) {
        case GH_BODY_OBSERVE: wishes.observe |= mask
        case GH_BODY_STREAM: wishes.stream |= mask
        case GH_BODY_WHOLE:
            guard !isEventStream(direction) else { return gh_status(GH_INVALID) }
            wishes.whole |= mask
            let asked = maxBytes == 0 ? UInt64.max : maxBytes
            let most = view.wholeBodyBytesMax
            let route = direction == .request ? min(view.bodyBytesMax, most) : most
            let at = direction == .request ? acting : acting + Limits.policiesPerRouteMax
            memory.wholeMax[at] = Int(
                clamping: min(asked, route, UInt64(Limits.wholeBodyBytesMax)))
        default: return gh_status(GH_INVALID)
        }
        if direction == .request { requestWishes = wishes } else { responseWishes = wishes }
        return gh_status(GH_OK)
    }

    /// An event stream has no end to wait for. A wish for a response that is not there yet is
    /// judged when its policy sees the head.
    private func isEventStream(_ direction: Direction) -> Bool {
        guard direction == .response, source != .nowhere else { return false }
        let name: StaticString = "content-type"
        let type = field(
            .response,
            UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), 0)
        guard let bytes = type?.bytes else { return false }
        let wanted: StaticString = "text/event-stream"
        return FieldNames.isOne(
            of: [wanted], UnsafeRawBufferPointer(rebasing: bytes.prefix(wanted.utf8CodeUnitCount)))
    }

    /// Keeps a copy of the chunk that the running body callback was lent.
    func retainBody(_ chunk: UInt32) -> (gh_status, UInt64) {
        guard acting >= 0, chunk == 0, lentBody.baseAddress != nil, !lentBody.isEmpty else {
            return (gh_status(GH_INVALID), 0)
        }
        return loop.host.buffers.keep(lentBody)
    }

    // MARK: Notes

    /// Sets a note of the acting policy.
    func setNote(_ note: UInt32, _ value: gh_str) -> gh_status {
        guard acting >= 0, value.isSound, Int(note) < entries[acting].noteCount else {
            return gh_status(GH_INVALID)
        }
        guard value.len <= Limits.noteBytesMax else { return gh_status(GH_LIMIT) }
        guard isASCII(value.bytes) || String(validating: value.bytes, as: UTF8.self) != nil else {
            return gh_status(GH_INVALID)
        }
        guard let copy = arena.copy(value.bytes) else { return gh_status(GH_LIMIT) }
        memory.notes[entries[acting].firstNote + Int(note)] = gh_str(copy)
        return gh_status(GH_OK)
    }

    private func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var all: UInt8 = 0
        for byte in bytes { all |= byte }
        return all < 0x80
    }

    /// Reads a note by `plugin/name`.
    func note(_ qualifiedName: gh_str) -> gh_str? {
        guard let chain else { return nil }
        for (index, note) in chain.notes.enumerated() {
            let value = memory.notes[index]
            guard value.ptr != nil,
                qualifiedName.len == note.policy.utf8.count + 1
                    + note.name.utf8.count
            else { continue }
            let name = Array(note.policy.utf8) + [0x2f] + Array(note.name.utf8)
            if qualifiedName.bytes.elementsEqual(name) { return value }
        }
        return nil
    }
}
