import CGatehouse
import GatehouseJSON

extension HostTables {
    static let providers = Immortal(
        gh_host_providers(
            resolve: { handle, name, pointer, diagnostics, out in
                HostTables.resolve(handle, name, pointer, diagnostics, out)
            },
            call: { provider, hook, input, output, diagnostics in
                guard hook.isSound, input.isSound, output != nil else {
                    return gh_status(GH_INVALID)
                }
                guard let binding = ProviderBinding.registry.find(Handle(raw: provider)) else {
                    return gh_status(GH_GONE)
                }
                return binding.call(hook, input, output, diagnostics)
            }))

    private static func resolve(
        _ handle: gh_instance, _ name: gh_str, _ pointer: gh_str,
        _ diagnostics: UnsafePointer<gh_diagnostics>?, _ out: UnsafeMutablePointer<gh_provider>?
    ) -> gh_status {
        answering { () throws(Refusal) in
            // Also in a dry run: a provider does no input or output, so nothing is started by it,
            // and only so `validate` shows what it says about its configuration.
            guard let instance = GatehousePluginHost.instance(handle), let host = instance.host
            else { throw Refusal(GH_GONE) }
            guard host.control.isCurrent else { throw Refusal(GH_WRONG_THREAD) }
            guard instance.functions.kind != .provider else { throw Refusal(GH_DENIED) }
            guard let out, let name = name.strictText(limit: 256),
                let pointer = pointer.strictText()
            else { throw Refusal(GH_INVALID) }
            let report = Reporter(table: diagnostics, pointer: pointer)
            guard let functions = host.options.provider(name), functions.provider != nil else {
                report.error("no provider plugin named \(name) is installed")
                throw Refusal(GH_NOT_FOUND)
            }
            guard let part = instance.part(at: pointer) else {
                report.error("there is no configuration for the provider here")
                throw Refusal(GH_NOT_FOUND)
            }
            let violations = host.options.checkProvider(name, part)
            report.hand(on: violations)
            guard !violations.contains(where: \.isError) else { throw Refusal(GH_INVALID) }
            let outcome = host.create(functions, configuration: part, route: instance.route)
            report.hand(on: outcome.diagnostics)
            guard let provider = outcome.instance else { throw Refusal(GH_INVALID) }
            let binding = ProviderBinding(name: name, instance: provider, clock: host.clock)
            guard binding.register() else {
                host.discard(provider)
                throw Refusal(GH_LIMIT)
            }
            guard instance.keep(binding) else {
                binding.release()
                throw Refusal(GH_LIMIT)
            }
            out.pointee = binding.handle
            return gh_status(GH_OK)
        }
    }

    /// Reports to the calling plugin, with pointers into that plugin's own configuration.
    private struct Reporter {
        let table: UnsafePointer<gh_diagnostics>?
        let pointer: String

        func error(_ message: String) {
            hand(on: [InstanceDiagnostic(isError: true, pointer: "", message: message)])
        }

        func hand(on diagnostics: [InstanceDiagnostic]) {
            guard let table, let report = table.pointee.report else { return }
            for one in diagnostics {
                lending(pointer + one.pointer) { pointer in
                    lending(one.message) { message in
                        lending(one.suggestion) { suggestion in
                            report(
                                table.pointee.ctx,
                                UInt32(one.isError ? GH_SEVERITY_ERROR : GH_SEVERITY_WARNING),
                                pointer, message, suggestion)
                        }
                    }
                }
            }
        }
    }
}

extension PluginInstance {
    /// The canonical JSON at a pointer of the configuration.
    func part(at pointer: String) -> String? {
        guard let pointer = JSONPointer(pointer),
            let value = try? JSONValue(parsing: configuration)
        else { return nil }
        return value.value(at: pointer)?.serialized(.canonical)
    }

    /// Whether its configuration refers to this secret.
    func names(reference: String) -> Bool {
        if let secrets { return secrets.contains(reference) }
        guard let value = try? JSONValue(parsing: configuration) else { return false }
        return PluginInstance.holds(value, reference)
    }

    private static func holds(_ value: JSONValue, _ text: String) -> Bool {
        switch value {
        case .string(let other): other == text
        case .array(let values): values.contains { holds($0, text) }
        case .object(let object): object.contains { holds($0.value, text) }
        default: false
        }
    }
}
