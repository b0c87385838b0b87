internal import CGatehouse
public import GatehouseJSON

/// An instance of a plugin in a ``MemoryHost``, with what it declared and did.
public final class MemoryInstance {
    unowned let host: MemoryHost
    let plugin: gh_plugin
    let policy: gh_policy?
    let provider: gh_provider_hooks?
    let route: JSONValue
    /// The plugin's name, from its manifest.
    let name: String
    var pointer: UnsafeMutableRawPointer?
    var loop: UnsafeMutableRawPointer?
    var isCreating = false
    private(set) var handle: UInt64 = 0

    /// What it said about its configuration.
    public internal(set) var diagnostics: [RecordedDiagnostic] = []
    /// The fields that it asked for, of requests and of responses.
    public internal(set) var wanted: [[String]] = [[], []]
    /// The paths that it claimed; the id of a claim is its index and one.
    public internal(set) var claims: [(path: String, isPrefix: Bool)] = []
    /// The notes that it declared; the id of a note is its index and one.
    public internal(set) var notes: [(name: String, isLogged: Bool)] = []
    /// What it logged.
    public internal(set) var log: [RecordedLog] = []
    /// Whether it is ready, and why not; nil when it never said.
    public internal(set) var readiness: (isReady: Bool, reason: String)?
    /// The sums of its metrics, by the name and the label values with spaces between.
    public internal(set) var metrics: [String: Double] = [:]
    var metricNames: [(name: String, labels: Int)] = []
    var seriesNames: [String] = []

    init(
        host: MemoryHost, plugin: gh_plugin, policy: gh_policy?, provider: gh_provider_hooks?,
        route: JSONValue, name: String
    ) {
        self.host = host
        self.plugin = plugin
        self.policy = policy
        self.provider = provider
        self.route = route
        self.name = name
        handle = Registry.add(self)
    }

    func startLoop() throws(TestHostError) {
        guard let start = policy?.loop_started else { return }
        let status = start(pointer, 0, &loop)
        if status != 0 { throw TestHostError(status: status, diagnostics: []) }
    }

    /// Ends it; once the host itself is going, its functions answer that they are gone.
    func stop(isHostGone: Bool = false) {
        guard pointer != nil else { return }
        if isHostGone { Registry.remove(handle) }
        if policy?.loop_started != nil { policy?.loop_stopped?(pointer, loop) }
        plugin.destroy?(pointer)
        pointer = nil
        Registry.remove(handle)
    }

    /// Tells it that a reload superseded it.
    public func retire() { plugin.retiring?(pointer) }

    /// What it says for the admin page; nil when it says nothing.
    public func status() -> JSONValue? {
        let reporter = Reporter()
        var sink = reporter.sink
        guard plugin.status?(pointer, &sink) == 0 else { return nil }
        return try? JSONValue(parsing: reporter.bytes)
    }

    /// Calls a hook of a provider.
    ///
    /// - Throws: the status, and what the provider said about its input.
    public func call(_ hook: String, _ input: JSONValue) throws(TestHostError) -> JSONValue {
        guard let call = provider?.call else { throw TestHostError(status: -2, diagnostics: []) }
        let reporter = Reporter()
        let memory = LentMemory()
        let sink = memory.lend(values: [reporter.sink])
        let table = memory.lend(values: [reporter.table])
        let status = call(
            pointer, memory.lend(hook), memory.lend(input.serializedBytes(.compact)),
            sink.map { UnsafePointer($0) }, table.map { UnsafePointer($0) })
        memory.revoke()
        guard status == 0 else {
            throw TestHostError(status: status, diagnostics: reporter.diagnostics)
        }
        guard let output = try? JSONValue(parsing: reporter.bytes) else {
            throw TestHostError(status: -12, diagnostics: reporter.diagnostics)
        }
        return output
    }

    /// Begins an exchange.
    public func exchange(_ request: TestMessage) -> MemoryExchange {
        MemoryExchange(instance: self, request: request)
    }
}
