import CGatehouse
import GatehouseHTTP
import Synchronization

/// Everything of plugins in one process, or in one test: the control thread, the instances, the
/// loops, the metrics and the cache.
///
/// Life: `init`; `create` instances and make chains; on every loop's thread a `LoopHost`; `start`
/// for instances that came later; at the end `LoopHost.shutdown` on every loop, then `shutdown`.
/// **Thread:** any, unless said.
public final class PluginHost: Sendable {
    /// What an operator may set.
    public struct Options: Sendable {
        /// Origins (`https://host:port`) that every fetch may reach, `fetch.allow`.
        public var fetchAllow: [String] = []
        /// Finds a provider plugin by the name in a configuration; nil: not installed.
        public var provider: @Sendable (_ name: String) -> PluginFunctions? = { _ in nil }
        /// Checks a provider's part of a configuration (JSON) against the provider's schema.
        public var checkProvider:
            @Sendable (_ name: String, _ configuration: String) -> [InstanceDiagnostic] = {
                _, _ in []
            }

        /// Nothing allowed, no providers.
        public init() {}
    }

    private struct State: Sendable {
        var loops: [LoopMailbox] = []
        var nextLoop = 0
        var instances: [Int: PluginInstance] = [:]
        var freeInstances: [Int] = []
        var usedInstances = 0
        var chains: [Int: PolicyChain] = [:]
        var freeChains: [Int] = []
        var usedChains = 0
        var waitingTasks: [@Sendable (LoopHost) -> Void] = []
    }

    /// The thread of create, destroy and of the operations of instances.
    public let control: ControlThread
    /// The metrics of all plugins.
    public let metrics = MetricRegistry()
    /// The cache of all plugins.
    public let cache: ProcessCache

    let services: any ProcessServices
    let clock: any HostClock
    let options: Options
    let operations: InstanceOperations
    let buffers = RetainedBuffers.shared
    private let fetchAllow: Set<HTTPURL.Origin>
    private let domain: HandleDomain
    private let state = Mutex(State())

    /// Makes a host and starts its control thread.
    /// - Throws: when no thread can be made or this process has too many hosts.
    public init(
        services: any ProcessServices, clock: any HostClock = SystemClock(),
        options: Options = Options()
    ) throws(PluginHostError) {
        guard let domain = HandleDomain.claim() else {
            throw PluginHostError(description: "this process has too many loops and hosts")
        }
        do {
            control = try ControlThread(clock: clock)
        } catch {
            domain.release()
            throw error
        }
        self.services = services
        self.clock = clock
        self.options = options
        self.domain = domain
        cache = ProcessCache(clock: clock)
        fetchAllow = Set(options.fetchAllow.compactMap { HTTPURL($0)?.origin })
        operations = InstanceOperations(domain: domain, control: control)
        domain.hold(operations)
    }

    // MARK: Instances

    /// Creates an instance on the control thread and waits for it.
    ///
    /// `configuration` is canonical JSON that was validated against the plugin's schema. With
    /// `isDryRun` the instance is destroyed again before this returns; its claims and diagnostics
    /// are what counts. `secrets` are the references that it may read; nil: every string of its
    /// configuration. **Thread:** any but a loop's.
    public func create(
        _ functions: PluginFunctions, configuration: String, route: RouteDescription,
        secrets: Set<String>? = nil, isDryRun: Bool = false
    ) -> InstanceOutcome {
        control.sync { [self] in
            let index = takeInstanceIndex()
            let instance = PluginInstance(
                host: self, functions: functions, configuration: configuration, route: route,
                secrets: secrets, index: index, isDryRun: isDryRun)
            let diagnostics = instance.create()
            let failed = diagnostics.contains(where: \.isError)
            if failed || isDryRun {
                state.withLock { $0.freeInstances.append(index) }
            } else {
                state.withLock { $0.instances[index] = instance }
            }
            return InstanceOutcome(instance: failed ? nil : instance, diagnostics: diagnostics)
        }
    }

    /// Starts instances on every loop there is, then calls `done` on the control thread; false
    /// when `loop_started` failed on one (that instance's routes answer 503 there).
    public func start(
        _ instances: [PluginInstance], done: @escaping @Sendable (_ started: Bool) -> Void
    ) {
        onEveryLoop { loop, report in
            var isGood = true
            for instance in instances where !loop.start(instance) { isGood = false }
            report(isGood)
        } done: { [control] isGood in
            control.async { done(isGood) }
        }
    }

    /// Superseded: `retiring()`, and when the last exchange of `chains` has ended on every loop,
    /// `loop_stopped` and `destroy`. `done` runs on the control thread.
    public func retire(
        _ instances: [PluginInstance], chains: [PolicyChain],
        done: @escaping @Sendable () -> Void
    ) {
        control.async { [self] in
            for instance in instances { instance.retire() }
            onEveryLoop { loop, report in
                loop.whenDrained(chains) { loop in
                    for instance in instances { loop.stop(instance) }
                    report(true)
                }
            } done: { [self] _ in
                control.async { [self] in
                    for instance in instances { forget(instance) }
                    for chain in chains { forget(chain) }
                    done()
                }
            }
        }
    }

    /// Destroys what is left and joins the control thread. After the last `LoopHost.shutdown`;
    /// not on a loop and not on the control thread.
    public func shutdown() {
        control.sync { [self] in
            let (instances, chains) = state.withLock { state in
                (Array(state.instances.values), Array(state.chains.values))
            }
            for instance in instances.sorted(by: { $0.index > $1.index }) { forget(instance) }
            for chain in chains { forget(chain) }
        }
        control.stop()
        domain.release()
    }

    /// Destroys an instance that no loop knows. On the control thread.
    func discard(_ instance: PluginInstance) { forget(instance) }

    private func forget(_ instance: PluginInstance) {
        instance.destroy()
        state.withLock { state in
            if state.instances.removeValue(forKey: instance.index) != nil {
                state.freeInstances.append(instance.index)
            }
        }
    }

    private func takeInstanceIndex() -> Int {
        state.withLock { state in
            if !state.freeInstances.isEmpty { return state.freeInstances.removeFirst() }
            state.usedInstances += 1
            return state.usedInstances - 1
        }
    }

    // MARK: Chains

    func takeChainIndex() -> Int {
        state.withLock { state in
            if !state.freeChains.isEmpty { return state.freeChains.removeFirst() }
            state.usedChains += 1
            return state.usedChains - 1
        }
    }

    func keep(_ chain: PolicyChain) { state.withLock { $0.chains[chain.index] = chain } }

    private func forget(_ chain: PolicyChain) {
        state.withLock { state in
            if state.chains.removeValue(forKey: chain.index) != nil {
                state.freeChains.append(chain.index)
            }
        }
    }

    // MARK: Loops

    /// A loop starts: it gets the instances to start and the tasks that waited for a loop.
    func join(_ mailbox: LoopMailbox) -> [PluginInstance] {
        let (instances, tasks) = state.withLock { state in
            state.loops.append(mailbox)
            defer { state.waitingTasks = [] }
            return (
                state.instances.values.sorted { $0.index < $1.index }, state.waitingTasks
            )
        }
        for task in tasks { _ = mailbox.post(.task(task), isBounded: false) }
        return instances
    }

    func leave(_ mailbox: LoopMailbox) {
        state.withLock { $0.loops.removeAll { $0 === mailbox } }
    }

    var loops: [LoopMailbox] { state.withLock { $0.loops } }

    /// Runs something on one of the loops, or on the first one when none has started yet.
    func onSomeLoop(_ task: @escaping @Sendable (LoopHost) -> Void) -> Bool {
        let mailbox = state.withLock { state -> LoopMailbox?? in
            if state.loops.isEmpty {
                guard state.waitingTasks.count < Limits.fetchesBeforeLoopsMax else { return nil }
                state.waitingTasks.append(task)
                return .some(nil)
            }
            state.nextLoop = (state.nextLoop &+ 1) % state.loops.count
            return state.loops[state.nextLoop]
        }
        guard let mailbox else { return false }
        guard let mailbox else { return true }
        return mailbox.post(.task(task), isBounded: false) == .taken
    }

    private func onEveryLoop(
        _ task:
            @escaping @Sendable (LoopHost, _ report: @escaping @Sendable (Bool) -> Void) -> Void,
        done: @escaping @Sendable (Bool) -> Void
    ) {
        let loops = self.loops
        let countdown = Countdown(loops.count, done: done)
        for mailbox in loops {
            let posted = mailbox.post(
                .task { loop in task(loop) { countdown.report($0) } }, isBounded: false)
            if posted != .taken { countdown.report(true) }
        }
    }

    // MARK: Fetch

    /// How far this instance's request to a URL reaches; nil: denied by the operator's rules.
    func reach(_ instance: PluginInstance, _ origin: HTTPURL.Origin, asked: UInt32) -> FetchReach? {
        if fetchAllow.contains(origin) { return .configured }
        switch asked {
        case 0: return instance.origins.contains(origin) ? .configured : nil
        case 1: return origin.isSecure ? .publicOnly : nil
        default: return nil
        }
    }
}

/// Why something of the host could not be made.
public struct PluginHostError: Error, Sendable, CustomStringConvertible {
    /// One sentence.
    public var description: String
}
