internal import CGatehouse

extension HostFunctions {
    static var exchange: gh_host_exchange {
        gh_host_exchange(
            field: { handle, direction, name, index, out in
                guard let exchange = HostFunctions.current(handle) else {
                    return HostFunctions.gone
                }
                guard direction < 2, let out else { return HostFunctions.invalid }
                let values = exchange.message(direction)?.values(name.text) ?? []
                guard Int(index) < values.count, let memory = exchange.memory else {
                    return gh_status(GH_NOT_FOUND)
                }
                out.pointee = memory.lend(values[Int(index)])
                return 0
            },
            fields: { handle, direction, out, capacity, count in
                guard let exchange = HostFunctions.current(handle), let memory = exchange.memory
                else { return HostFunctions.gone }
                guard direction < 2, let count else { return HostFunctions.invalid }
                let fields = exchange.message(direction)?.fields ?? []
                count.pointee = UInt32(fields.count)
                for (at, field) in fields.prefix(Int(capacity)).enumerated() {
                    out?[at] = gh_field(
                        name: memory.lend(field.name), value: memory.lend(field.value))
                }
                return gh_status(fields.count <= Int(capacity) ? GH_OK : GH_LIMIT)
            },
            edit: { handle, direction, edits, count, bad in
                HostFunctions.edit(handle, direction, edits, count, bad)
            },
            set_status: { handle, status in
                guard let exchange = HostFunctions.current(handle) else {
                    return HostFunctions.gone
                }
                guard exchange.phase == 3, exchange.ownResponse == nil,
                    (200...599).contains(status)
                else { return HostFunctions.invalid }
                let before = exchange.response?.status ?? 0
                let bodiless: Set<UInt32> = [204, 205, 304]
                if status != before, bodiless.contains(status) || bodiless.contains(before) {
                    return gh_status(GH_DENIED)
                }
                exchange.response?.status = status
                return 0
            },
            attribute: { handle, id, out in
                guard let exchange = HostFunctions.current(handle), let out,
                    let memory = exchange.memory
                else { return HostFunctions.gone }
                guard (1...10).contains(id) else { return gh_status(GH_UNSUPPORTED) }
                guard let text = exchange.attribute(id) else { return gh_status(GH_NOT_FOUND) }
                out.pointee = memory.lend(text)
                return 0
            },
            read_body: { handle, direction, mode, _ in
                guard let exchange = HostFunctions.current(handle) else {
                    return HostFunctions.gone
                }
                guard direction < 2, (1...3).contains(mode),
                    exchange.phase == 1 || exchange.phase == 3
                else { return HostFunctions.invalid }
                exchange.bodyModes[Int(direction)] = mode
                return 0
            },
            respond: { handle, status, fields, count, body, reason in
                HostFunctions.respond(
                    handle,
                    RecordedResponse(
                        status: status, fields: copied(fields, count), body: body.copied,
                        reason: reason.text, isComplete: true))
            },
            respond_start: { handle, status, fields, count, _ in
                HostFunctions.respond(
                    handle,
                    RecordedResponse(
                        status: status, fields: copied(fields, count), body: [], reason: "",
                        isComplete: false))
            },
            respond_write: { handle, bytes in
                guard let exchange = HostFunctions.current(handle),
                    exchange.ownResponse?.isComplete == false
                else { return HostFunctions.invalid }
                exchange.ownResponse?.body.append(contentsOf: bytes.copied)
                return 0
            },
            respond_finish: { handle in
                guard let exchange = HostFunctions.current(handle),
                    exchange.ownResponse?.isComplete == false
                else { return HostFunctions.invalid }
                exchange.ownResponse?.isComplete = true
                return 0
            },
            retain_body: { _, _, _ in gh_status(GH_UNSUPPORTED) },
            set_note: { handle, note, text in
                guard let exchange = HostFunctions.current(handle) else {
                    return HostFunctions.gone
                }
                let declared = exchange.instance.notes
                guard note >= 1, note <= declared.count, text.len <= 256 else {
                    return HostFunctions.invalid
                }
                exchange.notes[declared[Int(note) - 1].name] = text.text
                return 0
            },
            note: { handle, name, out in
                guard let exchange = HostFunctions.current(handle), let out,
                    let memory = exchange.memory
                else { return HostFunctions.gone }
                let parts = name.text.split(separator: "/", maxSplits: 1).map(String.init)
                guard parts.count == 2, parts[0] == exchange.instance.name,
                    let value = exchange.notes[parts[1]]
                else { return gh_status(GH_NOT_FOUND) }
                out.pointee = memory.lend(value)
                return 0
            },
            buffer: { _ in gh_str() },
            release_buffer: { _ in })
    }

    /// The exchange while one of its callbacks runs.
    private static func current(_ handle: gh_exchange) -> MemoryExchange? {
        guard let exchange = Registry.object(handle, MemoryExchange.self), exchange.memory != nil
        else { return nil }
        return exchange
    }

    private static func respond(_ handle: gh_exchange, _ response: RecordedResponse) -> gh_status {
        guard let exchange = current(handle) else { return gone }
        guard exchange.ownResponse == nil else { return invalid }
        let status = Checks.status(of: response)
        if status == 0 { exchange.ownResponse = response }
        return status
    }

    /// All or none: names are tokens, values carry no control characters, and framing is the
    /// host's own.
    private static func edit(
        _ handle: gh_exchange, _ direction: UInt32, _ edits: UnsafePointer<gh_edit>?,
        _ count: UInt32, _ bad: UnsafeMutablePointer<UInt32>?
    ) -> gh_status {
        guard let exchange = current(handle) else { return gone }
        guard direction < 2, var message = exchange.message(direction) else { return invalid }
        for at in 0..<Int(count) {
            guard let edit = edits?[at] else { return invalid }
            let status = apply(edit, direction, to: &message)
            guard status == 0 else {
                bad?.pointee = UInt32(at)
                return status
            }
        }
        if direction == 0 { exchange.request = message } else { exchange.response = message }
        return 0
    }

    private static func apply(
        _ edit: gh_edit, _ direction: UInt32, to message: inout TestMessage
    ) -> gh_status {
        let name = edit.name.text
        let value = edit.value.copied
        if edit.op == GH_EDIT_QUERY {
            let isQuery = value.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x23 }
            guard direction == 0, name.isEmpty, isQuery else { return invalid }
            let path = message.target.prefix { $0 != "?" }
            let query = String(decoding: value, as: UTF8.self)
            message.target = path + (query.isEmpty ? "" : "?" + query)
            return 0
        }
        guard edit.op <= GH_EDIT_REMOVE, Checks.isName(name) else { return invalid }
        if Checks.isReserved(name, direction) { return gh_status(GH_DENIED) }
        guard edit.op == GH_EDIT_REMOVE || Checks.isValue(value) else { return invalid }
        if edit.op != GH_EDIT_ADD {
            message.fields.removeAll { $0.name.lowercased() == name.lowercased() }
        }
        if edit.op != GH_EDIT_REMOVE {
            message.fields.append((name, String(decoding: value, as: UTF8.self)))
        }
        return 0
    }
}

extension MemoryExchange {
    func message(_ direction: UInt32) -> TestMessage? {
        direction == 0 ? request : response
    }

    /// The text of an attribute; nil where the exchange has none.
    func attribute(_ id: UInt32) -> String? {
        let parts = request.target.split(separator: "?", maxSplits: 1)
        return switch id {
        case 1: request.method
        case 2: request.target
        case 3: parts.first.map(String.init) ?? "/"
        case 4: parts.count > 1 ? String(parts[1]) : nil
        case 5: externalBase.hasPrefix("https:") ? "https" : "http"
        case 6: request.values("host").first ?? String(externalBase.drop { $0 != "/" }.dropFirst(2))
        case 7: externalBase
        case 8: peerAddress
        case 9: "40000"
        default: "route"
        }
    }
}
