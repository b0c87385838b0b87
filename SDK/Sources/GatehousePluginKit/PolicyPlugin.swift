/// The phases of an exchange that a policy takes part in; the others cost nothing.
public struct Phases: OptionSet, Sendable {
    /// One bit a phase.
    public let rawValue: UInt32

    /// Takes the bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The head of the request.
    public static let requestHead = Phases(rawValue: 1)
    /// The body of the request, where ``Exchange/readBody(_:_:limit:)`` asked for it.
    public static let requestBody = Phases(rawValue: 2)
    /// The head of every response.
    public static let responseHead = Phases(rawValue: 4)
    /// The body of the response, where ``Exchange/readBody(_:_:limit:)`` asked for it.
    public static let responseBody = Phases(rawValue: 8)
}

/// What a callback answers.
public enum Action: UInt32, Sendable {
    /// On to the next policy.
    case proceed = 0
    /// Hold this direction until an operation of this exchange is delivered.
    case pause = 1
    /// ``Exchange/respond(_:)`` or ``Exchange/startResponse(status:fields:writable:)`` was called.
    case responded = 2
    /// On, and leave this policy out of the rest of the exchange.
    case done = 3
    /// The policy could not decide: the exchange fails closed.
    case fail = 4
}

/// Why an exchange is over.
public enum EndReason: UInt32, Sendable {
    /// Request and response are complete.
    case complete = 0
    /// The client left.
    case clientGone = 1
    /// The upstream failed in the middle.
    case upstreamFailed = 2
    /// A timeout of the gateway.
    case timeout = 3
    /// A protocol error, or the gateway cut it short.
    case reset = 4
    /// The gateway is stopping.
    case draining = 5
    /// Something else.
    case other = 6
}

/// The methods that have a number.
public enum Method: UInt32, Sendable {
    /// None of the others: read the attribute ``Attribute/method``.
    case other = 0
    /// RFC 9110 §9.3.1.
    case get = 1
    /// RFC 9110 §9.3.2.
    case head = 2
    /// RFC 9110 §9.3.3.
    case post = 3
    /// RFC 9110 §9.3.4.
    case put = 4
    /// RFC 9110 §9.3.5.
    case delete = 5
    /// RFC 9110 §9.3.7.
    case options = 6
    /// RFC 5789.
    case patch = 7
    /// RFC 9110 §9.3.8.
    case trace = 8
}

/// A policy, or a backend: one instance of one configured route.
///
/// The instance is shared by every loop, so what it holds is immutable or belongs to the control
/// thread; what changes with the traffic is in `LoopState`, of which each loop has its own.
/// Callbacks never block.
public protocol PolicyPlugin: AnyObject, Sendable {
    /// What one event loop keeps for this instance; confined to the loop.
    associatedtype LoopState: AnyObject

    /// What the plugin says of itself.
    static var manifest: Manifest { get }
    /// The JSON Schema (2020-12) of its configuration; the host validates against it first.
    static var configurationSchema: String { get }
    /// The phases it takes part in.
    static var phases: Phases { get }

    /// Makes an instance of a configuration that the schema allows. **Thread:** control.
    ///
    /// Never waits for the network. What is wrong is reported to `setup.diagnostics` before it
    /// throws.
    init(_ setup: PluginSetup) throws(ConfigurationRejected)

    /// A loop begins. **Thread:** that loop.
    /// - Returns: its state; nil when the instance cannot work there.
    func startLoop(_ number: UInt32) -> LoopState?
    /// A loop ends, after its last exchange. **Thread:** that loop.
    func stopLoop(_ loop: LoopState)

    /// The head of a request. **Thread:** the exchange's loop, as for all that follow.
    func requestHead(_ exchange: Exchange, _ head: Head, _ loop: LoopState) -> Action
    /// A part of a request's body, or the whole.
    func requestBody(_ exchange: Exchange, _ body: BodyPart, _ loop: LoopState) -> Action
    /// The head of a response, of whatever origin.
    func responseHead(_ exchange: Exchange, _ head: Head, _ loop: LoopState) -> Action
    /// A part of a response's body, or the whole.
    func responseBody(_ exchange: Exchange, _ body: BodyPart, _ loop: LoopState) -> Action
    /// An operation of the exchange is delivered.
    func resumed(
        _ exchange: Exchange, token: UInt64, _ result: OperationResult, _ loop: LoopState
    ) -> Action
    /// What ``InstanceHost/broadcast(_:token:)`` sent.
    func notified(token: UInt64, _ payload: BorrowedBytes, _ loop: LoopState)
    /// The exchange is over; once for every exchange whose request head was seen, unless the policy
    /// answered ``Action/done`` with a tag of 0.
    func ended(_ exchange: Exchange, _ reason: EndReason, _ loop: LoopState)

    /// An operation of the instance is delivered. **Thread:** control.
    func completed(token: UInt64, _ result: OperationResult)
    /// Superseded by a new configuration. **Thread:** control.
    func retiring()
    /// The instance ends; nothing of it is called any more. **Thread:** control.
    func destroyed()
    /// Health, ages and counts for the admin page; no secrets. **Thread:** any.
    func status() -> String?

    // The same callbacks as the C table has them. Their defaults are what makes a typed state of an
    // opaque pointer; nobody implements them.

    /// See ``requestHead(_:_:_:)``.
    func rawRequestHead(_ exchange: Exchange, _ head: Head, _ loop: RawLoop) -> Action
    /// See ``requestBody(_:_:_:)``.
    func rawRequestBody(_ exchange: Exchange, _ body: BodyPart, _ loop: RawLoop) -> Action
    /// See ``responseHead(_:_:_:)``.
    func rawResponseHead(_ exchange: Exchange, _ head: Head, _ loop: RawLoop) -> Action
    /// See ``responseBody(_:_:_:)``.
    func rawResponseBody(_ exchange: Exchange, _ body: BodyPart, _ loop: RawLoop) -> Action
    /// See ``resumed(_:token:_:_:)``.
    func rawResumed(
        _ exchange: Exchange, token: UInt64, _ result: OperationResult, _ loop: RawLoop
    ) -> Action
    /// See ``notified(token:_:_:)``.
    func rawNotified(token: UInt64, _ payload: BorrowedBytes, _ loop: RawLoop)
    /// See ``ended(_:_:_:)``.
    func rawEnded(_ exchange: Exchange, _ reason: EndReason, _ loop: RawLoop)
    /// See ``startLoop(_:)``.
    func rawStartLoop(_ number: UInt32) -> UnsafeMutableRawPointer?
    /// See ``stopLoop(_:)``.
    func rawStopLoop(_ loop: RawLoop)
}

/// A loop's state on its way through C.
public struct RawLoop {
    @usableFromInline let pointer: UnsafeMutableRawPointer

    init(_ pointer: UnsafeMutableRawPointer) { self.pointer = pointer }
}

extension PolicyPlugin {
    /// Goes on.
    public func requestBody(_: Exchange, _: BodyPart, _: LoopState) -> Action { .proceed }
    /// Goes on.
    public func responseHead(_: Exchange, _: Head, _: LoopState) -> Action { .proceed }
    /// Goes on.
    public func responseBody(_: Exchange, _: BodyPart, _: LoopState) -> Action { .proceed }
    /// Fails: a policy that starts operations implements it.
    public func resumed(
        _: Exchange, token: UInt64, _: OperationResult, _: LoopState
    ) -> Action { .fail }
    /// Does nothing.
    public func notified(token: UInt64, _: BorrowedBytes, _: LoopState) {}
    /// Does nothing.
    public func ended(_: Exchange, _: EndReason, _: LoopState) {}
    /// Does nothing.
    public func stopLoop(_: LoopState) {}
    /// Does nothing.
    public func completed(token: UInt64, _: OperationResult) {}
    /// Does nothing.
    public func retiring() {}
    /// Does nothing.
    public func destroyed() {}
    /// Has none.
    public func status() -> String? { nil }
}
