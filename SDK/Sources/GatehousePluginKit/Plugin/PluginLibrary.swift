public import CGatehouse
internal import GatehouseJSON

/// One plugin that a library offers.
public struct PluginOffer {
    let manifest: PluginManifest
    let schema: String
    let policy: gh_policy?
    let provider: gh_provider_hooks?
    let create: (CreationContext) throws(ConfigurationRefused) -> InstanceBox

    /// A policy or a backend.
    public static func policy<Policy: PolicyPlugin>(_ type: Policy.Type) -> PluginOffer {
        PluginOffer(
            manifest: type.manifest, schema: type.configurationSchema,
            policy: Thunks.policyTable(type.phases), provider: nil
        ) { context throws(ConfigurationRefused) in
            PolicyBox(try Policy(context), context.host)
        }
    }

    /// A provider adapter.
    public static func provider<Adapter: ProviderPlugin>(_ type: Adapter.Type) -> PluginOffer {
        PluginOffer(
            manifest: type.manifest, schema: type.configurationSchema, policy: nil,
            provider: Thunks.providerTable()
        ) { context throws(ConfigurationRefused) in
            ProviderBox(try Adapter(context))
        }
    }
}

/// A library as the host sees it: made when it is entered, and never gone, as the code is not.
///
/// Its export is one function:
///
///     @_cdecl("gatehouse_plugin_entry_v1")
///     public func entry(
///         _ host: UnsafePointer<gh_host>?, _ library: UnsafeMutablePointer<gh_library>?
///     ) -> gh_status {
///         PluginLibrary.enter(host, library, offering: [.policy(MyPolicy.self)])
///     }
public final class PluginLibrary {
    private let tables: UnsafeMutablePointer<HostTables>
    private let offers: [Offer]

    /// An offer with all that the host may keep pointers to.
    private struct Offer {
        let offer: PluginOffer
        let manifest: BorrowedBytes
        let schema: BorrowedBytes
        let plugin: UnsafeMutablePointer<gh_plugin>
        let policy: UnsafeMutablePointer<gh_policy>?
        let provider: UnsafeMutablePointer<gh_provider_hooks>?
    }

    /// Answers the host's call of the exported function. [control]
    public static func enter(
        _ host: UnsafePointer<gh_host>?, _ library: UnsafeMutablePointer<gh_library>?,
        offering offers: [PluginOffer]
    ) -> gh_status {
        guard let host, let library else { return HostError.invalid.code }
        guard host.pointee.struct_size >= UInt32(MemoryLayout<gh_host>.size),
            library.pointee.struct_size >= UInt32(MemoryLayout<gh_library>.size),
            let interface = host.pointee.get_interface
        else { return HostError.incompatible.code }
        for id in offers.flatMap(\.manifest.requires)
        where interface(host.pointee.ctx, id) == nil {
            return HostError.incompatible.code
        }
        let entered = PluginLibrary(host.pointee, offers)
        fill(library, with: entered)
        return 0
    }

    private init(_ host: gh_host, _ offers: [PluginOffer]) {
        tables = .allocate(capacity: 1)
        tables.initialize(to: HostTables(host))
        let texts = Unmanaged.passRetained(StableText()).takeUnretainedValue()
        self.offers = offers.map { offer in
            Offer(
                offer: offer, manifest: texts.add(offer.manifest.json.serialized(.compact)),
                schema: texts.add(offer.schema), plugin: kept(PluginLibrary.pluginTable()),
                policy: offer.policy.map(kept), provider: offer.provider.map(kept))
        }
    }

    private static func fill(
        _ library: UnsafeMutablePointer<gh_library>, with entered: PluginLibrary
    ) {
        library.pointee.abi_minor_required = 0
        library.pointee.plugin_count = UInt32(clamping: entered.offers.count)
        library.pointee.ctx = Unmanaged.passRetained(entered).toOpaque()
        library.pointee.manifest = { context, index in
            PluginLibrary.offer(context, index)?.manifest.abi ?? gh_str()
        }
        library.pointee.get_interface = { context, index, id in
            guard let offer = PluginLibrary.offer(context, index), let id else { return nil }
            switch String(cString: id) {
            case GH_IFACE_PLUGIN: return UnsafeRawPointer(offer.plugin)
            case GH_IFACE_POLICY: return offer.policy.map { UnsafeRawPointer($0) }
            case GH_IFACE_PROVIDER: return offer.provider.map { UnsafeRawPointer($0) }
            default: return nil
            }
        }
        library.pointee.shutdown = { _ in }
    }

    private static func offer(_ context: UnsafeMutableRawPointer?, _ index: UInt32) -> Offer? {
        guard let context else { return nil }
        let library = Unmanaged<PluginLibrary>.fromOpaque(context).takeUnretainedValue()
        return index < library.offers.count ? library.offers[Int(index)] : nil
    }

    private static func pluginTable() -> gh_plugin {
        var table = gh_plugin()
        table.config_schema = { context, index in
            PluginLibrary.offer(context, index)?.schema.abi ?? gh_str()
        }
        table.create = { context, index, instance, configuration, isDryRun, diagnostics, out in
            guard let out else { return HostError.invalid.code }
            return PluginLibrary.create(
                context, index, instance, BorrowedBytes(configuration), isDryRun != 0,
                Diagnostics(pointer: diagnostics), out)
        }
        table.retiring = { instance in
            guard let instance else { return }
            Thunks.with(instance) { $0.retiring() }
        }
        table.destroy = { instance in
            guard let instance else { return }
            Unmanaged<InstanceBox>.fromOpaque(instance).release()
        }
        table.completed = { instance, token, result in
            guard let instance, let result else { return }
            let typed = result.assumingMemoryBound(to: gh_result.self)
            Thunks.with(instance) { $0.completed(token, OperationResult(result: typed)) }
        }
        table.status = { instance, sink in
            guard let instance, let sink, let write = sink.pointee.write else {
                return HostError.invalid.code
            }
            guard let value = Thunks.with(instance, { $0.status() }) else {
                return HostError.unsupported.code
            }
            return borrowing(value.serializedBytes(.compact)) { write(sink.pointee.ctx, $0) }
        }
        return table
    }

    private static func create(
        _ context: UnsafeMutableRawPointer?, _ index: UInt32, _ handle: gh_instance,
        _ configuration: BorrowedBytes, _ isDryRun: Bool, _ diagnostics: Diagnostics,
        _ out: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    ) -> gh_status {
        guard let offer = offer(context, index), let context else { return HostError.invalid.code }
        let library = Unmanaged<PluginLibrary>.fromOpaque(context).takeUnretainedValue()
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: configuration.unsafeBytes)
        } catch {
            diagnostics.report(.error(JSONPointer(), "\(error)"))
            return HostError.invalid.code
        }
        let host = Host(tables: UnsafePointer(library.tables), instance: handle)
        let creation = CreationContext(
            configuration: value, host: host, route: RouteSetup(host: host),
            diagnostics: diagnostics, isDryRun: isDryRun)
        do throws(ConfigurationRefused) {
            let box = try offer.offer.create(creation)
            out.pointee = Unmanaged<InstanceBox>.passRetained(box).toOpaque()
            return 0
        } catch {
            return HostError.invalid.code
        }
    }
}

/// A value at an address that stays: tables of a library live as long as its code, which is
/// never unloaded.
private func kept<Value>(_ value: Value) -> UnsafeMutablePointer<Value> {
    let pointer = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    pointer.initialize(to: value)
    return pointer
}
