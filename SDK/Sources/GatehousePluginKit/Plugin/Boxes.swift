internal import CGatehouse
internal import GatehouseJSON

/// What the C tables point at: C function pointers cannot be generic, so each instance stands
/// behind a class whose methods a generic subclass overrides.
class InstanceBox {
    func retiring() {}
    func completed(_ token: UInt64, _ result: OperationResult) {}
    func status() -> JSONValue? { nil }
    func call(_ hook: String, _ input: JSONValue) throws(HookFailure) -> JSONValue {
        throw .unsupported
    }

    func loopStarted(_ loop: UInt32) throws(HostError) -> UnsafeMutableRawPointer? { nil }
    func loopStopped(_ loop: UnsafeMutableRawPointer) {}
    func head(
        _ phase: PolicyPhases, _ loop: UnsafeMutableRawPointer, _ exchange: gh_exchange,
        _ head: MessageHead, _ state: inout ExchangeState
    ) -> Action { .fail }
    func body(
        _ phase: PolicyPhases, _ loop: UnsafeMutableRawPointer, _ exchange: gh_exchange,
        _ body: MessageBody, _ state: inout ExchangeState
    ) -> Action { .fail }
    func resumed(
        _ loop: UnsafeMutableRawPointer, _ exchange: gh_exchange, _ token: UInt64,
        _ result: OperationResult, _ state: inout ExchangeState
    ) -> Action { .fail }
    func notified(
        _ loop: UnsafeMutableRawPointer, _ token: UInt64, _ payload: BorrowedBytes
    ) {}
    func ended(
        _ loop: UnsafeMutableRawPointer, _ exchange: gh_exchange, _ reason: EndReason,
        _ state: inout ExchangeState
    ) {}
}

/// A policy behind its box. The plugin is held unmanaged and lent without counting references:
/// that costs 2 ns where a retain and a release cost 14, and 55 with two loops.
final class PolicyBox<Policy: PolicyPlugin>: InstanceBox {
    private let policy: Unmanaged<Policy>
    private let host: Host

    init(_ policy: Policy, _ host: Host) {
        self.policy = Unmanaged.passRetained(policy)
        self.host = host
    }

    deinit { policy.release() }

    override func retiring() { policy._withUnsafeGuaranteedRef { $0.retiring() } }

    override func completed(_ token: UInt64, _ result: OperationResult) {
        policy._withUnsafeGuaranteedRef { $0.completed(token: token, result) }
    }

    override func status() -> JSONValue? { policy._withUnsafeGuaranteedRef { $0.status() } }

    override func loopStarted(_ loop: UInt32) throws(HostError) -> UnsafeMutableRawPointer? {
        let state = try policy.takeUnretainedValue().loopStarted(loop)
        return Unmanaged.passRetained(state).toOpaque()
    }

    override func loopStopped(_ loop: UnsafeMutableRawPointer) {
        let state = Unmanaged<Policy.LoopState>.fromOpaque(loop).takeRetainedValue()
        policy._withUnsafeGuaranteedRef { $0.loopStopped(state) }
    }

    @inline(__always)
    private func with<Result>(
        _ loop: UnsafeMutableRawPointer, _ body: (Policy, Policy.LoopState) -> Result
    ) -> Result {
        policy._withUnsafeGuaranteedRef { policy in
            Unmanaged<Policy.LoopState>.fromOpaque(loop)._withUnsafeGuaranteedRef { loop in
                body(policy, loop)
            }
        }
    }

    override func head(
        _ phase: PolicyPhases, _ loop: UnsafeMutableRawPointer, _ exchange: gh_exchange,
        _ head: MessageHead, _ state: inout ExchangeState
    ) -> Action {
        let exchange = Exchange(host: host, handle: exchange)
        return with(loop) { policy, loop in
            phase == .requestHead
                ? policy.requestHead(loop, exchange, head, &state)
                : policy.responseHead(loop, exchange, head, &state)
        }
    }

    override func body(
        _ phase: PolicyPhases, _ loop: UnsafeMutableRawPointer, _ exchange: gh_exchange,
        _ body: MessageBody, _ state: inout ExchangeState
    ) -> Action {
        let exchange = Exchange(host: host, handle: exchange)
        return with(loop) { policy, loop in
            phase == .requestBody
                ? policy.requestBody(loop, exchange, body, &state)
                : policy.responseBody(loop, exchange, body, &state)
        }
    }

    override func resumed(
        _ loop: UnsafeMutableRawPointer, _ exchange: gh_exchange, _ token: UInt64,
        _ result: OperationResult, _ state: inout ExchangeState
    ) -> Action {
        let exchange = Exchange(host: host, handle: exchange)
        return with(loop) { policy, loop in
            policy.resumed(loop, exchange, token: token, result, &state)
        }
    }

    override func notified(
        _ loop: UnsafeMutableRawPointer, _ token: UInt64, _ payload: BorrowedBytes
    ) {
        with(loop) { policy, loop in policy.notified(loop, token: token, payload: payload) }
    }

    override func ended(
        _ loop: UnsafeMutableRawPointer, _ exchange: gh_exchange, _ reason: EndReason,
        _ state: inout ExchangeState
    ) {
        let exchange = Exchange(host: host, handle: exchange)
        with(loop) { policy, loop in policy.ended(loop, exchange, reason, &state) }
    }
}

/// A provider behind its box.
final class ProviderBox<Adapter: ProviderPlugin>: InstanceBox {
    private let adapter: Adapter

    init(_ adapter: Adapter) { self.adapter = adapter }

    override func retiring() { adapter.retiring() }
    override func completed(_ token: UInt64, _ result: OperationResult) {
        adapter.completed(token: token, result)
    }
    override func status() -> JSONValue? { adapter.status() }
    override func call(_ hook: String, _ input: JSONValue) throws(HookFailure) -> JSONValue {
        try adapter.call(hook, input)
    }
}
