// How a typed loop state travels through C: retained once while the loop lives, and lent to each
// callback as a guaranteed reference, so that no callback counts references.

extension PolicyPlugin {
    /// Lends the state to `body`.
    @inlinable
    func lent<R>(_ loop: RawLoop, _ body: (LoopState) -> R) -> R {
        Unmanaged<LoopState>.fromOpaque(loop.pointer)._withUnsafeGuaranteedRef(body)
    }

    /// See ``requestHead(_:_:_:)``.
    @inlinable
    public func rawRequestHead(_ exchange: Exchange, _ head: Head, _ loop: RawLoop) -> Action {
        lent(loop) { requestHead(exchange, head, $0) }
    }

    /// See ``requestBody(_:_:_:)``.
    @inlinable
    public func rawRequestBody(_ exchange: Exchange, _ body: BodyPart, _ loop: RawLoop) -> Action {
        lent(loop) { requestBody(exchange, body, $0) }
    }

    /// See ``responseHead(_:_:_:)``.
    @inlinable
    public func rawResponseHead(_ exchange: Exchange, _ head: Head, _ loop: RawLoop) -> Action {
        lent(loop) { responseHead(exchange, head, $0) }
    }

    /// See ``responseBody(_:_:_:)``.
    @inlinable
    public func rawResponseBody(_ exchange: Exchange, _ body: BodyPart, _ loop: RawLoop) -> Action {
        lent(loop) { responseBody(exchange, body, $0) }
    }

    /// See ``resumed(_:token:_:_:)``.
    @inlinable
    public func rawResumed(
        _ exchange: Exchange, token: UInt64, _ result: OperationResult, _ loop: RawLoop
    ) -> Action {
        lent(loop) { resumed(exchange, token: token, result, $0) }
    }

    /// See ``notified(token:_:_:)``.
    @inlinable
    public func rawNotified(token: UInt64, _ payload: BorrowedBytes, _ loop: RawLoop) {
        lent(loop) { notified(token: token, payload, $0) }
    }

    /// See ``ended(_:_:_:)``.
    @inlinable
    public func rawEnded(_ exchange: Exchange, _ reason: EndReason, _ loop: RawLoop) {
        lent(loop) { ended(exchange, reason, $0) }
    }

    /// See ``startLoop(_:)``.
    @inlinable
    public func rawStartLoop(_ number: UInt32) -> UnsafeMutableRawPointer? {
        startLoop(number).map { Unmanaged.passRetained($0).toOpaque() }
    }

    /// See ``stopLoop(_:)``.
    @inlinable
    public func rawStopLoop(_ loop: RawLoop) {
        let state = Unmanaged<LoopState>.fromOpaque(loop.pointer).takeRetainedValue()
        stopLoop(state)
    }
}
