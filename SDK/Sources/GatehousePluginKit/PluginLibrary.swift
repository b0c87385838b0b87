public import CGatehouse

/// What the one exported function of a library calls.
public enum PluginLibrary {
    /// One plugin of a library.
    public struct Offer: Sendable {
        let manifest: String
        let schema: String
        let kind: Manifest.Kind
        let phases: Phases
        let make: @Sendable (PluginSetup) throws(ConfigurationRejected) -> InstanceBox

        /// Offers a policy or a backend.
        public static func policy<P: PolicyPlugin>(_: P.Type) -> Offer {
            Offer(
                manifest: P.manifest.json, schema: P.configurationSchema, kind: P.manifest.kind,
                phases: P.phases
            ) { (setup) throws(ConfigurationRejected) in
                PolicyBox(try P(setup), setup.host)
            }
        }

        /// Offers a provider.
        public static func provider<P: ProviderPlugin>(_: P.Type) -> Offer {
            Offer(
                manifest: P.manifest.json, schema: P.configurationSchema, kind: .provider,
                phases: []
            ) { (setup) throws(ConfigurationRejected) in
                ProviderBox(try P(setup))
            }
        }
    }

    /// Opens the library for a host: the body of `gatehouse_plugin_entry_v1`.
    ///
    /// - Returns: GH_OK, or GH_INCOMPATIBLE for a host that is not ours.
    public static func open(
        _ host: UnsafePointer<gh_host>?, _ library: UnsafeMutablePointer<gh_library>?,
        _ offers: [Offer]
    ) -> gh_status {
        guard let host, let library,
            host.pointee.struct_size >= UInt32(MemoryLayout<gh_host>.size),
            library.pointee.struct_size >= UInt32(MemoryLayout<gh_library>.size)
        else { return HostError.incompatible.rawValue }
        let box = LibraryBox(offers, HostTables(host))
        library.pointee.abi_minor_required = 0
        library.pointee.plugin_count = UInt32(offers.count)
        library.pointee.ctx = Unmanaged.passRetained(box).toOpaque()
        library.pointee.manifest = { LibraryBox.at($0)?.manifest($1) ?? .none }
        library.pointee.get_interface = { LibraryBox.at($0)?.interface($1, $2) }
        // What the library holds is small and lives as long as the process, as the library does.
        library.pointee.shutdown = { _ in }
        return 0
    }
}

/// An instance on its way through C.
class InstanceBox {}

final class PolicyBox: InstanceBox {
    let policy: any PolicyPlugin
    let tables: HostTables

    init(_ policy: any PolicyPlugin, _ host: InstanceHost) {
        self.policy = policy
        tables = host.tables
    }
}

final class ProviderBox: InstanceBox {
    let provider: any ProviderPlugin

    init(_ provider: any ProviderPlugin) { self.provider = provider }
}

/// A library that was opened once; its texts and tables have fixed addresses.
final class LibraryBox {
    private struct Entry {
        let offer: PluginLibrary.Offer
        let manifest: UnsafeRawBufferPointer
        let schema: UnsafeRawBufferPointer
        let plugin: UnsafePointer<gh_plugin>
        let table: UnsafeRawPointer
    }

    private let entries: [Entry]
    private let tables: HostTables

    init(_ offers: [PluginLibrary.Offer], _ tables: HostTables) {
        self.tables = tables
        entries = offers.map { offer in
            let isProvider = offer.kind == .provider
            return Entry(
                offer: offer, manifest: Self.keep(offer.manifest), schema: Self.keep(offer.schema),
                plugin: Self.keep(PluginTable.make(isProvider: isProvider)),
                table: isProvider
                    ? UnsafeRawPointer(Self.keep(ProviderTable.make()))
                    : UnsafeRawPointer(Self.keep(PolicyTable.make(offer.phases))))
        }
    }

    static func at(_ context: UnsafeMutableRawPointer?) -> LibraryBox? {
        context.map { Unmanaged<LibraryBox>.fromOpaque($0).takeUnretainedValue() }
    }

    func manifest(_ index: UInt32) -> gh_str {
        entry(index).map { gh_str($0.manifest) } ?? .none
    }

    func schema(_ index: UInt32) -> gh_str {
        entry(index).map { gh_str($0.schema) } ?? .none
    }

    func interface(_ index: UInt32, _ id: UnsafePointer<CChar>?) -> UnsafeRawPointer? {
        guard let id, let entry = entry(index) else { return nil }
        let name = String(cString: id)
        if name == GH_IFACE_PLUGIN { return UnsafeRawPointer(entry.plugin) }
        let own = entry.offer.kind == .provider ? GH_IFACE_PROVIDER : GH_IFACE_POLICY
        return name == own ? entry.table : nil
    }

    func create(_ index: UInt32, _ setup: PluginSetup) throws(ConfigurationRejected) -> InstanceBox
    {
        guard let entry = entry(index) else { throw ConfigurationRejected() }
        return try entry.offer.make(setup)
    }

    func host(_ handle: gh_instance) -> InstanceHost {
        InstanceHost(handle: handle, tables: tables)
    }

    private func entry(_ index: UInt32) -> Entry? {
        entries.indices.contains(Int(index)) ? entries[Int(index)] : nil
    }

    /// Copies to memory that is never freed.
    private static func keep(_ text: String) -> UnsafeRawBufferPointer {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
        copy.copyBytes(from: text.utf8)
        return UnsafeRawBufferPointer(copy)
    }

    private static func keep<T>(_ table: T) -> UnsafePointer<T> {
        let copy = UnsafeMutablePointer<T>.allocate(capacity: 1)
        copy.initialize(to: table)
        return UnsafePointer(copy)
    }
}
