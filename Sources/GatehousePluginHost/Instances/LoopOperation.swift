import CGatehouse

/// One live operation of an exchange. Objects are reused by their loop.
final class LoopOperation {
    /// What the operation waits for.
    enum Kind {
        /// complete().
        case open
        /// Its own deadline.
        case timer
        /// notify(), any number of times; no deadline, so it does not carry a pause.
        case channel
        /// settle() of a key.
        case join
        /// The proxy's fetch.
        case fetch
    }

    var handle = Handle(raw: 0)
    var kind = Kind.open
    var policy = 0
    var token: UInt64 = 0
    var run: ExchangeRun?
    var fetchID: UInt64?
    var joinKey: [UInt8]?
    var instance: PluginInstance?
}

extension LoopHost {
    /// Begins an operation of a policy in an exchange; nil at a bound.
    func beginOperation(
        _ kind: LoopOperation.Kind, run: ExchangeRun, policy: Int, token: UInt64,
        deadlineMs: UInt32?
    ) -> LoopOperation? {
        guard run.operations.count < Limits.operationsPerExchangeMax else { return nil }
        let operation = idleOperations.popLast() ?? LoopOperation()
        guard let handle = domain.slots.take(.operation, operation) else {
            idleOperations.append(operation)
            return nil
        }
        operation.handle = handle
        operation.kind = kind
        operation.policy = policy
        operation.token = token
        operation.run = run
        run.operations.append(operation)
        if let deadlineMs { services.startTimer(handle.raw, afterMs: deadlineMs) }
        return operation
    }

    /// Finds a live operation. **Thread:** the loop.
    func operation(_ handle: Handle) -> LoopOperation? {
        guard let found = domain.slots.find(.operation, handle) else { return nil }
        return unsafeDowncast(found.takeUnretainedValue(), to: LoopOperation.self)
    }

    /// Ends an operation: nothing is delivered any more, its work is cancelled.
    func endOperation(_ operation: LoopOperation, firedTimer: Bool = false) {
        guard let run = operation.run else { return }
        if operation.kind != .channel, !firedTimer {
            services.cancelTimer(operation.handle.raw)
        }
        if let id = operation.fetchID { services.cancelFetch(id) }
        if let key = operation.joinKey { operation.instance?.joins.leave(key, operation.handle) }
        domain.slots.free(operation.handle)
        run.forget(operation)
        operation.run = nil
        operation.fetchID = nil
        operation.joinKey = nil
        operation.instance = nil
        idleOperations.append(operation)
    }

    /// An operation was completed; one that is over is ignored.
    func completed(_ handle: Handle, _ outcome: OperationOutcome) {
        guard let operation = operation(handle), operation.kind != .channel else { return }
        finish(operation, outcome, firedTimer: false)
    }

    /// The deadline of an operation, or its time.
    func operationDue(_ handle: Handle) {
        guard let operation = operation(handle) else { return }
        let status = gh_status(operation.kind == .timer ? GH_OK : GH_TIMEOUT)
        finish(operation, OperationOutcome(status: status), firedTimer: true)
    }

    /// A channel was rung.
    func rung(_ handle: Handle) {
        guard let operation = operation(handle), operation.kind == .channel,
            let run = operation.run
        else { return }
        run.resume(
            policy: operation.policy, token: operation.token,
            OperationOutcome(status: gh_status(GH_OK)))
    }

    private func finish(
        _ operation: LoopOperation, _ outcome: OperationOutcome, firedTimer: Bool
    ) {
        guard let run = operation.run else { return }
        let policy = operation.policy
        let token = operation.token
        endOperation(operation, firedTimer: firedTimer)
        run.resume(policy: policy, token: token, outcome)
    }

    /// Starts a fetch for an operation.
    func fetch(_ request: FetchRequest, for operation: LoopOperation) {
        let handle = operation.handle
        operation.fetchID = services.fetch(request) { [mailbox] outcome in
            guard let loop = mailbox.loop?.takeUnretainedValue() else { return }
            loop.operation(handle)?.fetchID = nil
            loop.completed(handle, OperationOutcome(outcome))
        }
    }
}
