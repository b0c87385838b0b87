import CGatehouse
import GatehouseHTTP
import Synchronization

/// One configured plugin: created once, used on every loop, destroyed on the control thread.
///
/// **Thread:** any, unless said.
public final class PluginInstance: Sendable {
    /// Instances of every host in this process, by handle.
    static let registry = Registry<PluginInstance>(
        tag: 0, quarantine: Limits.quarantinedInstances)

    private enum Life {
        case creating
        case live
        case retired
        case destroyed
    }

    private struct State {
        var life = Life.creating
        var setup = InstanceSetup()
        var providers: [ProviderBinding] = []
    }

    /// The plugin.
    public let functions: PluginFunctions
    /// The route that it belongs to.
    public let route: RouteDescription
    /// The canonical JSON that it was created with.
    let configuration: String
    /// The references to secrets that it may read; nil: every string of `configuration`.
    let secrets: Set<String>?
    /// The origins that `configuration` names.
    let origins: Set<HTTPURL.Origin>
    /// Its place in the loops' arrays of states.
    let index: Int
    let isDryRun: Bool
    let joins = JoinTable()
    private let hostReference: WeakHost
    private let state = Mutex(State())
    private let handleBits = Atomic<UInt64>(0)
    private let pointerBits = Atomic<UInt>(0)
    private let faultCount = Atomic<Int>(0)
    private let readiness = Atomic<Bool>(true)

    init(
        host: PluginHost, functions: PluginFunctions, configuration: String,
        route: RouteDescription, secrets: Set<String>?, index: Int, isDryRun: Bool
    ) {
        self.functions = functions
        self.route = route
        self.configuration = configuration
        self.secrets = secrets
        self.index = index
        self.isDryRun = isDryRun
        origins = NamedOrigins.find(in: configuration)
        hostReference = WeakHost(host)
    }

    /// The plugin's name.
    public var name: String { functions.name }

    /// The paths that it claimed for its route; `policy` is 0 until a chain is made.
    public var claims: [PolicyChain.Claim] {
        setup.claims.map { $0.claim(policy: 0, name: name) }
    }

    /// Whether it says that it is ready; true until it says otherwise.
    public var isReady: Bool { readiness.load(ordering: .relaxed) }

    /// Faults of its callbacks so far: answers that the contract forbids, and GH_FAIL.
    public var faults: Int { faultCount.load(ordering: .relaxed) }

    /// The plugin's own words about its health: JSON; nil when it has none.
    public func statusJSON() -> [UInt8]? {
        guard let call = functions.plugin.pointee.status, isUsable else { return nil }
        let (status, bytes) = Sink.collect(limit: Limits.providerOutputBytesMax) { sink in
            call(pointer, sink)
        }
        return status == GH_OK ? bytes : nil
    }

    // MARK: For the host

    var handle: Handle { Handle(raw: handleBits.load(ordering: .relaxed)) }
    var host: PluginHost? { hostReference.host }
    var setup: InstanceSetup { state.withLock { $0.setup } }

    var pointer: UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(bitPattern: pointerBits.load(ordering: .acquiring))
    }

    /// Whether callbacks of the instance may run.
    var isUsable: Bool {
        state.withLock { $0.life == .live || $0.life == .retired }
    }

    func countFault() { faultCount.add(1, ordering: .relaxed) }

    /// Changes what was declared; only inside create().
    func declare<R>(_ change: (inout InstanceSetup) -> R) -> R? {
        state.withLock { $0.setup.isOpen ? change(&$0.setup) : nil }
    }

    func setReady(_ isReady: Bool, reason: String) {
        let before = readiness.exchange(isReady, ordering: .relaxed)
        if before != isReady {
            host?.services.readinessChanged(self, isReady: isReady, reason: reason)
        }
    }

    /// Keeps a provider until the instance is destroyed; false at the bound.
    func keep(_ provider: ProviderBinding) -> Bool {
        state.withLock { state in
            guard state.providers.count < Limits.providersPerInstanceMax else { return false }
            state.providers.append(provider)
            return true
        }
    }

    // MARK: Life, on the control thread

    /// Calls create(); the instance is of use when no error is reported.
    func create() -> [InstanceDiagnostic] {
        guard let handle = PluginInstance.registry.add(self) else {
            return [.init(isError: true, pointer: "", message: "too many instances")]
        }
        handleBits.store(handle.raw, ordering: .relaxed)
        state.withLock { $0.setup.isOpen = true }
        let collector = DiagnosticsCollector()
        var out: UnsafeMutableRawPointer?
        var status = gh_status(GH_INCOMPATIBLE)
        if let call = functions.plugin.pointee.create {
            status = collector.lend { diagnostics in
                lending(configuration) { json in
                    call(
                        functions.library, functions.index, handle.raw, json,
                        isDryRun ? 1 : 0, diagnostics, &out)
                }
            }
        }
        state.withLock { state in
            state.setup.isOpen = false
            state.life = status == GH_OK ? .live : .destroyed
        }
        pointerBits.store(UInt(bitPattern: out), ordering: .releasing)
        var found = collector.diagnostics
        if status != GH_OK, !found.contains(where: \.isError) {
            found.append(
                .init(
                    isError: true, pointer: "",
                    message: "the plugin could not be set up (status \(status))"))
        }
        if found.contains(where: \.isError) || isDryRun { destroy() }
        return found
    }

    /// Tells the plugin that a newer instance has taken its place.
    func retire() {
        let isLive = state.withLock { state -> Bool in
            defer { if state.life == .live { state.life = .retired } }
            return state.life == .live
        }
        if isLive { functions.plugin.pointee.retiring?(pointer) }
    }

    /// Ends the instance; a second call does nothing.
    func destroy() {
        let (wasUsable, providers) = state.withLock { state -> (Bool, [ProviderBinding]) in
            defer {
                state.life = .destroyed
                state.providers = []
            }
            return (state.life == .live || state.life == .retired, state.providers)
        }
        host?.operations.cancelAll(of: self)
        PluginInstance.registry.remove(handle)
        if wasUsable { functions.plugin.pointee.destroy?(pointer) }
        for provider in providers { provider.release() }
    }

    /// Delivers the end of an operation of the instance.
    func completed(_ token: UInt64, _ outcome: OperationOutcome) {
        guard isUsable, let call = functions.plugin.pointee.completed else { return }
        outcome.lend(phase: 0) { call(pointer, token, UnsafeRawPointer($0)) }
    }
}

/// The way back to the host, which owns the instances.
private final class WeakHost: Sendable {
    private let box: Mutex<Box>

    private struct Box {
        weak var host: PluginHost?
    }

    init(_ host: PluginHost) { box = Mutex(Box(host: host)) }

    var host: PluginHost? { box.withLock { $0.host } }
}

/// Collects what a plugin reports about a configuration.
final class DiagnosticsCollector {
    private(set) var diagnostics: [InstanceDiagnostic] = []
    private let prefix: String

    /// `prefix` is put before every pointer: where the checked part lies in the whole.
    init(prefix: String = "") { self.prefix = prefix }

    func add(_ severity: UInt32, _ pointer: String, _ message: String, _ suggestion: String) {
        guard diagnostics.count < Limits.diagnosticsMax else { return }
        diagnostics.append(
            InstanceDiagnostic(
                isError: severity != 2, pointer: prefix + pointer, message: message,
                suggestion: suggestion))
    }

    /// Lends the collector as the ABI's table, for the time of the call.
    func lend<R>(_ body: (UnsafePointer<gh_diagnostics>) -> R) -> R {
        var table = gh_diagnostics(
            ctx: Unmanaged.passUnretained(self).toOpaque(),
            report: { context, severity, pointer, message, suggestion in
                guard let context else { return }
                Unmanaged<DiagnosticsCollector>.fromOpaque(context).takeUnretainedValue().add(
                    severity, pointer.text(), message.text(), suggestion.text())
            })
        return withExtendedLifetime(self) { withUnsafePointer(to: &table, body) }
    }
}
