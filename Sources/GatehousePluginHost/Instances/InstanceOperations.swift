import CGatehouse
import Synchronization

/// The operations that belong to an instance and not to an exchange: delivered to `completed` on
/// the control thread, each with a deadline.
///
/// **Thread:** any; one lock, off the hot path.
final class InstanceOperations: Sendable {
    private struct Live: Sendable {
        let instance: PluginInstance
        let token: UInt64
        let isChannel: Bool
        var isRung = false
        var timer: UInt64?
        var joinKey: [UInt8]?
        var cancel: (@Sendable () -> Void)?
    }

    private struct State {
        var live: [Handle: Live] = [:]
        var counts: [ObjectIdentifier: Int] = [:]
        var serial: UInt64 = 0
    }

    private let domain: HandleDomain
    private let control: ControlThread
    private let state = Mutex(State())

    init(domain: HandleDomain, control: ControlThread) {
        self.domain = domain
        self.control = control
    }

    /// Begins an operation; nil at the instance's bound.
    ///
    /// - Parameters:
    ///   - deadlineMs: when it is over by itself; nil for a channel.
    ///   - due: the status that is delivered then: GH_OK for a timer, GH_TIMEOUT else.
    func begin(
        _ instance: PluginInstance, token: UInt64, deadlineMs: UInt32?, due: Int32,
        joinKey: [UInt8]? = nil
    ) -> Handle? {
        let handle = state.withLock { state -> Handle? in
            let owner = ObjectIdentifier(instance)
            let count = state.counts[owner, default: 0]
            guard count < Limits.operationsPerInstanceMax else { return nil }
            state.counts[owner] = count + 1
            state.serial &+= 1
            let serial = state.serial
            let handle = Handle(
                domain: domain.index, slot: Int(serial & 0xff_ffff),
                generation: UInt32(truncatingIfNeeded: serial >> 24) &+ 1)
            state.live[handle] = Live(
                instance: instance, token: token, isChannel: deadlineMs == nil, joinKey: joinKey)
            return handle
        }
        guard let handle, let deadlineMs else { return handle }
        let timer = control.startTimer(afterMs: deadlineMs) { [weak self] in
            self?.deliver(handle, OperationOutcome(status: due))
        }
        state.withLock { $0.live[handle]?.timer = timer }
        return handle
    }

    /// What ends the work behind an operation when nobody waits for it any more.
    func onCancel(_ handle: Handle, _ cancel: @escaping @Sendable () -> Void) {
        state.withLock { $0.live[handle]?.cancel = cancel }
    }

    /// Completes an operation later on the control thread; GH_GONE when it is over.
    func complete(_ handle: Handle, _ outcome: OperationOutcome) -> gh_status {
        let isLive = state.withLock { $0.live[handle].map { !$0.isChannel } ?? false }
        guard isLive else { return gh_status(GH_GONE) }
        control.async { [weak self] in self?.deliver(handle, outcome) }
        return gh_status(GH_OK)
    }

    /// Rings a channel: `completed` runs at least once after the last ring.
    func notify(_ handle: Handle) -> gh_status {
        let (isLive, wakes) = state.withLock { state -> (Bool, Bool) in
            guard let live = state.live[handle], live.isChannel else { return (false, false) }
            state.live[handle]?.isRung = true
            return (true, !live.isRung)
        }
        if wakes {
            control.async { [weak self] in self?.ring(handle) }
        }
        return gh_status(isLive ? GH_OK : GH_GONE)
    }

    /// Forgets an operation; GH_GONE when it is over.
    func cancel(_ handle: Handle) -> gh_status {
        guard let live = remove(handle) else { return gh_status(GH_GONE) }
        live.cancel?()
        return gh_status(GH_OK)
    }

    /// Forgets everything of an instance, which is about to be destroyed.
    func cancelAll(of instance: PluginInstance) {
        let handles = state.withLock { state in
            state.live.filter { $0.value.instance === instance }.map(\.key)
        }
        for handle in handles { _ = cancel(handle) }
    }

    private func remove(_ handle: Handle) -> Live? {
        let live = state.withLock { state -> Live? in
            guard let live = state.live.removeValue(forKey: handle) else { return nil }
            let owner = ObjectIdentifier(live.instance)
            let left = state.counts[owner, default: 1] - 1
            state.counts[owner] = left == 0 ? nil : left
            return live
        }
        guard let live else { return nil }
        if let timer = live.timer { control.cancelTimer(timer) }
        if let key = live.joinKey { live.instance.joins.leave(key, handle) }
        return live
    }

    /// On the control thread.
    private func deliver(_ handle: Handle, _ outcome: OperationOutcome) {
        guard let live = remove(handle) else { return }
        if outcome.status == GH_TIMEOUT { live.cancel?() }
        live.instance.completed(live.token, outcome)
    }

    /// On the control thread.
    private func ring(_ handle: Handle) {
        let live = state.withLock { state -> Live? in
            state.live[handle]?.isRung = false
            return state.live[handle]
        }
        live?.instance.completed(live?.token ?? 0, OperationOutcome(status: gh_status(GH_OK)))
    }
}
