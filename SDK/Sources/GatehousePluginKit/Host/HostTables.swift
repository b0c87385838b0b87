internal import CGatehouse

/// The host's tables, looked up once when the library was entered; nil where the host has none.
struct HostTables {
    var base: UnsafePointer<gh_host_base>?
    var route: UnsafePointer<gh_host_route>?
    var exchange: UnsafePointer<gh_host_exchange>?
    var async: UnsafePointer<gh_host_async>?
    var fetch: UnsafePointer<gh_host_fetch>?
    var cache: UnsafePointer<gh_host_cache>?
    var secrets: UnsafePointer<gh_host_secrets>?
    var metrics: UnsafePointer<gh_host_metrics>?
    var providers: UnsafePointer<gh_host_providers>?

    init() {}

    init(_ host: gh_host) {
        func table<Table>(_ id: String) -> UnsafePointer<Table>? {
            host.get_interface?(host.ctx, id)?.assumingMemoryBound(to: Table.self)
        }
        base = table(GH_IFACE_HOST_BASE)
        route = table(GH_IFACE_HOST_ROUTE)
        exchange = table(GH_IFACE_HOST_EXCHANGE)
        async = table(GH_IFACE_HOST_ASYNC)
        fetch = table(GH_IFACE_HOST_FETCH)
        cache = table(GH_IFACE_HOST_CACHE)
        secrets = table(GH_IFACE_HOST_SECRETS)
        metrics = table(GH_IFACE_HOST_METRICS)
        providers = table(GH_IFACE_HOST_PROVIDERS)
    }
}
