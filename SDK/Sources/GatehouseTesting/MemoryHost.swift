public import CGatehouse
public import GatehouseJSON

/// A host in memory: every table of the contract, a clock that a test moves, scripted fetches, and
/// everything that a plugin did on record.
///
/// One thread, the test's. Nothing is delivered inside the call that began it: ``run()`` and
/// ``advance(milliseconds:)`` deliver, as an event loop would.
public final class MemoryHost {
    /// The exported function of a library.
    public typealias Entry = (UnsafePointer<gh_host>?, UnsafeMutablePointer<gh_library>?) ->
        gh_status

    /// Nanoseconds since 1970; moved by ``advance(milliseconds:)`` or set.
    public var unixNanoseconds: Int64 = 1_800_000_000_000_000_000
    /// Nanoseconds of the steady clock.
    public private(set) var monotonicNanoseconds: UInt64 = 1_000_000_000
    /// What an outbound request gets; nil leaves it without an answer until its deadline.
    public var answer: (RecordedFetch) -> ScriptedAnswer? = { _ in .failure(-10) }
    /// Outbound requests, in order.
    public internal(set) var fetches: [RecordedFetch] = []
    /// Secrets by reference.
    public var secrets: [String: [UInt8]] = [:]
    /// The cache by key, with the steady time at which each entry ends.
    var cache: [String: (value: [UInt8], end: UInt64)] = [:]
    /// Providers by name: a hook and its input give an output, or a negative status.
    public var providers: [String: (String, JSONValue) -> Result<JSONValue, TestHostError>] = [:]
    /// Ids of interfaces that this host does not have.
    public var withheld: Set<String> = []

    private var library = gh_library()
    var pending: [PendingDelivery] = []
    var operations: [UInt64: PendingOperation] = [:]
    var waiting: [String: [UInt64]] = [:]
    var joined: Set<String> = []
    var resolved: [ResolvedProvider] = []
    private var instances: [MemoryInstance] = []

    /// A host without a library.
    public init() {}

    /// Enters a library.
    ///
    /// - Throws: the status that the entry answered.
    public func enter(_ entry: Entry) throws(TestHostError) {
        let memory = LentMemory()
        defer { memory.revoke() }
        var host = gh_host()
        host.struct_size = UInt32(MemoryLayout<gh_host>.size)
        host.product = memory.lend("gatehouse-testing")
        host.version = memory.lend("0")
        host.ctx = Unmanaged.passUnretained(self).toOpaque()
        host.get_interface = { context, id in
            guard let context, let id else { return nil }
            let name = String(cString: id)
            let host = Unmanaged<MemoryHost>.fromOpaque(context).takeUnretainedValue()
            return host.withheld.contains(name) ? nil : HostFunctions.table(name)
        }
        library.struct_size = UInt32(MemoryLayout<gh_library>.size)
        let lent = memory.lend(values: [host])
        let status = entry(lent.map { UnsafePointer($0) }, &library)
        if status != 0 { throw TestHostError(status: status, diagnostics: []) }
    }

    /// How many plugins the library offers.
    public var pluginCount: Int { Int(library.plugin_count) }

    /// The manifest of a plugin.
    public func manifest(_ index: UInt32 = 0) throws(JSONError) -> JSONValue {
        try JSONValue(parsing: library.manifest?(library.ctx, index).copied ?? [])
    }

    /// The JSON Schema of a plugin's configuration.
    public func schema(_ index: UInt32 = 0) throws(JSONError) -> JSONValue {
        let plugin: gh_plugin? = table(index, GH_IFACE_PLUGIN)
        return try JSONValue(parsing: plugin?.config_schema?(library.ctx, index).copied ?? [])
    }

    func table<Table>(_ index: UInt32, _ id: String) -> Table? {
        library.get_interface?(library.ctx, index, id)?.assumingMemoryBound(to: Table.self).pointee
    }

    /// Makes an instance for a route and starts it on loop 0.
    ///
    /// - Parameter route: what `describe` answers.
    /// - Throws: the status and the diagnostics when the plugin refuses.
    public func instance(
        _ index: UInt32 = 0, configuration: JSONValue = [:], route: JSONValue = [:],
        isDryRun: Bool = false
    ) throws(TestHostError) -> MemoryInstance {
        guard let plugin: gh_plugin = table(index, GH_IFACE_PLUGIN), let create = plugin.create
        else { throw TestHostError(status: -12, diagnostics: []) }
        let instance = MemoryInstance(
            host: self, plugin: plugin, policy: table(index, GH_IFACE_POLICY),
            provider: table(index, GH_IFACE_PROVIDER), route: route,
            name: (try? manifest(index))?["name"]?.stringValue ?? "")
        let memory = LentMemory()
        let reporter = Reporter()
        let table = memory.lend(values: [reporter.table])
        instance.isCreating = true
        let status = create(
            library.ctx, index, instance.handle,
            memory.lend(configuration.serializedBytes(.canonical)), isDryRun ? 1 : 0,
            table.map { UnsafePointer($0) }, &instance.pointer)
        instance.isCreating = false
        memory.revoke()
        instance.diagnostics = reporter.diagnostics
        guard status == 0, instance.pointer != nil else {
            throw TestHostError(status: status, diagnostics: reporter.diagnostics)
        }
        try instance.startLoop()
        instances.append(instance)
        return instance
    }

    /// Ends an instance: its loop state, then itself.
    public func destroy(_ instance: MemoryInstance) {
        drop(owner: instance.handle)
        instance.stop()
        instances.removeAll { $0 === instance }
    }

    func move(_ milliseconds: UInt64) {
        monotonicNanoseconds += milliseconds * 1_000_000
        unixNanoseconds += Int64(milliseconds) * 1_000_000
    }

    deinit {
        for instance in instances { instance.stop(isHostGone: true) }
        library.shutdown?(library.ctx)
    }
}
