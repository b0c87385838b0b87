internal import CGatehouse
internal import GatehouseJSON

/// The tables that a ``MemoryHost`` hands out; one set for all, because every function is told by
/// a handle whom it concerns.
enum HostFunctions {
    static func table(_ id: String) -> UnsafeRawPointer? {
        switch id {
        case GH_IFACE_HOST_BASE: kept.base
        case GH_IFACE_HOST_ROUTE: kept.route
        case GH_IFACE_HOST_EXCHANGE: kept.exchange
        case GH_IFACE_HOST_ASYNC: kept.async
        case GH_IFACE_HOST_FETCH: kept.fetch
        case GH_IFACE_HOST_CACHE: kept.cache
        case GH_IFACE_HOST_SECRETS: kept.secrets
        case GH_IFACE_HOST_METRICS: kept.metrics
        case GH_IFACE_HOST_PROVIDERS: kept.providers
        default: nil
        }
    }

    private struct Kept: @unchecked Sendable {
        let base = address(HostFunctions.base)
        let route = address(HostFunctions.route)
        let exchange = address(HostFunctions.exchange)
        let async = address(HostFunctions.async)
        let fetch = address(HostFunctions.fetch)
        let cache = address(HostFunctions.cache)
        let secrets = address(HostFunctions.secrets)
        let metrics = address(HostFunctions.metrics)
        let providers = address(HostFunctions.providers)
    }

    private static let kept = Kept()

    private static func address<Table>(_ table: Table) -> UnsafeRawPointer {
        let pointer = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        pointer.initialize(to: table)
        return UnsafeRawPointer(pointer)
    }

    static func instance(_ handle: gh_instance) -> MemoryInstance? {
        Registry.object(handle, MemoryInstance.self)
    }

    static let gone = gh_status(GH_GONE)
    static let invalid = gh_status(GH_INVALID)

    private static var base: gh_host_base {
        gh_host_base(
            log: { handle, _, level, message, fields, count in
                HostFunctions.instance(handle)?.log.append(
                    RecordedLog(
                        level: level, message: message.text, fields: copied(fields, count)))
            },
            log_enabled: { _, _ in 1 },
            monotonic_ns: { HostFunctions.instance($0)?.host.monotonicNanoseconds ?? 0 },
            unix_ns: { HostFunctions.instance($0)?.host.unixNanoseconds ?? 0 },
            random: { handle, out, count in
                guard HostFunctions.instance(handle) != nil else { return HostFunctions.gone }
                var generator = SystemRandomNumberGenerator()
                let bytes = UnsafeMutableRawBufferPointer(start: out, count: count)
                for at in bytes.indices { bytes[at] = UInt8.random(in: 0...255, using: &generator) }
                return 0
            },
            ready: { handle, isReady, reason in
                guard let instance = HostFunctions.instance(handle) else {
                    return HostFunctions.gone
                }
                instance.readiness = (isReady != 0, reason.text)
                return 0
            })
    }

    private static var route: gh_host_route {
        gh_host_route(
            want_field: { handle, direction, name, out in
                let name = name.text.lowercased()
                guard direction < 2, let out, Checks.isName(name) else {
                    return HostFunctions.invalid
                }
                return HostFunctions.declare(handle) { instance in
                    let known = instance.wanted[Int(direction)]
                    let at = known.firstIndex(of: name) ?? known.count
                    guard at < GH_WANTED_FIELDS_MAX else { return gh_status(GH_LIMIT) }
                    if at == known.count { instance.wanted[Int(direction)].append(name) }
                    out.pointee = UInt32(at)
                    return 0
                }
            },
            claim_path: { handle, match, path, _, out in
                guard match < 2, let out, Checks.isPath(path.text) else {
                    return HostFunctions.invalid
                }
                return HostFunctions.declare(handle) { instance in
                    instance.claims.append((path.text, match == 1))
                    out.pointee = UInt32(instance.claims.count)
                    return 0
                }
            },
            declare_note: { handle, name, flags, out in
                guard let out, !name.text.isEmpty, name.len <= 64 else {
                    return HostFunctions.invalid
                }
                return HostFunctions.declare(handle) { instance in
                    instance.notes.append((name.text, flags & 1 != 0))
                    out.pointee = UInt32(instance.notes.count)
                    return 0
                }
            },
            describe: { handle, sink in
                guard let instance = HostFunctions.instance(handle) else {
                    return HostFunctions.gone
                }
                return write(instance.route.serializedBytes(.compact), to: sink)
            })
    }

    /// A declaration of an instance while it is created; later callbacks are on a loop.
    private static func declare(
        _ handle: gh_instance, _ change: (MemoryInstance) -> gh_status
    ) -> gh_status {
        guard let instance = instance(handle) else { return gone }
        return instance.isCreating ? change(instance) : gh_status(GH_WRONG_THREAD)
    }
}
