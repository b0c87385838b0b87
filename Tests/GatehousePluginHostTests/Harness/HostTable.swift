import CGatehouse
import GatehousePluginHost

/// The host's tables, found as a plugin finds them.
enum Host {
    static func table<T>(_ id: String, as type: T.Type) -> UnsafePointer<T> {
        let host = HostTables.host.pointee
        guard let raw = host.get_interface(host.ctx, id) else {
            preconditionFailure("the host has no \(id)")
        }
        return raw.assumingMemoryBound(to: type)
    }

    nonisolated(unsafe) static let base = table(GH_IFACE_HOST_BASE, as: gh_host_base.self)
    nonisolated(unsafe) static let route = table(GH_IFACE_HOST_ROUTE, as: gh_host_route.self)
    nonisolated(unsafe) static let exchange = table(
        GH_IFACE_HOST_EXCHANGE, as: gh_host_exchange.self)
    nonisolated(unsafe) static let async = table(GH_IFACE_HOST_ASYNC, as: gh_host_async.self)
    nonisolated(unsafe) static let fetch = table(GH_IFACE_HOST_FETCH, as: gh_host_fetch.self)
    nonisolated(unsafe) static let cache = table(GH_IFACE_HOST_CACHE, as: gh_host_cache.self)
    nonisolated(unsafe) static let secrets = table(
        GH_IFACE_HOST_SECRETS, as: gh_host_secrets.self)
    nonisolated(unsafe) static let metrics = table(
        GH_IFACE_HOST_METRICS, as: gh_host_metrics.self)
    nonisolated(unsafe) static let providers = table(
        GH_IFACE_HOST_PROVIDERS, as: gh_host_providers.self)

    static func lend<R>(_ text: String, _ body: (gh_str) -> R) -> R {
        var text = text
        return text.withUTF8 { bytes in
            body(
                gh_str(
                    ptr: UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(
                        to: CChar.self), len: bytes.count))
        }
    }

    static func text(_ bytes: gh_str) -> String {
        guard let ptr = bytes.ptr else { return "" }
        return String(
            decoding: UnsafeRawBufferPointer(start: ptr, count: bytes.len), as: UTF8.self)
    }

    /// Collects what is written to a sink.
    static func collect(_ body: (UnsafePointer<gh_sink>) -> gh_status) -> (Int, String) {
        var text = ""
        let status = withUnsafeMutablePointer(to: &text) { text -> gh_status in
            var sink = gh_sink(
                ctx: text,
                write: { context, bytes in
                    context?.assumingMemoryBound(to: String.self).pointee += Host.text(bytes)
                    return gh_status(GH_OK)
                })
            return withUnsafePointer(to: &sink, body)
        }
        return (Int(status), text)
    }

    static func withFields<R>(
        _ fields: [(String, String)], _ body: (UnsafePointer<gh_field>?, UInt32) -> R
    ) -> R {
        let bytes = fields.map { (Array($0.0.utf8CString), Array($0.1.utf8CString)) }
        let lent = bytes.map { name, value in
            gh_field(name: Host.lasting(name), value: Host.lasting(value))
        }
        defer {
            for field in lent {
                field.name.ptr?.deallocate()
                field.value.ptr?.deallocate()
            }
        }
        return lent.withUnsafeBufferPointer { body($0.baseAddress, UInt32($0.count)) }
    }

    private static func lasting(_ bytes: [CChar]) -> gh_str {
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        copy.initialize(from: bytes, count: bytes.count)
        return gh_str(ptr: UnsafePointer(copy), len: bytes.count - 1)
    }
}

extension Call {
    func edit(_ direction: UInt32, _ op: Int, _ name: String, _ value: String = "") -> Int {
        Host.withFields([(name, value)]) { fields, _ in
            guard let field = fields?.pointee else { return Int(GH_INTERNAL) }
            var edit = gh_edit(op: UInt32(op), reserved: 0, name: field.name, value: field.value)
            var bad: UInt32 = 0
            return Int(Host.exchange.pointee.edit(x, direction, &edit, 1, &bad))
        }
    }

    func respond(
        _ status: UInt32, _ fields: [(String, String)] = [], body: String = ""
    ) -> Int {
        Host.withFields(fields) { fields, count in
            Host.lend(body) { body in
                Host.lend("why") { reason in
                    Int(Host.exchange.pointee.respond(x, status, fields, count, body, reason))
                }
            }
        }
    }

    func field(_ direction: UInt32, _ name: String, _ index: UInt32 = 0) -> String? {
        var out = gh_str()
        let status = Host.lend(name) {
            Host.exchange.pointee.field(x, direction, $0, index, &out)
        }
        return status == GH_OK ? Host.text(out) : nil
    }

    /// Begins an operation that complete() ends; 0 when refused.
    func begin(_ token: UInt64, deadlineMs: UInt32 = 1_000) -> gh_operation {
        var operation: gh_operation = 0
        _ = Host.async.pointee.begin(policy.handle, x, token, deadlineMs, &operation)
        return operation
    }

    func readBody(_ direction: UInt32, _ mode: Int, max: UInt64 = 0) -> Int {
        Int(Host.exchange.pointee.read_body(x, direction, UInt32(mode), max))
    }
}
