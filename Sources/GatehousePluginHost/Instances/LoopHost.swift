import CGatehouse

/// The plugins' home on one event loop: handle slots, operations, per-loop states of the
/// instances, and the free list of exchanges.
///
/// **Confined to:** the event loop, made and shut down on its thread.
public final class LoopHost {
    /// The state of one instance on this loop.
    struct LoopState {
        var pointer: UnsafeMutableRawPointer?
        var isStarted: Bool
    }

    /// The loop's number in this process, as `loop_started` is told.
    public var number: UInt32 { UInt32(domain.index) }
    /// Exchanges that have begun and not ended.
    public var exchangeCount: Int { live.count }

    let host: PluginHost
    let services: any LoopServices
    let domain: HandleDomain
    let mailbox: LoopMailbox
    let metrics: MetricShard
    private(set) var states: UnsafeMutablePointer<LoopState>
    private var stateCapacity: Int
    private var started: [Int: PluginInstance] = [:]
    private var live: ContiguousArray<ExchangeRun> = []
    private var idle: ContiguousArray<ExchangeRun> = []
    var idleOperations: ContiguousArray<LoopOperation> = []
    private var chainUse: UnsafeMutablePointer<Int32>
    private var chainCapacity: Int
    private var draining: [(chains: [PolicyChain], action: (LoopHost) -> Void)] = []
    private var isDown = false

    /// Makes the home of the calling thread's loop and starts every instance on it.
    /// - Throws: when this process has 255 loops already.
    public init(host: PluginHost, services: any LoopServices) throws(PluginHostError) {
        guard let domain = HandleDomain.claim() else {
            throw PluginHostError(description: "this process has \(Limits.loopsMax) loops already")
        }
        self.host = host
        self.services = services
        self.domain = domain
        mailbox = LoopMailbox(services: services)
        metrics = host.metrics.makeShard()
        stateCapacity = 64
        states = .allocate(capacity: stateCapacity)
        states.initialize(
            repeating: LoopState(pointer: nil, isStarted: false), count: stateCapacity)
        chainCapacity = 64
        chainUse = .allocate(capacity: chainCapacity)
        chainUse.initialize(repeating: 0, count: chainCapacity)
        mailbox.loop = Unmanaged.passUnretained(self)
        domain.hold(self, mailbox)
        metrics.bindToThread()
        for instance in host.join(mailbox) { _ = start(instance) }
    }

    deinit {
        if !isDown { abandon() }
        states.deallocate()
        chainUse.deallocate()
    }

    /// Begins an exchange; nil when the loop's bound is reached (answer 503).
    ///
    /// The owner is referenced until `ExchangeRun.end`.
    public func begin(
        chain: PolicyChain, view: ExchangeView, owner: any ExchangeOwner
    ) -> ExchangeRun? {
        guard !isDown else { return nil }
        let run = idle.popLast() ?? ExchangeRun(loop: self)
        guard let handle = domain.slots.take(.exchange, run) else {
            idle.append(run)
            return nil
        }
        use(chain)
        run.begin(handle: handle, chain: chain, view: view, owner: owner, place: live.count)
        live.append(run)
        return run
    }

    /// A timer of `LoopServices.startTimer` is due.
    public func timerFired(_ id: UInt64) { operationDue(Handle(raw: id)) }

    /// Ends every exchange that is left, stops the instances on this loop. Once, on its thread.
    public func shutdown() {
        guard !isDown else { return }
        while let run = live.last { run.end(.draining) }
        isDown = true
        host.leave(mailbox)
        let left = mailbox.close()
        for case .task(let task) in left { task(self) }
        finishDraining()
        for instance in Array(started.values) { stop(instance) }
        // Only now does nothing here read a value that a broadcast replaces.
        for case .broadcast(let broadcast) in left { broadcast.delivered() }
        mailbox.loop = nil
        host.metrics.retire(metrics)
        domain.release()
    }

    /// Nobody called `shutdown`: nothing reaches this loop any more, the plugins are not told.
    private func abandon() {
        for run in live { run.detach() }
        host.leave(mailbox)
        _ = mailbox.close()
        mailbox.loop = nil
        host.metrics.retire(metrics)
        domain.release()
    }

    // MARK: Exchanges

    /// Takes an ended exchange back.
    func ended(_ run: ExchangeRun, handle: Handle, place: Int, chain: Int) {
        domain.slots.free(handle)
        if place < live.count, live[place] === run {
            let last = live.removeLast()
            if last !== run {
                live[place] = last
                last.moved(to: place)
            }
        }
        idle.append(run)
        chainUse[chain] -= 1
        if !draining.isEmpty { finishDraining() }
    }

    private func use(_ chain: PolicyChain) {
        if chain.index >= chainCapacity {
            let wanted = max(chain.index + 1, chainCapacity * 2)
            let larger = UnsafeMutablePointer<Int32>.allocate(capacity: wanted)
            larger.initialize(repeating: 0, count: wanted)
            larger.update(from: chainUse, count: chainCapacity)
            chainUse.deallocate()
            chainUse = larger
            chainCapacity = wanted
        }
        chainUse[chain.index] += 1
    }

    /// Runs an action when no exchange of these chains is in flight here.
    func whenDrained(_ chains: [PolicyChain], _ action: @escaping (LoopHost) -> Void) {
        draining.append((chains, action))
        finishDraining()
    }

    private func finishDraining() {
        let ready = draining.filter { !isInUse($0.chains) }
        draining.removeAll { !isInUse($0.chains) }
        for entry in ready { entry.action(self) }
    }

    private func isInUse(_ chains: [PolicyChain]) -> Bool {
        chains.contains { $0.index < chainCapacity && chainUse[$0.index] > 0 }
    }

    // MARK: Instances

    /// Calls loop_started; true when the instance can run here. A second call does nothing.
    func start(_ instance: PluginInstance) -> Bool {
        if started[instance.index] === instance { return states[instance.index].isStarted }
        guard instance.functions.policy != nil, instance.isUsable, !isDown else {
            return instance.functions.policy == nil
        }
        reserveState(instance.index)
        started[instance.index] = instance
        var out: UnsafeMutableRawPointer?
        var status = gh_status(GH_OK)
        if let call = instance.functions.policy?.pointee.loop_started {
            status = call(instance.pointer, number, &out)
        }
        states[instance.index] = LoopState(pointer: out, isStarted: status == GH_OK)
        return status == GH_OK
    }

    /// Calls loop_stopped where loop_started succeeded.
    func stop(_ instance: PluginInstance) {
        guard started.removeValue(forKey: instance.index) != nil else { return }
        let state = states[instance.index]
        states[instance.index] = LoopState(pointer: nil, isStarted: false)
        guard state.isStarted else { return }
        instance.functions.policy?.pointee.loop_stopped?(instance.pointer, state.pointer)
    }

    private func reserveState(_ index: Int) {
        guard index >= stateCapacity else { return }
        let wanted = max(index + 1, stateCapacity * 2)
        let larger = UnsafeMutablePointer<LoopState>.allocate(capacity: wanted)
        larger.initialize(
            repeating: LoopState(pointer: nil, isStarted: false), count: wanted)
        larger.update(from: states, count: stateCapacity)
        states.deallocate()
        states = larger
        stateCapacity = wanted
    }

    // MARK: Mail

    /// Delivers what came from elsewhere, at most `Limits.deliveriesPerTurn` things a turn.
    func deliverMail() {
        for _ in 0..<Limits.deliveriesPerTurn {
            guard !isDown, let entry = mailbox.take() else { return }
            switch entry {
            case .completion(let handle, let outcome): completed(handle, outcome)
            case .ring(let handle): rung(handle)
            case .broadcast(let broadcast): deliver(broadcast)
            case .task(let task): task(self)
            }
        }
        mailbox.continueLater()
    }

    private func deliver(_ broadcast: Broadcast) {
        let instance = broadcast.instance
        if started[instance.index] === instance, states[instance.index].isStarted,
            let call = instance.functions.policy?.pointee.notified
        {
            broadcast.payload.withUnsafeBytes { bytes in
                call(
                    instance.pointer, states[instance.index].pointer, broadcast.token,
                    gh_str(bytes))
            }
        }
        broadcast.delivered()
    }
}
