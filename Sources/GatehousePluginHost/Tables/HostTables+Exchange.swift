import CGatehouse

extension HostTables {
    static let exchange = Immortal(
        gh_host_exchange(
            field: { x, direction, name, index, out in
                HostTables.on(x, direction) { run, direction in
                    guard let out, name.isSound else { return gh_status(GH_INVALID) }
                    guard let value = run.field(direction, name.bytes, index) else {
                        return gh_status(GH_NOT_FOUND)
                    }
                    out.pointee = value
                    return gh_status(GH_OK)
                }
            },
            fields: { x, direction, out, capacity, count in
                HostTables.on(x, direction) { run, direction in
                    guard let count, out != nil || capacity == 0 else {
                        return gh_status(GH_INVALID)
                    }
                    count.pointee = run.fields(direction, out, capacity)
                    return gh_status(count.pointee <= capacity ? GH_OK : GH_LIMIT)
                }
            },
            edit: { x, direction, edits, count, bad in
                HostTables.on(x, direction) { run, direction in
                    guard count == 0 || edits != nil else { return gh_status(GH_INVALID) }
                    var first: UInt32 = 0
                    let status = run.edit(
                        direction, UnsafeBufferPointer(start: edits, count: Int(count)), &first)
                    if status != GH_OK { bad?.pointee = first }
                    return status
                }
            },
            set_status: { x, status in HostTables.on(x) { $0.setStatus(status) } },
            attribute: { x, id, out in
                HostTables.on(x) { run in
                    guard let out else { return gh_status(GH_INVALID) }
                    return run.attribute(id, &out.pointee)
                }
            },
            read_body: { x, direction, mode, maxBytes in
                HostTables.on(x, direction) { run, direction in
                    run.readBody(direction, mode: mode, maxBytes: maxBytes)
                }
            },
            respond: { x, status, fields, count, body, reason in
                HostTables.on(x) { run in
                    guard count == 0 || fields != nil else { return gh_status(GH_INVALID) }
                    return run.respond(
                        status: status, UnsafeBufferPointer(start: fields, count: Int(count)),
                        body: body, reason: reason)
                }
            },
            respond_start: { x, status, fields, count, token in
                HostTables.on(x) { run in
                    guard count == 0 || fields != nil else { return gh_status(GH_INVALID) }
                    return run.respondStart(
                        status: status, UnsafeBufferPointer(start: fields, count: Int(count)),
                        writableToken: token)
                }
            },
            respond_write: { x, bytes in HostTables.on(x) { $0.respondWrite(bytes) } },
            respond_finish: { x in HostTables.on(x) { $0.respondFinish() } },
            retain_body: { x, chunk, out in
                HostTables.on(x) { run in
                    guard let out else { return gh_status(GH_INVALID) }
                    let (status, handle) = run.retainBody(chunk)
                    if status == GH_OK { out.pointee = handle }
                    return status
                }
            },
            set_note: { x, note, value in HostTables.on(x) { $0.setNote(note, value) } },
            note: { x, name, out in
                HostTables.on(x) { run in
                    guard let out, name.isSound else { return gh_status(GH_INVALID) }
                    guard let value = run.note(name) else { return gh_status(GH_NOT_FOUND) }
                    out.pointee = value
                    return gh_status(GH_OK)
                }
            },
            buffer: { RetainedBuffers.shared.bytes($0) },
            release_buffer: { RetainedBuffers.shared.release($0) }))

    /// The live exchange of a handle on this thread, or why there is none.
    @inline(__always)
    static func run(_ x: gh_exchange) -> Result<ExchangeRun, Refusal> {
        let handle = Handle(raw: x)
        guard x != 0, let domain = HandleDomain.of(handle) else {
            return .failure(Refusal(GH_GONE))
        }
        guard domain.isOnThread else {
            return .failure(Refusal(domain.isVacant ? GH_GONE : GH_WRONG_THREAD))
        }
        guard let run = domain.loopOnThread?.run(handle) else {
            return .failure(Refusal(GH_GONE))
        }
        return .success(run)
    }

    @inline(__always)
    private static func on(
        _ x: gh_exchange, _ body: (ExchangeRun) -> gh_status
    ) -> gh_status {
        let handle = Handle(raw: x)
        guard x != 0, let domain = HandleDomain.unmanaged(of: handle) else {
            return gh_status(GH_GONE)
        }
        // The exchange outlives the call: the loop keeps it, and ends it later where a policy's
        // call leads to its end.
        return domain._withUnsafeGuaranteedRef { domain -> gh_status in
            guard domain.isOnThread else {
                return gh_status(domain.isVacant ? GH_GONE : GH_WRONG_THREAD)
            }
            guard let found = domain.slots.find(.exchange, handle) else {
                return gh_status(GH_GONE)
            }
            return Unmanaged<ExchangeRun>.fromOpaque(found.toOpaque())._withUnsafeGuaranteedRef(
                body)
        }
    }

    @inline(__always)
    private static func on(
        _ x: gh_exchange, _ direction: UInt32,
        _ body: (ExchangeRun, Direction) -> gh_status
    ) -> gh_status {
        guard let direction = Direction(rawValue: direction) else {
            return gh_status(GH_INVALID)
        }
        return on(x) { body($0, direction) }
    }
}
