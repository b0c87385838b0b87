/// The phases in which a policy takes part; the others cost nothing.
public struct PolicyPhases: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32

    /// Phases of these bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// ``PolicyPlugin/requestHead(_:_:_:_:)``.
    public static let requestHead = PolicyPhases(rawValue: 1)
    /// ``PolicyPlugin/requestBody(_:_:_:_:)``.
    public static let requestBody = PolicyPhases(rawValue: 2)
    /// ``PolicyPlugin/responseHead(_:_:_:_:)``.
    public static let responseHead = PolicyPhases(rawValue: 4)
    /// ``PolicyPlugin/responseBody(_:_:_:_:)``.
    public static let responseBody = PolicyPhases(rawValue: 8)
    /// ``PolicyPlugin/resumed(_:_:token:_:_:)``.
    public static let resumed = PolicyPhases(rawValue: 16)
    /// ``PolicyPlugin/notified(_:token:payload:)``.
    public static let notified = PolicyPhases(rawValue: 32)
    /// ``PolicyPlugin/ended(_:_:_:_:)``.
    public static let ended = PolicyPhases(rawValue: 64)
}

/// A policy, or a backend, which is a policy that ends the chain.
///
/// One object serves all loops: what it changes after its creation it changes on the control
/// thread, and the loops read what they were given by a broadcast or keep in their loop state.
/// Callbacks never block, never throw, and do not allocate on the way of a request that passes.
public protocol PolicyPlugin: PluginInstance {
    /// What the policy keeps for each loop: caches and counters without locks. A final class.
    associatedtype LoopState: AnyObject

    /// The phases in which it takes part.
    static var phases: PolicyPhases { get }

    /// A loop begins to serve the instance. [control or loop], before its first exchange.
    ///
    /// - Throws: what keeps the instance from being used.
    func loopStarted(_ loop: UInt32) throws(HostError) -> LoopState

    /// A loop has ended with the instance.
    func loopStopped(_ loop: LoopState)

    /// The head of a request. [loop]
    func requestHead(
        _ loop: LoopState, _ exchange: Exchange, _ head: MessageHead,
        _ state: inout ExchangeState
    ) -> Action

    /// A piece of the request's body, where it was asked for. [loop]
    func requestBody(
        _ loop: LoopState, _ exchange: Exchange, _ body: MessageBody,
        _ state: inout ExchangeState
    ) -> Action

    /// The head of the response, the core's own included. [loop]
    func responseHead(
        _ loop: LoopState, _ exchange: Exchange, _ head: MessageHead,
        _ state: inout ExchangeState
    ) -> Action

    /// A piece of the response's body, where it was asked for. [loop]
    func responseBody(
        _ loop: LoopState, _ exchange: Exchange, _ body: MessageBody,
        _ state: inout ExchangeState
    ) -> Action

    /// An operation of the exchange came to its end. [loop]
    func resumed(
        _ loop: LoopState, _ exchange: Exchange, token: UInt64, _ result: OperationResult,
        _ state: inout ExchangeState
    ) -> Action

    /// A broadcast reached this loop. [loop]
    func notified(_ loop: LoopState, token: UInt64, payload: BorrowedBytes)

    /// The exchange is over; takes back what the state holds. [loop]
    func ended(
        _ loop: LoopState, _ exchange: Exchange, _ reason: EndReason,
        _ state: inout ExchangeState)
}

extension PolicyPlugin {
    /// Does nothing.
    public func loopStopped(_ loop: LoopState) {}

    /// Continues.
    public func requestHead(
        _ loop: LoopState, _ exchange: Exchange, _ head: MessageHead,
        _ state: inout ExchangeState
    ) -> Action { .continue }

    /// Continues.
    public func requestBody(
        _ loop: LoopState, _ exchange: Exchange, _ body: MessageBody,
        _ state: inout ExchangeState
    ) -> Action { .continue }

    /// Continues.
    public func responseHead(
        _ loop: LoopState, _ exchange: Exchange, _ head: MessageHead,
        _ state: inout ExchangeState
    ) -> Action { .continue }

    /// Continues.
    public func responseBody(
        _ loop: LoopState, _ exchange: Exchange, _ body: MessageBody,
        _ state: inout ExchangeState
    ) -> Action { .continue }

    /// Fails: an operation that nobody began.
    public func resumed(
        _ loop: LoopState, _ exchange: Exchange, token: UInt64, _ result: OperationResult,
        _ state: inout ExchangeState
    ) -> Action { .fail }

    /// Does nothing.
    public func notified(_ loop: LoopState, token: UInt64, payload: BorrowedBytes) {}

    /// Does nothing.
    public func ended(
        _ loop: LoopState, _ exchange: Exchange, _ reason: EndReason,
        _ state: inout ExchangeState
    ) {}
}

/// The loop state of a policy that keeps none.
public final class NoLoopState {
    /// Nothing.
    public init() {}
}

extension PolicyPlugin where LoopState == NoLoopState {
    /// Nothing to keep.
    public func loopStarted(_ loop: UInt32) throws(HostError) -> NoLoopState { NoLoopState() }
}
