public import CGatehouse

/// The host's side of the contract: one set of immortal tables for the whole process.
///
/// Every function takes a handle that leads to its host, so the tables have no context.
public enum HostTables {
    /// What a library's entry is given. Immortal.
    ///
    /// `get_interface` answers NULL for an id that this host does not know.
    public static var host: UnsafePointer<gh_host> { UnsafePointer(table.pointer) }

    /// A table of the host by its id; nil when unknown.
    public static func interface(_ id: String) -> UnsafeRawPointer? {
        switch id {
        case GH_IFACE_HOST_BASE: UnsafeRawPointer(base.pointer)
        case GH_IFACE_HOST_ROUTE: UnsafeRawPointer(route.pointer)
        case GH_IFACE_HOST_EXCHANGE: UnsafeRawPointer(exchange.pointer)
        case GH_IFACE_HOST_ASYNC: UnsafeRawPointer(asynchronous.pointer)
        case GH_IFACE_HOST_FETCH: UnsafeRawPointer(fetch.pointer)
        case GH_IFACE_HOST_CACHE: UnsafeRawPointer(cache.pointer)
        case GH_IFACE_HOST_SECRETS: UnsafeRawPointer(secrets.pointer)
        case GH_IFACE_HOST_METRICS: UnsafeRawPointer(metrics.pointer)
        case GH_IFACE_HOST_PROVIDERS: UnsafeRawPointer(providers.pointer)
        default: nil
        }
    }

    /// A table that is never freed.
    struct Immortal<Table>: @unchecked Sendable {
        // Safety: written once, before it is shared.
        let pointer: UnsafeMutablePointer<Table>

        init(_ table: Table) {
            pointer = .allocate(capacity: 1)
            pointer.initialize(to: table)
        }
    }

    private static let table = Immortal(
        gh_host(
            struct_size: UInt32(MemoryLayout<gh_host>.size), abi_minor: UInt32(GH_ABI_MINOR),
            product: immortal("gatehouse"), version: immortal("0.1.0"), ctx: nil,
            get_interface: { _, id in
                guard let id else { return nil }
                return HostTables.interface(String(cString: id))
            }))

    private static func immortal(_ text: StaticString) -> gh_str {
        gh_str(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}

/// The instance of a handle; a stale one finds nothing.
@inline(__always)
func instance(_ handle: gh_instance) -> PluginInstance? {
    PluginInstance.registry.find(Handle(raw: handle))
}

/// The instance of a handle where everything but the route table is denied in a dry run.
func activeInstance(_ handle: gh_instance) -> Result<(PluginInstance, PluginHost), Refusal> {
    guard let instance = instance(handle), let host = instance.host else {
        return .failure(Refusal(GH_GONE))
    }
    return instance.isDryRun ? .failure(Refusal(GH_UNSUPPORTED)) : .success((instance, host))
}

/// A status as an error, so that checks read in a row.
struct Refusal: Error {
    let status: gh_status

    init(_ status: Int) { self.status = gh_status(status) }
}

/// Runs checks that may refuse, and answers the refusal's status.
@inline(__always)
func answering(_ body: () throws(Refusal) -> gh_status) -> gh_status {
    do { return try body() } catch { return error.status }
}
