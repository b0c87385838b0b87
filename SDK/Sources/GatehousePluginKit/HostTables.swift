import CGatehouse

/// The tables of the host that loaded this library. They live as long as the host.
@usableFromInline
struct HostTables: Sendable {
    /// The tables, resolved once.
    private final class Storage: @unchecked Sendable {
        // Safety: written before it is shared, read only after.
        var base: UnsafePointer<gh_host_base>?
        var route: UnsafePointer<gh_host_route>?
        var exchange: UnsafePointer<gh_host_exchange>?
        var async: UnsafePointer<gh_host_async>?
        var fetch: UnsafePointer<gh_host_fetch>?
        var cache: UnsafePointer<gh_host_cache>?
        var secrets: UnsafePointer<gh_host_secrets>?
        var metrics: UnsafePointer<gh_host_metrics>?
        var providers: UnsafePointer<gh_host_providers>?
    }

    /// Not counted: a library keeps the storage for the life of the process.
    private unowned(unsafe) let storage: Storage

    var base: UnsafePointer<gh_host_base>? { storage.base }
    var route: UnsafePointer<gh_host_route>? { storage.route }
    var exchange: UnsafePointer<gh_host_exchange>? { storage.exchange }
    var async: UnsafePointer<gh_host_async>? { storage.async }
    var fetch: UnsafePointer<gh_host_fetch>? { storage.fetch }
    var cache: UnsafePointer<gh_host_cache>? { storage.cache }
    var secrets: UnsafePointer<gh_host_secrets>? { storage.secrets }
    var metrics: UnsafePointer<gh_host_metrics>? { storage.metrics }
    var providers: UnsafePointer<gh_host_providers>? { storage.providers }

    /// Asks the host for every table. One is made for each copy of a library that is opened, and
    /// never freed: libraries are never closed.
    init(_ host: UnsafePointer<gh_host>) {
        func table<T>(_ id: String, _: T.Type) -> UnsafePointer<T>? {
            host.pointee.get_interface?(host.pointee.ctx, id)?.assumingMemoryBound(to: T.self)
        }
        let new = Storage()
        new.base = table(GH_IFACE_HOST_BASE, gh_host_base.self)
        new.route = table(GH_IFACE_HOST_ROUTE, gh_host_route.self)
        new.exchange = table(GH_IFACE_HOST_EXCHANGE, gh_host_exchange.self)
        new.async = table(GH_IFACE_HOST_ASYNC, gh_host_async.self)
        new.fetch = table(GH_IFACE_HOST_FETCH, gh_host_fetch.self)
        new.cache = table(GH_IFACE_HOST_CACHE, gh_host_cache.self)
        new.secrets = table(GH_IFACE_HOST_SECRETS, gh_host_secrets.self)
        new.metrics = table(GH_IFACE_HOST_METRICS, gh_host_metrics.self)
        new.providers = table(GH_IFACE_HOST_PROVIDERS, gh_host_providers.self)
        storage = Unmanaged.passRetained(new).takeUnretainedValue()
    }
}
