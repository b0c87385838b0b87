import CGatehouse
import GatehouseJSON

// The C functions behind the tables. None of them captures anything: what they work on comes with
// the call.

/// Lends the policy behind an instance pointer; a guaranteed reference, so nothing is counted.
private func withPolicy<R>(
    _ instance: UnsafeMutableRawPointer?, _ loop: UnsafeMutableRawPointer?, _ otherwise: R,
    _ body: (PolicyBox, RawLoop) -> R
) -> R {
    guard let instance, let loop else { return otherwise }
    return Unmanaged<PolicyBox>.fromOpaque(instance)._withUnsafeGuaranteedRef {
        body($0, RawLoop(loop))
    }
}

private func box(_ instance: UnsafeMutableRawPointer?) -> InstanceBox? {
    instance.map { Unmanaged<InstanceBox>.fromOpaque($0).takeUnretainedValue() }
}

enum PluginTable {
    static func make(isProvider: Bool) -> gh_plugin {
        var table = gh_plugin()
        table.config_schema = { LibraryBox.at($0)?.schema($1) ?? .none }
        table.create = { library, index, handle, config, dryRun, diagnostics, out in
            PluginTable.create(library, index, handle, config, dryRun, diagnostics, out)
        }
        table.destroy = { instance in
            guard let instance else { return }
            let box = Unmanaged<InstanceBox>.fromOpaque(instance).takeRetainedValue()
            (box as? PolicyBox)?.policy.destroyed()
        }
        guard !isProvider else { return table }
        table.retiring = { (box($0) as? PolicyBox)?.policy.retiring() }
        table.completed = { instance, token, result in
            guard let result else { return }
            let typed = OperationResult(result.assumingMemoryBound(to: gh_result.self))
            (box(instance) as? PolicyBox)?.policy.completed(token: token, typed)
        }
        table.status = { instance, sink in
            guard let text = (box(instance) as? PolicyBox)?.policy.status() else {
                return HostError.unsupported.rawValue
            }
            return write(Array(text.utf8), to: sink)
        }
        return table
    }

    private static func create(
        _ library: UnsafeMutableRawPointer?, _ index: UInt32, _ handle: gh_instance,
        _ config: gh_str, _ dryRun: UInt32, _ diagnostics: UnsafePointer<gh_diagnostics>?,
        _ out: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> gh_status {
        guard let library = LibraryBox.at(library), let out else {
            return HostError.invalid.rawValue
        }
        let report = Diagnostics(raw: diagnostics)
        let configuration: JSONValue
        do {
            configuration = try JSONValue(parsing: BorrowedBytes(config).rawBytes)
        } catch {
            report.error(JSONPointer(), "the configuration is not JSON: \(error)")
            return HostError.invalid.rawValue
        }
        let setup = PluginSetup(
            configuration: configuration, isDryRun: dryRun != 0, host: library.host(handle),
            diagnostics: report)
        do {
            out.pointee = Unmanaged.passRetained(try library.create(index, setup)).toOpaque()
            return 0
        } catch {
            return HostError.invalid.rawValue
        }
    }
}

enum PolicyTable {
    static func make(_ phases: Phases) -> gh_policy {
        var table = gh_policy()
        lifeCycle(&table)
        if phases.contains(.requestHead) {
            table.request_head = { instance, loop, x, head, state in
                guard let head else { return Action.fail.rawValue }
                return withPolicy(instance, loop, Action.fail.rawValue) {
                    let exchange = Exchange(handle: x, tables: $0.tables, state: state)
                    return $0.policy.rawRequestHead(exchange, Head(head), $1).rawValue
                }
            }
        }
        if phases.contains(.requestBody) {
            table.request_body = { instance, loop, x, body, state in
                guard let body else { return Action.fail.rawValue }
                return withPolicy(instance, loop, Action.fail.rawValue) {
                    let exchange = Exchange(handle: x, tables: $0.tables, state: state)
                    return $0.policy.rawRequestBody(exchange, BodyPart(body), $1).rawValue
                }
            }
        }
        if phases.contains(.responseHead) {
            table.response_head = { instance, loop, x, head, state in
                guard let head else { return Action.fail.rawValue }
                return withPolicy(instance, loop, Action.fail.rawValue) {
                    let exchange = Exchange(handle: x, tables: $0.tables, state: state)
                    return $0.policy.rawResponseHead(exchange, Head(head), $1).rawValue
                }
            }
        }
        if phases.contains(.responseBody) {
            table.response_body = { instance, loop, x, body, state in
                guard let body else { return Action.fail.rawValue }
                return withPolicy(instance, loop, Action.fail.rawValue) {
                    let exchange = Exchange(handle: x, tables: $0.tables, state: state)
                    return $0.policy.rawResponseBody(exchange, BodyPart(body), $1).rawValue
                }
            }
        }
        return table
    }

    private static func lifeCycle(_ table: inout gh_policy) {
        table.loop_started = { instance, number, out in
            guard let box = box(instance) as? PolicyBox, let out else {
                return HostError.invalid.rawValue
            }
            out.pointee = box.policy.rawStartLoop(number)
            return out.pointee == nil ? HostError.internal.rawValue : 0
        }
        table.loop_stopped = { instance, loop in
            withPolicy(instance, loop, ()) { $0.policy.rawStopLoop($1) }
        }
        table.resumed = { instance, loop, x, token, result, state in
            guard let result else { return Action.fail.rawValue }
            return withPolicy(instance, loop, Action.fail.rawValue) {
                let exchange = Exchange(handle: x, tables: $0.tables, state: state)
                let result = OperationResult(result)
                return $0.policy.rawResumed(exchange, token: token, result, $1).rawValue
            }
        }
        table.notified = { instance, loop, token, payload in
            withPolicy(instance, loop, ()) {
                $0.policy.rawNotified(token: token, BorrowedBytes(payload), $1)
            }
        }
        table.ended = { instance, loop, x, reason, state in
            withPolicy(instance, loop, ()) { box, raw in
                var state = state
                withUnsafeMutablePointer(to: &state) {
                    let exchange = Exchange(handle: x, tables: box.tables, state: $0)
                    box.policy.rawEnded(exchange, EndReason(rawValue: reason) ?? .other, raw)
                }
            }
        }
    }
}

enum ProviderTable {
    static func make() -> gh_provider_hooks {
        var table = gh_provider_hooks()
        table.call = { instance, hook, input, sink, diagnostics in
            guard let box = box(instance) as? ProviderBox, let hook = BorrowedBytes(hook).text
            else {
                return HostError.invalid.rawValue
            }
            let report = Diagnostics(raw: diagnostics)
            let value: JSONValue
            do {
                value = try JSONValue(parsing: BorrowedBytes(input).rawBytes)
            } catch {
                report.error(JSONPointer(), "the input is not JSON: \(error)")
                return HostError.invalid.rawValue
            }
            do throws(HookError) {
                let output = try box.provider.call(hook, value, report)
                return write(output.serializedBytes(), to: sink)
            } catch {
                switch error {
                case .unsupported: return HostError.unsupported.rawValue
                case .invalid: return HostError.invalid.rawValue
                case .denied: return HostError.denied.rawValue
                }
            }
        }
        return table
    }
}
