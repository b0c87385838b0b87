import CGatehouse
import GatehousePluginHost

/// A policy behind the C tables that does what the request's field `x-do` says: `respond`, `edit`,
/// `timer`, `fail`, `finish` (the response, soon), `whole`, `stream [STATUS]`, `answer STATUS`,
/// `status STATUS` (of the upstream's response), `fetch URL`, `public URL`;
/// otherwise it continues. It marks every response with `x-marked`.
enum ScriptedPolicy {
    static let functions = PluginFunctions(
        name: "scripted", kind: .policy, plugin: UnsafePointer(pluginTable),
        policy: UnsafePointer(policyTable))

    private static func host<T>(_ id: String, as type: T.Type) -> UnsafePointer<T> {
        let host = HostTables.host.pointee
        guard let raw = host.get_interface(host.ctx, id) else {
            preconditionFailure("the host has no \(id)")
        }
        return raw.assumingMemoryBound(to: type)
    }

    nonisolated(unsafe) private static let exchange = host(
        GH_IFACE_HOST_EXCHANGE, as: gh_host_exchange.self)
    nonisolated(unsafe) private static let async = host(
        GH_IFACE_HOST_ASYNC, as: gh_host_async.self)
    nonisolated(unsafe) private static let fetch = host(
        GH_IFACE_HOST_FETCH, as: gh_host_fetch.self)
    nonisolated(unsafe) private static let route = host(
        GH_IFACE_HOST_ROUTE, as: gh_host_route.self)

    private static func lend<R>(_ text: String, _ body: (gh_str) -> R) -> R {
        var text = text
        return text.withUTF8 { bytes in
            body(
                gh_str(
                    ptr: UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self),
                    len: bytes.count))
        }
    }

    private static func text(_ bytes: gh_str) -> String {
        guard let ptr = bytes.ptr else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: ptr, count: bytes.len), as: UTF8.self)
    }

    private static func immortal<T>(_ value: T) -> UnsafeMutablePointer<T> {
        let pointer = UnsafeMutablePointer<T>.allocate(capacity: 1)
        pointer.initialize(to: value)
        return pointer
    }

    // MARK: The plugin

    /// The instance is its own handle: what the tables are asked with.
    nonisolated(unsafe) private static let pluginTable = immortal(
        gh_plugin(
            config_schema: nil,
            create: { _, _, handle, _, _, _, out in
                out?.pointee = UnsafeMutableRawPointer(bitPattern: UInt(handle))
                var claim: UInt32 = 0
                _ = ScriptedPolicy.lend("/claimed") {
                    ScriptedPolicy.route.pointee.claim_path(handle, 0, $0, 0, &claim)
                }
                return gh_status(GH_OK)
            },
            retiring: nil, destroy: { _ in }, completed: nil, status: nil))

    nonisolated(unsafe) private static let policyTable = immortal(
        gh_policy(
            loop_started: nil, loop_stopped: nil,
            request_head: { instance, _, x, head, _ in
                ScriptedPolicy.requestHead(instance, x, claim: head?.pointee.claim ?? 0)
            },
            request_body: { _, _, _, _, _ in gh_action(GH_CONTINUE) },
            response_head: { instance, _, x, _, _ in
                ScriptedPolicy.edit(x, direction: 1, op: 0, "x-marked", "1")
                return ScriptedPolicy.responseHead(instance, x)
            },
            response_body: nil,
            resumed: { _, _, x, token, result, _ in
                ScriptedPolicy.resumed(x, token, result?.pointee ?? gh_result())
            },
            notified: nil, ended: nil))

    private static func requestHead(
        _ instance: UnsafeMutableRawPointer?, _ x: gh_exchange, claim: UInt32
    ) -> gh_action {
        let handle = gh_instance(UInt(bitPattern: instance))
        let words = field(x, "x-do").split(separator: " ").map(String.init)
        var operation: gh_operation = 0
        switch words.first {
        case "answer": return respond(x, words.last.flatMap(UInt32.init) ?? 0, "content")
        case "respond": return respond(x, 401, "{\"error\":\"x\"}")
        case "edit":
            edit(x, direction: 0, op: 2, "authorization", "")
            edit(x, direction: 0, op: 0, "x-user", "me")
            return gh_action(GH_CONTINUE)
        case "timer":
            _ = async.pointee.timer(handle, x, 7, 5, &operation)
            return gh_action(GH_PAUSE)
        case "fail": return gh_action(GH_FAIL)
        case "whole":
            _ = exchange.pointee.read_body(x, 0, 3, 1024)
            return gh_action(GH_CONTINUE)
        case "stream":
            let status = words.last.flatMap(UInt32.init) ?? 200
            _ = exchange.pointee.respond_start(x, status, nil, 0, 9)
            for part in ["one ", "two"] {
                _ = lend(part) { exchange.pointee.respond_write(x, $0) }
            }
            _ = exchange.pointee.respond_finish(x)
            return gh_action(GH_RESPONDED)
        case "fetch", "public":
            let isPublic: UInt32 = words[0] == "public" ? 1 : 0
            let status = begin(handle, x, words.last ?? "", isPublic, &operation)
            return status == GH_OK ? gh_action(GH_PAUSE) : respond(x, 500, "refused \(status)")
        default:
            return claim != 0 ? respond(x, 200, "claimed") : gh_action(GH_CONTINUE)
        }
    }

    private static func responseHead(
        _ instance: UnsafeMutableRawPointer?, _ x: gh_exchange
    ) -> gh_action {
        let words = field(x, "x-do").split(separator: " ").map(String.init)
        if words.first == "status", let status = words.last.flatMap(UInt32.init) {
            _ = exchange.pointee.set_status(x, status)
        }
        guard words.first == "finish" else { return gh_action(GH_CONTINUE) }
        var operation: gh_operation = 0
        let handle = gh_instance(UInt(bitPattern: instance))
        let status = async.pointee.timer(handle, x, 9, 5, &operation)
        return gh_action(status == GH_OK ? GH_CONTINUE : GH_FAIL)
    }

    private static func resumed(
        _ x: gh_exchange, _ token: UInt64, _ result: gh_result
    ) -> gh_action {
        if token == 9 { return gh_action(GH_FINISH) }
        guard token == 8 else { return gh_action(GH_CONTINUE) }
        return respond(x, 200, "\(result.status) \(result.http_status) \(text(result.body))")
    }

    private static func begin(
        _ handle: gh_instance, _ x: gh_exchange, _ url: String, _ reach: UInt32,
        _ operation: UnsafeMutablePointer<gh_operation>
    ) -> gh_status {
        lend("GET") { method in
            lend(url) { url in
                var request = gh_request()
                request.struct_size = UInt32(MemoryLayout<gh_request>.size)
                request.timeout_ms = 5_000
                request.method = method
                request.url = url
                request.flags = 1
                request.max_response_bytes = 100
                request.reach = reach
                return fetch.pointee.fetch(handle, x, 8, &request, operation)
            }
        }
    }

    private static func respond(_ x: gh_exchange, _ status: UInt32, _ body: String) -> gh_action {
        lend(body) { body in
            lend("") { none in
                _ = exchange.pointee.respond(x, status, nil, 0, body, none)
            }
        }
        return gh_action(GH_RESPONDED)
    }

    private static func field(_ x: gh_exchange, _ name: String) -> String {
        var value = gh_str()
        let status = lend(name) { exchange.pointee.field(x, 0, $0, 0, &value) }
        return status == GH_OK ? text(value) : ""
    }

    private static func edit(
        _ x: gh_exchange, direction: UInt32, op: UInt32, _ name: String, _ value: String
    ) {
        lend(name) { name in
            lend(value) { value in
                var edit = gh_edit(op: op, reserved: 0, name: name, value: value)
                var bad: UInt32 = 0
                _ = exchange.pointee.edit(x, direction, &edit, 1, &bad)
            }
        }
    }
}

/// Services of a process that logs nothing.
final class SilentServices: ProcessServices {
    func log(_ record: LogRecord) {}
    func isLogEnabled(_ level: LogLevel) -> Bool { false }
    func secret(_ reference: String) -> [UInt8]? { nil }
    func readinessChanged(_ instance: PluginInstance, isReady: Bool, reason: String) {}
}
