/// The walk of one exchange through its route's chain.
///
/// The proxy gets one from `LoopHost.begin`, feeds it what arrives, performs the `Step` that each
/// call answers, and gives it back with `end`. Objects come from a free list of the loop: an
/// exchange whose policies only continue allocates nothing.
///
/// Order of calls: `requestHead`, `requestBody` while `wantsBody(.request)`, then either
/// `responseHead` (an upstream's response) or `coreResponse` (the proxy's own), `responseBody`
/// while `wantsBody(.response)`, and `end` once, always. `headSent` says when a head has left.
///
/// **Confined to:** the exchange's loop.
public final class ExchangeRun {
    /// What the proxy knows of the request.
    public private(set) var view = ExchangeView()

    init() {}

    // MARK: What the proxy feeds

    /// The request's head is complete: runs the request phase of the policies.
    ///
    /// Answers `.proceed`, `.awaitBody`, `.paused`, `.respond`, `.streaming` or `.fault`.
    public func requestHead() -> Step { .proceed }

    /// A part of the request's body; `isEnd` with the last one (which may be empty).
    ///
    /// Answers `.proceed`, `.absorbed`, `.proceedWhole`, `.paused` (keep the chunk), `.respond`,
    /// `.streaming` or `.fault`. The bytes are borrowed until the call returns or, after `.paused`,
    /// until the pause is over.
    public func requestBody(_ chunk: UnsafeRawBufferPointer, isEnd: Bool) -> Step { .proceed }

    /// The upstream's final response head is complete: runs the response phases, inside out.
    ///
    /// Answers `.proceed`, `.awaitBody`, `.paused`, `.respond`, `.streaming` or `.fault`.
    public func responseHead(_ response: ResponseView) -> Step { .proceed }

    /// A part of the upstream's response body; as `requestBody`.
    ///
    /// After the head has left, a `.fault` means: cut the response short.
    public func responseBody(_ chunk: UnsafeRawBufferPointer, isEnd: Bool) -> Step { .proceed }

    /// The proxy answers by itself (404 of a claim, 502, 503, 504, 413, a fault): runs the response
    /// phases of the policies that ran and stand outside the response's origin.
    ///
    /// Name, value and body are copied. Answers `.respond`, `.streaming`, `.paused` or `.fault`.
    public func coreResponse(
        status: UInt32, fields: [(name: StaticString, value: String)], body: [UInt8]
    ) -> Step { .respond }

    /// The head has left: no more edits, no local response in this direction.
    public func headSent(_ direction: Direction) {}

    /// The streamed response can be written again.
    public func writable() {}

    /// The receive buffer of the request moved: all slices of `view` are taken anew.
    public func requestMoved(_ view: ExchangeView) { self.view = view }

    /// The receive buffer of the response moved.
    public func responseMoved(_ fields: HeadFields) {}

    /// The exchange is over: `ended()` of the policies, operations die, the object is reused.
    ///
    /// Exactly once; the reference must not be used afterwards.
    public func end(_ reason: EndReason) {}

    // MARK: What the proxy reads

    /// Whether any policy reads the body of this direction; if not, bodies pass by.
    public func wantsBody(_ direction: Direction) -> Bool { false }

    /// Whether policies changed the request's head.
    public var hasRequestEdits: Bool { false }
    /// Whether policies changed the upstream's response head.
    public var hasResponseEdits: Bool { false }

    /// Whether a field of the original head is hidden by an edit (set or removed).
    public func isHidden(_ direction: Direction, _ name: UnsafeRawBufferPointer) -> Bool { false }

    /// The fields that edits added, to be written behind the original ones.
    public func forEachAdded(
        _ direction: Direction,
        _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void
    ) {}

    /// The status to write: the upstream's, or what a policy set or answered.
    public var responseStatus: UInt32 { 0 }

    /// Every field of a response to be written, edits applied; framing is not among them.
    public func forEachResponseField(
        _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void
    ) {}

    /// The body of a local response.
    public var responseBody: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    /// The whole body that a policy asked for, after `.proceedWhole`; valid until `end`.
    public func wholeBody(_ direction: Direction) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// What a streamed response wrote before its head could leave, and whether it has finished.
    public func takeBacklog() -> (bytes: [UInt8], isFinished: Bool) { ([], false) }

    /// The policy that answered, for the access log; nil: the upstream or the core.
    public var responder: String? { nil }
    /// The reason that the answering policy gave for the log.
    public var responseReason: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// The notes that are fields of the access log, as `plugin/name` and UTF-8 to be escaped.
    public func forEachLogNote(
        _ body: (_ policy: String, _ note: String, _ value: UnsafeRawBufferPointer) -> Void
    ) {}
}
