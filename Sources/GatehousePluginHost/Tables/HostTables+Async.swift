import CGatehouse

/// Whom an operation belongs to.
enum OperationOwner {
    /// A policy in an exchange; the call is on its loop.
    case exchange(ExchangeRun, policy: Int, PluginInstance)
    /// The instance itself.
    case instance(PluginInstance, PluginHost)
}

extension HostTables {
    static let asynchronous = Immortal(
        gh_host_async(
            begin: { handle, x, token, deadlineMs, out in
                HostTables.begin(handle, x, token, .open, HostTables.deadline(deadlineMs), out)
            },
            complete: { operation, status, payload in
                guard payload.isSound else { return gh_status(GH_INVALID) }
                guard payload.len <= Limits.payloadBytesMax else { return gh_status(GH_LIMIT) }
                return HostTables.complete(
                    Handle(raw: operation),
                    OperationOutcome(status: status, body: Array(payload.bytes)))
            },
            cancel: { HostTables.cancel(Handle(raw: $0)) },
            timer: { handle, x, token, afterMs, out in
                HostTables.begin(
                    handle, x, token, .timer, min(afterMs, Limits.timerMsMax), out)
            },
            channel: { handle, x, token, out in
                HostTables.begin(handle, x, token, .channel, nil, out)
            },
            notify: { HostTables.notify(Handle(raw: $0)) },
            broadcast: { handle, token, payload in
                HostTables.broadcast(handle, token, payload)
            },
            join: { handle, x, key, token, deadlineMs, first, out in
                HostTables.join(handle, x, key, token, deadlineMs, first, out)
            },
            settle: { handle, key, status, payload in
                HostTables.settle(handle, key, status, payload)
            }))

    /// Who asks for an operation: the place of the instance in the exchange's chain, or itself.
    static func owner(_ handle: gh_instance, _ x: gh_exchange) throws(Refusal) -> OperationOwner {
        guard x != 0 else {
            let (instance, host) = try activeInstance(handle).get()
            return .instance(instance, host)
        }
        let run = try run(x).get()
        guard let place = run.entries.firstIndex(where: { $0.handle == handle && handle != 0 }),
            run.ran & run.bit(place) != 0, let instance = instance(handle)
        else { throw Refusal(instance(handle) == nil ? GH_GONE : GH_INVALID) }
        guard run.isLive else { throw Refusal(GH_GONE) }
        return .exchange(run, policy: place, instance)
    }

    private static func deadline(_ asked: UInt32) -> UInt32 {
        asked == 0
            ? Limits.operationDeadlineMsDefault : min(asked, Limits.operationDeadlineMsMax)
    }

    private static func begin(
        _ handle: gh_instance, _ x: gh_exchange, _ token: UInt64, _ kind: LoopOperation.Kind,
        _ deadlineMs: UInt32?, _ out: UnsafeMutablePointer<gh_operation>?
    ) -> gh_status {
        answering { () throws(Refusal) in
            guard let out else { throw Refusal(GH_INVALID) }
            switch try owner(handle, x) {
            case .exchange(let run, let policy, _):
                guard
                    let operation = run.loop.beginOperation(
                        kind, run: run, policy: policy, token: token, deadlineMs: deadlineMs)
                else { throw Refusal(GH_LIMIT) }
                out.pointee = operation.handle.raw
            case .instance(let instance, let host):
                let due = kind == .timer ? GH_OK : GH_TIMEOUT
                guard
                    let operation = host.operations.begin(
                        instance, token: token, deadlineMs: deadlineMs, due: gh_status(due))
                else { throw Refusal(GH_LIMIT) }
                out.pointee = operation.raw
            }
            return gh_status(GH_OK)
        }
    }

    /// Completes an operation from any thread; it is delivered in a later turn of its owner.
    static func complete(
        _ handle: Handle, _ outcome: OperationOutcome, isBounded: Bool = true
    ) -> gh_status {
        guard handle.raw != 0, let domain = HandleDomain.of(handle) else {
            return gh_status(GH_GONE)
        }
        switch domain.current {
        case .nobody: return gh_status(GH_GONE)
        case .control(let operations): return operations.complete(handle, outcome)
        case .loop(let mailbox):
            if domain.isOnThread {
                guard let operation = domain.loopOnThread?.operation(handle),
                    operation.kind != .channel
                else { return gh_status(GH_GONE) }
            }
            return status(mailbox.post(.completion(handle, outcome), isBounded: isBounded))
        }
    }

    private static func status(_ posted: LoopMailbox.PostResult) -> gh_status {
        switch posted {
        case .taken: gh_status(GH_OK)
        case .full: gh_status(GH_LIMIT)
        case .closed: gh_status(GH_GONE)
        }
    }

    private static func cancel(_ handle: Handle) -> gh_status {
        guard handle.raw != 0, let domain = HandleDomain.of(handle) else {
            return gh_status(GH_GONE)
        }
        switch domain.current {
        case .nobody: return gh_status(GH_GONE)
        case .control(let operations): return operations.cancel(handle)
        case .loop(let mailbox):
            guard domain.isOnThread else {
                return status(
                    mailbox.post(
                        .task { loop in
                            if let operation = loop.operation(handle) {
                                loop.endOperation(operation)
                            }
                        }))
            }
            guard let loop = domain.loopOnThread, let operation = loop.operation(handle) else {
                return gh_status(GH_GONE)
            }
            loop.endOperation(operation)
            return gh_status(GH_OK)
        }
    }

    private static func notify(_ handle: Handle) -> gh_status {
        guard handle.raw != 0, let domain = HandleDomain.of(handle) else {
            return gh_status(GH_GONE)
        }
        switch domain.current {
        case .nobody: return gh_status(GH_GONE)
        case .control(let operations): return operations.notify(handle)
        case .loop(let mailbox):
            if domain.isOnThread {
                guard domain.loopOnThread?.operation(handle)?.kind == .channel else {
                    return gh_status(GH_GONE)
                }
            }
            return status(mailbox.post(.ring(handle)))
        }
    }

    private static func broadcast(
        _ handle: gh_instance, _ token: UInt64, _ payload: gh_str
    ) -> gh_status {
        answering { () throws(Refusal) in
            let (instance, host) = try activeInstance(handle).get()
            guard host.control.isCurrent else { throw Refusal(GH_WRONG_THREAD) }
            guard payload.isSound else { throw Refusal(GH_INVALID) }
            guard payload.len <= Limits.payloadBytesMax else { throw Refusal(GH_LIMIT) }
            host.broadcast(instance, token, Array(payload.bytes))
            return gh_status(GH_OK)
        }
    }

    private static func join(
        _ handle: gh_instance, _ x: gh_exchange, _ key: gh_str, _ token: UInt64,
        _ deadlineMs: UInt32, _ first: UnsafeMutablePointer<UInt32>?,
        _ out: UnsafeMutablePointer<gh_operation>?
    ) -> gh_status {
        answering { () throws(Refusal) in
            guard let first, let out, key.isSound, key.len <= Limits.nameBytesMax else {
                throw Refusal(GH_INVALID)
            }
            let bytes = Array(key.bytes)
            let deadlineMs = deadline(deadlineMs)
            let entry: JoinTable.Entry
            switch try owner(handle, x) {
            case .exchange(let run, let policy, let instance):
                guard
                    let operation = run.loop.beginOperation(
                        .join, run: run, policy: policy, token: token, deadlineMs: deadlineMs)
                else { throw Refusal(GH_LIMIT) }
                entry = instance.joins.join(bytes, operation.handle)
                guard entry != .full else {
                    run.loop.endOperation(operation)
                    throw Refusal(GH_LIMIT)
                }
                operation.joinKey = bytes
                operation.instance = instance
                out.pointee = operation.handle.raw
            case .instance(let instance, let host):
                guard
                    let operation = host.operations.begin(
                        instance, token: token, deadlineMs: deadlineMs,
                        due: gh_status(GH_TIMEOUT), joinKey: bytes)
                else { throw Refusal(GH_LIMIT) }
                entry = instance.joins.join(bytes, operation)
                guard entry != .full else {
                    _ = host.operations.cancel(operation)
                    throw Refusal(GH_LIMIT)
                }
                out.pointee = operation.raw
            }
            first.pointee = entry == .first ? 1 : 0
            return gh_status(GH_OK)
        }
    }

    private static func settle(
        _ handle: gh_instance, _ key: gh_str, _ status: gh_status, _ payload: gh_str
    ) -> gh_status {
        answering { () throws(Refusal) in
            let (instance, _) = try activeInstance(handle).get()
            guard key.isSound, payload.isSound else { throw Refusal(GH_INVALID) }
            guard payload.len <= Limits.payloadBytesMax else { throw Refusal(GH_LIMIT) }
            guard let waiters = instance.joins.settle(Array(key.bytes)) else {
                throw Refusal(GH_NOT_FOUND)
            }
            let outcome = OperationOutcome(status: status, body: Array(payload.bytes))
            for waiter in waiters { _ = complete(waiter, outcome, isBounded: false) }
            return gh_status(GH_OK)
        }
    }
}

extension PluginHost {
    /// Brings a payload to every loop, then says so to the instance. On the control thread.
    func broadcast(_ instance: PluginInstance, _ token: UInt64, _ payload: [UInt8]) {
        let loops = self.loops
        let done: @Sendable () -> Void = { [control] in
            control.async {
                instance.completed(token, OperationOutcome(status: gh_status(GH_OK)))
            }
        }
        guard !loops.isEmpty else { return done() }
        let broadcast = Broadcast(
            instance: instance, token: token, payload: payload, loops: loops.count, done: done)
        for mailbox in loops where mailbox.post(.broadcast(broadcast), isBounded: false) != .taken {
            broadcast.delivered()
        }
    }
}
