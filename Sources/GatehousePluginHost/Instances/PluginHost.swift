/// Everything of plugins in one process, or in one test: the control thread, the instances, the
/// loops, the metrics and the cache.
///
/// Life: `init`; `create` instances and make chains; on every loop's thread a `LoopHost`; `start`
/// for instances that came later; at the end `LoopHost.shutdown` on every loop, then `shutdown`.
/// **Thread:** any, unless said.
public final class PluginHost: Sendable {
    /// The thread of create, destroy and of the operations of instances.
    public let control = ControlThread()

    /// What an operator may set.
    public struct Options: Sendable {
        /// Origins (`https://host:port`) that every fetch may reach, `fetch.allow`.
        public var fetchAllow: [String] = []
        /// Finds a provider plugin by the name in a configuration; nil: not installed.
        public var provider: @Sendable (_ name: String) -> PluginFunctions? = { _ in nil }

        /// Nothing allowed, no providers.
        public init() {}
    }

    /// Makes a host and starts its control thread.
    /// - Throws: when no thread can be made or this process has too many hosts.
    public init(
        services: any ProcessServices, clock: any HostClock = SystemClock(),
        options: Options = Options()
    ) throws(PluginHostError) {}

    /// Creates an instance on the control thread and waits for it.
    ///
    /// `configuration` is canonical JSON that was validated against the plugin's schema. With
    /// `isDryRun` the instance is destroyed again before this returns; its claims and diagnostics
    /// are what counts. **Thread:** any but a loop's.
    public func create(
        _ functions: PluginFunctions, configuration: String, route: RouteDescription,
        isDryRun: Bool = false
    ) -> InstanceOutcome { InstanceOutcome(instance: nil, diagnostics: []) }

    /// Starts an instance on every loop there is, then calls `done` on the control thread; false
    /// when `loop_started` failed on one (that instance's routes answer 503 there).
    public func start(
        _ instances: [PluginInstance], done: @escaping @Sendable (_ started: Bool) -> Void
    ) {}

    /// Superseded: `retiring()`, and when the last exchange of `chains` has ended on every loop,
    /// `loop_stopped` and `destroy`.
    ///
    /// `done` runs on the control thread.
    public func retire(
        _ instances: [PluginInstance], chains: [PolicyChain],
        done: @escaping @Sendable () -> Void
    ) {}

    /// Destroys what is left and joins the control thread.
    ///
    /// After the last `LoopHost.shutdown`; not on a loop and not on the control thread.
    public func shutdown() {}
}

/// Why something of the host could not be made.
public struct PluginHostError: Error, Sendable, CustomStringConvertible {
    /// One sentence.
    public var description: String
}
