import CGatehouse
import CGatehouseHost
import Glibc

/// Loads a library that was probed into this process, for ever.
struct LibraryOpener: @unchecked Sendable {
    // Safety: the host's tables are immutable and live as long as the process.

    /// What the entry is given.
    let host: UnsafePointer<gh_host>

    typealias Entry =
        @convention(c) (UnsafePointer<gh_host>?, UnsafeMutablePointer<gh_library>?) -> gh_status

    /// Opens the copy at `path` and checks that it answers what the probe was told.
    ///
    /// **Thread:** [control], or before there are loops.
    /// - Throws: why its plugins are not used; the library stays mapped even then.
    func open(
        _ path: String, as probed: [ProbedPlugin], manifests: [PluginManifest]
    ) throws(PluginRefusal) -> [PluginFunctions] {
        guard let before = gatehouse_signals_read() else {
            throw PluginRefusal(.notLoadable, "there is no memory to load it")
        }
        defer { gatehouse_signals_free(before) }
        let library = try negotiate(path)
        let changed = gatehouse_signals_changed(before)
        guard changed == 0 else {
            gatehouse_signals_restore(before)
            throw PluginRefusal(
                .signalsChanged,
                "loading it changed what the gateway does on \(Probe.names(ofSignals: changed)); "
                    + "that was put back")
        }
        guard library.pointee.plugin_count == probed.count else {
            throw Self.differs("the number of its plugins")
        }
        var opened: [PluginFunctions] = []
        for (index, plugin) in probed.enumerated() {
            opened.append(
                try functions(library, UInt32(index), as: plugin, manifest: manifests[index]))
        }
        return opened
    }

    /// Loads, and calls the entry with tables that are never freed.
    private func negotiate(_ path: String) throws(PluginRefusal) -> UnsafeMutablePointer<gh_library>
    {
        var address: UnsafeMutableRawPointer?
        var error = [CChar](repeating: 0, count: 1_024)
        let status = gatehouse_library_open(path, &address, &error, error.count)
        guard status == 0, let address else {
            let bytes = error.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
            throw PluginRefusal(
                .notLoadable, "it cannot be loaded: \(LoadingText.printable(bytes, most: 400))")
        }
        let entry = unsafeBitCast(address, to: Entry.self)
        let library = UnsafeMutablePointer<gh_library>.allocate(capacity: 1)
        library.initialize(to: gh_library())
        library.pointee.struct_size = UInt32(MemoryLayout<gh_library>.size)
        let answer = entry(host, library)
        guard answer == 0, library.pointee.manifest != nil, library.pointee.get_interface != nil
        else {
            throw PluginRefusal(.entryFailed, "its entry answered the status \(answer)")
        }
        return library
    }

    private func functions(
        _ library: UnsafeMutablePointer<gh_library>, _ index: UInt32, as probed: ProbedPlugin,
        manifest: PluginManifest
    ) throws(PluginRefusal) -> PluginFunctions {
        let context = library.pointee.ctx
        guard let ask = library.pointee.manifest, let look = library.pointee.get_interface,
            Self.bytes(ask(context, index)) == probed.manifest
        else { throw Self.differs("its manifest") }
        guard gatehouse_library_tables(library, index) == probed.tables,
            let table = look(context, index, "gatehouse.plugin/0")
        else { throw Self.differs("its tables") }
        let plugin = table.assumingMemoryBound(to: gh_plugin.self)
        guard let schema = plugin.pointee.config_schema,
            Self.bytes(schema(context, index)) == probed.schema
        else { throw Self.differs("its schema") }
        let policy = look(context, index, "gatehouse.policy/0")
        let provider = look(context, index, "gatehouse.provider/0")
        return PluginFunctions(
            name: manifest.name, kind: manifest.kind, orderClass: manifest.orderClass,
            library: context, index: index, plugin: plugin,
            policy: manifest.kind == .provider
                ? nil : policy?.assumingMemoryBound(to: gh_policy.self),
            provider: manifest.kind == .provider
                ? provider?.assumingMemoryBound(to: gh_provider_hooks.self) : nil)
    }

    private static func bytes(_ slice: gh_str) -> [UInt8] {
        guard let start = slice.ptr, slice.len <= LoadingLimits.schemaBytesMax else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: slice.len))
    }

    private static func differs(_ what: String) -> PluginRefusal {
        PluginRefusal(
            .differsFromProbe,
            "\(what) is not what it was in the process that tried it a moment before")
    }

    /// Whether the host offers an interface.
    func offers(_ id: String) -> Bool {
        guard let look = host.pointee.get_interface else { return false }
        return look(host.pointee.ctx, id) != nil
    }
}
