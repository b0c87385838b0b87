import CGatehouse
import Synchronization

/// One provider as one policy instance uses it: the provider's instance and the account of calls.
///
/// **Thread:** any.
final class ProviderBinding: Sendable {
    /// Providers of every host in this process, by handle.
    static let registry = Registry<ProviderBinding>(
        tag: 1, quarantine: Limits.quarantinedInstances)

    let name: String
    private let instance: PluginInstance
    private let handleBits = Atomic<UInt64>(0)
    private let calls = Atomic<Int>(0)
    private let failures = Atomic<Int>(0)
    private let spentNs = Atomic<UInt64>(0)
    private let clock: any HostClock

    init(name: String, instance: PluginInstance, clock: any HostClock) {
        self.name = name
        self.instance = instance
        self.clock = clock
    }

    var handle: UInt64 { handleBits.load(ordering: .relaxed) }

    /// Calls, those that failed, and the time spent in them.
    var account: (calls: Int, failures: Int, spentNs: UInt64) {
        (
            calls.load(ordering: .relaxed), failures.load(ordering: .relaxed),
            spentNs.load(ordering: .relaxed)
        )
    }

    func register() -> Bool {
        guard let handle = ProviderBinding.registry.add(self) else { return false }
        handleBits.store(handle.raw, ordering: .relaxed)
        return true
    }

    /// Calls one hook; what it writes is bounded and handed on only when it succeeds.
    func call(
        _ hook: gh_str, _ input: gh_str, _ output: UnsafePointer<gh_sink>?,
        _ diagnostics: UnsafePointer<gh_diagnostics>?
    ) -> gh_status {
        guard instance.isUsable, let call = instance.functions.provider?.pointee.call else {
            return gh_status(GH_GONE)
        }
        let silent = DiagnosticsCollector()
        let begin = clock.monotonicNs()
        let (status, bytes) = Sink.collect(limit: Limits.providerOutputBytesMax) { sink in
            guard let diagnostics else {
                return silent.lend { call(instance.pointer, hook, input, sink, $0) }
            }
            return call(instance.pointer, hook, input, sink, diagnostics)
        }
        calls.add(1, ordering: .relaxed)
        spentNs.add(clock.monotonicNs() &- begin, ordering: .relaxed)
        guard status == GH_OK else {
            if status != GH_UNSUPPORTED { failures.add(1, ordering: .relaxed) }
            return status
        }
        return bytes.withUnsafeBytes { Sink.write($0, to: output) }
    }

    /// The instance that resolved it is gone.
    func release() {
        ProviderBinding.registry.remove(Handle(raw: handle))
        instance.host?.discard(instance)
        instance.destroy()
    }
}
