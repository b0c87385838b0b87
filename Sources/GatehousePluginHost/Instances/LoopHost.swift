/// The plugins' home on one event loop: handle slots, operations, per-loop states of the
/// instances, and the free list of exchanges.
///
/// **Confined to:** the event loop, made and shut down on its thread.
public final class LoopHost {
    /// The loop's number in this process, as `loop_started` is told.
    public let number: UInt32
    let services: any LoopServices

    /// Makes the home of the calling thread's loop and starts every instance on it.
    /// - Throws: when this process has 255 loops already.
    public init(host: PluginHost, services: any LoopServices) throws(PluginHostError) {
        self.services = services
        number = 0
    }

    /// Begins an exchange; nil when the loop's bound is reached (answer 503).
    ///
    /// The owner is referenced until `ExchangeRun.end`.
    public func begin(
        chain: PolicyChain, view: ExchangeView, owner: any ExchangeOwner
    ) -> ExchangeRun? { nil }

    /// A timer of `LoopServices.startTimer` is due.
    public func timerFired(_ id: UInt64) {}

    /// Ends every exchange that is left, stops the instances on this loop.
    ///
    /// Once, on its thread.
    public func shutdown() {}
}
