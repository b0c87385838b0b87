import CGatehouse
import GatehousePluginHost
import Synchronization

/// What a phase of a test policy is given: the handles, and the tables as short functions.
struct Call {
    let x: gh_exchange
    let policy: TestPolicy
    var flags: UInt32 = 0
    var status: UInt32 = 0
    var claim: UInt32 = 0
    var slots: [String?] = []
    var repeated: UInt32 = 0
    var body = ""
    var isEnd = false
    var token: UInt64 = 0
    var result: gh_status = 0
    var payload = ""
    let state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
}

/// A policy whose phases are closures, behind a C function table.
///
/// Its events are recorded in the order in which they happen.
final class TestPolicy: @unchecked Sendable {
    // Safety: the closures are set before the instance is created; `events` has a lock.
    typealias Phase = (Call) -> Int

    let name: String
    let orderClass: OrderClass
    let kind: PluginKind
    var wantsRequest: [String] = []
    var wantsResponse: [String] = []
    var claims: [(path: String, isPrefix: Bool)] = []
    var notes: [String] = []
    var create: ((TestPolicy, UnsafePointer<gh_diagnostics>?, Bool) -> Int)?
    var loopStarted: ((UInt32) -> Int)?
    var requestHead: Phase?
    var requestBody: Phase?
    var responseHead: Phase?
    var responseBody: Phase?
    var resumed: Phase?
    var provide: ((String, String, UnsafePointer<gh_sink>?) -> Int)?
    var completed: ((UInt64, gh_status, String) -> Void)?
    private(set) var handle: gh_instance = 0
    private(set) var configuration = ""
    private let log: EventLog
    private let table: UnsafeMutablePointer<gh_policy>

    init(
        _ name: String, _ log: EventLog = EventLog(), orderClass: OrderClass = .normal,
        kind: PluginKind = .policy
    ) {
        self.name = name
        self.log = log
        self.orderClass = orderClass
        self.kind = kind
        table = .allocate(capacity: 1)
    }

    deinit { table.deallocate() }

    var events: [String] { log.all }
    func record(_ event: String) { log.add("\(name) \(event)") }

    /// The plugin as the host opens it; phases without a closure are NULL in the table.
    var functions: PluginFunctions {
        var policy = TestPolicy.policyTable
        if requestHead == nil { policy.request_head = nil }
        if requestBody == nil { policy.request_body = nil }
        if responseHead == nil { policy.response_head = nil }
        if responseBody == nil { policy.response_body = nil }
        if resumed == nil { policy.resumed = nil }
        table.initialize(to: policy)
        return PluginFunctions(
            name: name, kind: kind, orderClass: orderClass,
            library: Unmanaged.passUnretained(self).toOpaque(),
            plugin: UnsafePointer(TestPolicy.pluginTable),
            policy: kind == .provider ? nil : UnsafePointer(table),
            provider: kind == .provider ? UnsafePointer(TestPolicy.providerTable) : nil)
    }

    // MARK: From the tables

    fileprivate func create(
        _ handle: gh_instance, _ json: String, _ isDryRun: Bool,
        _ diagnostics: UnsafePointer<gh_diagnostics>?
    ) -> Int {
        self.handle = handle
        configuration = json
        let route = Host.route.pointee
        var number: UInt32 = 0
        for name in wantsRequest {
            _ = Host.lend(name) { route.want_field(handle, 0, $0, &number) }
        }
        for name in wantsResponse {
            _ = Host.lend(name) { route.want_field(handle, 1, $0, &number) }
        }
        for claim in claims {
            let match: UInt32 = claim.isPrefix ? 1 : 0
            _ = Host.lend(claim.path) { route.claim_path(handle, match, $0, 0, &number) }
        }
        for note in notes {
            _ = Host.lend(note) { route.declare_note(handle, $0, 1, &number) }
        }
        return create?(self, diagnostics, isDryRun) ?? Int(GH_OK)
    }

    fileprivate func call(
        _ phase: Phase?, _ event: String, _ call: Call
    ) -> gh_action {
        record(event)
        return gh_action(phase?(call) ?? Int(GH_CONTINUE))
    }

    fileprivate static func of(_ raw: UnsafeMutableRawPointer?) -> TestPolicy {
        guard let raw else { preconditionFailure("the host lost the instance") }
        return Unmanaged<TestPolicy>.fromOpaque(raw).takeUnretainedValue()
    }
}

/// What happened, in order, over all policies of a test.
final class EventLog: Sendable {
    private let events = Mutex<[String]>([])
    func add(_ event: String) { events.withLock { $0.append(event) } }
    var all: [String] { events.withLock { $0 } }
    func clear() { events.withLock { $0 = [] } }
}

extension TestPolicy {
    fileprivate static func text(_ bytes: gh_str) -> String {
        guard let ptr = bytes.ptr else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: ptr, count: bytes.len), as: UTF8.self)
    }

    nonisolated(unsafe) fileprivate static let pluginTable = immortal(
        gh_plugin(
            config_schema: nil,
            create: { library, _, handle, json, dryRun, diagnostics, out in
                let policy = TestPolicy.of(library)
                out?.pointee = library
                return gh_status(
                    policy.create(handle, TestPolicy.text(json), dryRun != 0, diagnostics))
            },
            retiring: { TestPolicy.of($0).record("retiring") },
            destroy: { TestPolicy.of($0).record("destroyed") },
            completed: { instance, token, result in
                guard let result else { return }
                let outcome = result.assumingMemoryBound(to: gh_result.self).pointee
                let policy = TestPolicy.of(instance)
                policy.record("completed \(token) \(outcome.status)")
                policy.completed?(token, outcome.status, TestPolicy.text(outcome.body))
            },
            status: { _, sink in
                guard let sink else { return gh_status(GH_INVALID) }
                return Host.lend("{}") { sink.pointee.write(sink.pointee.ctx, $0) }
            }))

    nonisolated(unsafe) fileprivate static let providerTable = immortal(
        gh_provider_hooks(call: { instance, hook, input, sink, _ in
            let policy = TestPolicy.of(instance)
            return gh_status(
                policy.provide?(TestPolicy.text(hook), TestPolicy.text(input), sink)
                    ?? Int(GH_UNSUPPORTED))
        }))

    fileprivate static let policyTable = gh_policy(
        loop_started: { instance, loop, out in
            let policy = TestPolicy.of(instance)
            policy.record("loop_started")
            out?.pointee = instance
            return gh_status(policy.loopStarted?(loop) ?? Int(GH_OK))
        },
        loop_stopped: { instance, _ in TestPolicy.of(instance).record("loop_stopped") },
        request_head: { instance, _, x, head, state in
            let policy = TestPolicy.of(instance)
            return policy.call(policy.requestHead, "request", .init(x, policy, head, state))
        },
        request_body: { instance, _, x, body, state in
            let policy = TestPolicy.of(instance)
            return policy.call(policy.requestBody, "request body", .init(x, policy, body, state))
        },
        response_head: { instance, _, x, head, state in
            let policy = TestPolicy.of(instance)
            return policy.call(policy.responseHead, "response", .init(x, policy, head, state))
        },
        response_body: { instance, _, x, body, state in
            let policy = TestPolicy.of(instance)
            return policy.call(
                policy.responseBody, "response body", .init(x, policy, body, state))
        },
        resumed: { instance, _, x, token, result, state in
            let policy = TestPolicy.of(instance)
            let outcome = result?.pointee ?? gh_result()
            return policy.call(
                policy.resumed, "resumed \(token) \(outcome.status)",
                .init(
                    x: x, policy: policy, token: token, result: outcome.status,
                    payload: TestPolicy.text(outcome.body), state: state))
        },
        notified: { instance, _, token, payload in
            TestPolicy.of(instance).record("notified \(token) \(TestPolicy.text(payload))")
        },
        ended: { instance, _, _, reason, _ in
            TestPolicy.of(instance).record("ended \(reason)")
        })

    private static func immortal<T>(_ table: T) -> UnsafeMutablePointer<T> {
        let pointer = UnsafeMutablePointer<T>.allocate(capacity: 1)
        pointer.initialize(to: table)
        return pointer
    }
}

extension Call {
    fileprivate init(
        _ x: gh_exchange, _ policy: TestPolicy, _ head: UnsafePointer<gh_head>?,
        _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) {
        let head = head?.pointee ?? gh_head()
        let slots = (0..<Int(head.slot_count)).map { index -> String? in
            guard let slot = head.slots?[index], slot.ptr != nil else { return nil }
            return TestPolicy.text(slot)
        }
        self.init(
            x: x, policy: policy, flags: head.flags, status: head.status, claim: head.claim,
            slots: slots, repeated: head.repeated, state: state)
    }

    fileprivate init(
        _ x: gh_exchange, _ policy: TestPolicy, _ body: UnsafePointer<gh_body>?,
        _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) {
        let body = body?.pointee ?? gh_body()
        let text = (0..<Int(body.chunk_count)).map { TestPolicy.text(body.chunks[$0]) }.joined()
        self.init(
            x: x, policy: policy, body: text, isEnd: body.end_of_message != 0, state: state)
    }
}
