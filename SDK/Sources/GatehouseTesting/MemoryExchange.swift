internal import CGatehouse

/// One exchange of a policy in a ``MemoryHost``: the test plays the core.
public final class MemoryExchange {
    /// What a callback of the policy answered.
    public enum Action: UInt32, Sendable {
        /// On to the next policy.
        case `continue` = 0
        /// It waits for an operation.
        case pause = 1
        /// It answered.
        case responded = 2
        /// On, without this policy from now on.
        case done = 3
        /// It could not decide.
        case fail = 4
        /// The response ends here by intent.
        case finish = 5
        /// Something that is no action, or no callback for this phase.
        case none = 99
    }

    let instance: MemoryInstance
    private(set) var handle: UInt64 = 0
    private var state: UnsafeMutableRawPointer?
    private(set) var memory: LentMemory?
    var phase: UInt32 = 0
    private var isEnded = false

    /// The request, as the edits left it.
    public internal(set) var request: TestMessage
    /// The response, as the edits left it; nil before it came.
    public internal(set) var response: TestMessage?
    /// What the policy answered by itself.
    public internal(set) var ownResponse: RecordedResponse?
    /// How the policy reads the body of each direction: 0 not, 1 observe, 2 stream, 3 whole.
    public internal(set) var bodyModes: [UInt32] = [0, 0]
    /// The notes by name.
    public internal(set) var notes: [String: String] = [:]
    /// The answer of the last callback.
    public private(set) var lastAction = Action.none
    /// `scheme://authority` as clients see it.
    public var externalBase = "http://gateway.test"
    /// The address of the client.
    public var peerAddress = "192.0.2.1"

    init(instance: MemoryInstance, request: TestMessage) {
        self.instance = instance
        self.request = request
        handle = Registry.add(self)
    }

    deinit { Registry.remove(handle) }

    /// The head of the request reaches the policy.
    @discardableResult
    public func requestHead() -> Action {
        phase = 1
        return callHead(instance.policy?.request_head, request, direction: 0)
    }

    /// The head of a response reaches the policy.
    @discardableResult
    public func responseHead(_ message: TestMessage) -> Action {
        phase = 3
        response = message
        return callHead(instance.policy?.response_head, message, direction: 1)
    }

    /// A piece of the request's body reaches the policy.
    @discardableResult
    public func requestBody(_ chunks: [[UInt8]], isEnd: Bool) -> Action {
        phase = 2
        return callBody(instance.policy?.request_body, chunks, isEnd)
    }

    /// A piece of the response's body reaches the policy.
    @discardableResult
    public func responseBody(_ chunks: [[UInt8]], isEnd: Bool) -> Action {
        phase = 4
        return callBody(instance.policy?.response_body, chunks, isEnd)
    }

    /// The exchange is over; once.
    public func end(reason: UInt32 = 0) {
        guard !isEnded else { return }
        isEnded = true
        instance.host.drop(owner: handle)
        lending { _ in
            instance.policy?.ended?(instance.pointer, instance.loop, handle, reason, state)
            return 0
        }
        Registry.remove(handle)
    }

    /// The operation of that token came to its end.
    func resume(_ token: UInt64, _ delivery: PendingDelivery) {
        guard !isEnded, let resumed = instance.policy?.resumed else { return }
        let pausedIn = phase
        let raw = lending { memory in
            var result = delivery.result(memory)
            result.phase = pausedIn
            let lent = memory.lend(values: [result])
            return resumed(
                instance.pointer, instance.loop, handle, token, lent.map { UnsafePointer($0) },
                &state)
        }
        lastAction = Action(rawValue: raw) ?? .none
    }

    private typealias HeadFunction =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, gh_exchange,
            UnsafePointer<gh_head>?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> gh_action

    private func callHead(
        _ function: HeadFunction?, _ message: TestMessage, direction: Int
    ) -> Action {
        guard let function, !isEnded else { return .none }
        let raw = lending { memory in
            let head = head(of: message, direction, memory)
            return function(
                instance.pointer, instance.loop, handle,
                memory.lend(values: [head]).map { UnsafePointer($0) }, &state)
        }
        lastAction = Action(rawValue: raw) ?? .none
        return lastAction
    }

    private func head(
        of message: TestMessage, _ direction: Int, _ memory: LentMemory
    ) -> gh_head {
        let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]
        var head = gh_head()
        head.struct_size = UInt32(MemoryLayout<gh_head>.size)
        head.flags = message.hasNoBody ? 1 : 0
        head.status = direction == 1 ? message.status : 0
        head.method = methods.firstIndex(of: request.method).map { UInt32($0 + 1) } ?? 0
        head.claim = request.claim
        head.unix_ns = instance.host.unixNanoseconds
        var slots: [gh_str] = []
        for (at, name) in instance.wanted[direction].enumerated() {
            let values = message.values(name)
            slots.append(values.first.map { memory.lend($0) } ?? gh_str())
            if values.count > 1 { head.repeated |= 1 << UInt32(at) }
        }
        head.slot_count = UInt32(slots.count)
        head.slots = memory.lend(values: slots).map { UnsafePointer($0) }
        return head
    }

    private func callBody(
        _ function: (
            @convention(c) (
                UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, gh_exchange,
                UnsafePointer<gh_body>?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
            ) -> gh_action
        )?, _ chunks: [[UInt8]], _ isEnd: Bool
    ) -> Action {
        guard let function, !isEnded else { return .none }
        let raw = lending { memory in
            var body = gh_body()
            body.struct_size = UInt32(MemoryLayout<gh_body>.size)
            body.end_of_message = isEnd ? 1 : 0
            body.chunk_count = UInt32(chunks.count)
            body.chunks = memory.lend(values: chunks.map { memory.lend($0) })
                .map { UnsafePointer($0) }
            return function(
                instance.pointer, instance.loop, handle,
                memory.lend(values: [body]).map { UnsafePointer($0) }, &state)
        }
        lastAction = Action(rawValue: raw) ?? .none
        return lastAction
    }

    /// Runs a callback with memory that is inaccessible once it has returned.
    @discardableResult
    private func lending(_ body: (LentMemory) -> UInt32) -> UInt32 {
        let lent = LentMemory()
        memory = lent
        defer {
            lent.revoke()
            kept.append(lent)
            memory = nil
        }
        return body(lent)
    }

    /// Revoked memory stays mapped until the exchange is gone, so that its addresses are not
    /// given out again.
    private var kept: [LentMemory] = []
}
