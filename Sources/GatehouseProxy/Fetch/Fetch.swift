import GatehouseHTTP
import GatehousePluginHost
import NIOCore

/// An outbound request of a plugin, on the loop's own upstream pools. Confined to its loop.
///
/// The URL's origin was checked by the host for `.configured`; for `.publicOnly` every address of
/// the name is checked here, and the connection is made to one that was.
final class Fetch: UpstreamUser {
    let request: FetchRequest
    private let id: UInt64
    private let worker: Worker
    private let completion: @Sendable (FetchOutcome) -> Void

    private var url: HTTPURL?
    private var pool: UpstreamPool?
    private var connection: UpstreamConnection?
    private var deadline: UInt64?
    private var redirects = 0
    private var isRetry = false
    private var isOver = false
    private var startNs: UInt64 = 0

    private var input = ByteBuffer()
    private var parser = ResponseHeadParser(method: .get)
    private let fields = FieldIndex()
    private var head: ResponseHead?
    private var outcome = FetchOutcome(status: FetchStatus.ok, httpStatus: 0, fields: [], body: [])
    private var decoder = BodyDecoder(framing: .none)

    init(
        id: UInt64, request: FetchRequest, worker: Worker,
        completion: @escaping @Sendable (FetchOutcome) -> Void
    ) {
        self.id = id
        self.request = request
        self.worker = worker
        self.completion = completion
    }

    // MARK: Reaching the origin

    /// Begins; the outcome is delivered in a later turn, never inside this call.
    func start() {
        deadline = worker.startTimer(afterMs: request.timeoutMs) { [weak self] in
            self?.fail(
                FetchStatus.timeout, "no complete answer within \(self?.request.timeoutMs ?? 0) ms")
        }
        let bound = NIOLoopBound(self, eventLoop: worker.loop)
        worker.loop.execute {
            let fetch = bound.value
            fetch.go(fetch.request.url)
        }
    }

    /// The owner has gone: nothing is delivered.
    func cancel() {
        isOver = true
        end(isReusable: false)
    }

    private func go(_ url: HTTPURL) {
        guard !isOver else { return }
        self.url = url
        guard request.reach == .publicOnly else { return acquire(url, pinned: nil) }
        guard url.origin.isSecure else {
            return fail(FetchStatus.denied, "only https is allowed here")
        }
        if let address = IPAddress(url.origin.host) { return pin(url, [address]) }
        if let known = worker.resolver.cached(url.origin.host) { return pin(url, known) }
        let bound = NIOLoopBound(self, eventLoop: worker.loop)
        worker.resolver.resolve(url.origin.host, on: worker.loop) { addresses in
            let fetch = bound.value
            if !fetch.isOver { fetch.pin(url, addresses) }
        }
    }

    /// Every address must be public, so that no second look-up can lead elsewhere.
    private func pin(_ url: HTTPURL, _ addresses: [IPAddress]) {
        guard let first = addresses.first else {
            return fail(FetchStatus.io, "the name \(url.origin.host) does not resolve")
        }
        guard addresses.allSatisfy(PublicAddress.isPublic) else {
            return fail(FetchStatus.denied, "\(url.origin.host) is not at a public address")
        }
        acquire(url, pinned: first)
    }

    private func acquire(_ url: HTTPURL, pinned: IPAddress?) {
        let key = UpstreamKey(
            address: .host(url.origin.host, port: url.origin.port),
            tls: url.origin.isSecure ? UpstreamTLS() : nil, pinned: pinned)
        let pool = worker.pool(for: key)
        self.pool = pool
        switch pool.acquire(for: self, connectMs: request.timeoutMs, isNew: isRetry) {
        case .ready(let connection): send(on: connection)
        case .waiting, .queued: break
        case .failed(let failure): upstreamFailed(failure)
        }
    }

    override func upstreamReady(_ connection: UpstreamConnection) {
        worker.touch()
        send(on: connection)
    }

    override func upstreamFailed(_ failure: UpstreamFailure) {
        let isTimeout = failure == .timeout
        fail(isTimeout ? FetchStatus.timeout : FetchStatus.io, "no connection: \(failure)")
    }

    private func send(on connection: UpstreamConnection) {
        guard let url else { return }
        self.connection = connection
        input = ByteBuffer()
        head = nil
        parser = ResponseHeadParser(method: request.method == "HEAD" ? .head : .get)
        var out = ByteBuffer()
        out.writeString("\(request.method) \(url.target) HTTP/1.1\r\nHost: \(url.authority)\r\n")
        for field in request.fields {
            out.writeBytes(field.name)
            out.writeString(": ")
            out.writeBytes(field.value)
            out.writeString("\r\n")
        }
        let takesBody = ["POST", "PUT", "PATCH"].contains(request.method)
        if !request.body.isEmpty || takesBody {
            out.writeString("Content-Length: \(request.body.count)\r\n")
        }
        out.writeString("\r\n")
        out.writeBytes(request.body)
        connection.send(out)
    }

    // MARK: The answer

    override func upstreamRead(_ buffer: ByteBuffer) {
        worker.touch()
        var more = buffer
        input.writeBuffer(&more)
        while head == nil {
            let result = input.withUnsafeReadableBytes { parser.parse($0, into: fields) }
            switch result {
            case .needMore: return
            case .fault(let fault): return fail(FetchStatus.io, fault.reason.rawValue)
            case .head(let head) where head.isInterim:
                input.moveReaderIndex(forwardBy: head.length)
                parser.reset(method: request.method == "HEAD" ? .head : .get)
            case .head(let head): take(head)
            }
        }
        readBody()
    }

    private func take(_ head: ResponseHead) {
        self.head = head
        decoder = BodyDecoder(framing: head.framing)
        outcome.httpStatus = UInt32(head.status)
        outcome.body = []
        outcome.fields = input.withUnsafeReadableBytes { bytes in
            (0..<fields.count).filter { !fields[$0].isHopByHop }.map {
                FetchField(
                    name: Array(bytes[fields[$0].name]), value: Array(bytes[fields[$0].value]))
            }
        }
        input.moveReaderIndex(forwardBy: head.length)
    }

    private func readBody() {
        while !isOver {
            if decoder.isComplete { return complete() }
            let step = input.withUnsafeReadableBytes { bytes in
                let step = decoder.next(bytes)
                if case .data(let range) = step.event { outcome.body += bytes[range] }
                return step
            }
            input.moveReaderIndex(forwardBy: step.consumed)
            guard outcome.body.count <= request.maxResponseBytes else {
                return fail(
                    FetchStatus.limit, "the answer is longer than \(request.maxResponseBytes) bytes"
                )
            }
            switch step.event {
            case .needMore: return
            case .fault(let fault): return fail(FetchStatus.io, fault.reason.rawValue)
            case .data, .end: break
            }
        }
    }

    private func complete() {
        guard let head else { return }
        if let next = redirection(head) {
            redirects += 1
            release(isReusable: head.keepAlive && input.readableBytes == 0)
            return go(next)
        }
        deliver(outcome, isReusable: head.keepAlive && input.readableBytes == 0)
    }

    /// Where to go on: only within the origin, only a method without a body (RFC 9110 §15.4).
    private func redirection(_ head: ResponseHead) -> HTTPURL? {
        guard request.followsSameOriginRedirects, request.reach == .configured,
            [301, 302, 303, 307, 308].contains(head.status),
            redirects < ProxyLimits.redirectsMax, ["GET", "HEAD"].contains(request.method)
        else { return nil }
        let location = outcome.fields.first {
            $0.name.count == 8
                && Bytes.lower(String(decoding: $0.name, as: UTF8.self))
                    == Array("location".utf8)
        }
        guard let url, let location,
            let next = url.resolving(String(decoding: location.value, as: UTF8.self))
        else { return nil }
        return url.origin == next.origin ? next : nil
    }

    override func upstreamClosed(_ failure: UpstreamFailure) {
        worker.touch()
        let wasReused = (connection?.usedBefore ?? 0) > 0
        connection = nil
        if head != nil, failure != .broken, decoder.closed() {
            return deliver(outcome, isReusable: false)
        }
        let isSafe = ["GET", "HEAD"].contains(request.method)
        if head == nil, wasReused, isSafe, !isRetry, input.readableBytes == 0, let pool {
            isRetry = true
            if let url { return acquire(url, pinned: pool.key.pinned) }
        }
        fail(FetchStatus.io, "the connection ended before the answer: \(failure)")
    }

    // MARK: The end

    private func fail(_ status: Int32, _ reason: String) {
        deliver(
            FetchOutcome(status: status, httpStatus: 0, fields: [], body: Array(reason.utf8)),
            isReusable: false)
    }

    private func deliver(_ outcome: FetchOutcome, isReusable: Bool) {
        guard !isOver else { return }
        isOver = true
        end(isReusable: isReusable)
        completion(outcome)
    }

    private func end(isReusable: Bool) {
        if let deadline { worker.cancelTimer(task: deadline) }
        deadline = nil
        worker.fetches[id] = nil
        release(isReusable: isReusable)
    }

    private func release(isReusable: Bool) {
        pool?.cancel(self)
        guard let connection else { return }
        self.connection = nil
        if isReusable, let pool = connection.pool {
            pool.release(connection)
        } else {
            connection.pool?.forget(connection)
            connection.close()
        }
    }
}

/// `gh_status` of the contract, as far as a fetch answers it.
enum FetchStatus {
    static let ok: Int32 = 0
    static let limit: Int32 = -5
    static let timeout: Int32 = -8
    static let denied: Int32 = -9
    static let io: Int32 = -10
}
