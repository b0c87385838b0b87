internal import CGatehouse
internal import GatehouseJSON

typealias HeadThunk =
    @convention(c) (
        UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, gh_exchange, UnsafePointer<gh_head>?,
        UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> gh_action

typealias BodyThunk =
    @convention(c) (
        UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, gh_exchange, UnsafePointer<gh_body>?,
        UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> gh_action

/// The C functions of the tables: each finds the box and hands on.
enum Thunks {
    @inline(__always)
    static func with<Result>(
        _ instance: UnsafeMutableRawPointer, _ body: (InstanceBox) -> Result
    ) -> Result {
        Unmanaged<InstanceBox>.fromOpaque(instance)._withUnsafeGuaranteedRef { body($0) }
    }

    /// Calls `body` with the policy's word for this exchange and stores what it left.
    @inline(__always)
    static func keeping(
        _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>,
        _ body: (inout ExchangeState) -> Action
    ) -> gh_action {
        var state = ExchangeState(slot.pointee)
        let action = body(&state)
        slot.pointee = state.pointer
        return action.rawValue
    }

    static let requestHead: HeadThunk = { instance, loop, exchange, head, slot in
        guard let instance, let loop, let head, let slot else { return Action.fail.rawValue }
        return keeping(slot) { state in
            with(instance) {
                $0.head(.requestHead, loop, exchange, MessageHead(head: head), &state)
            }
        }
    }

    static let responseHead: HeadThunk = { instance, loop, exchange, head, slot in
        guard let instance, let loop, let head, let slot else { return Action.fail.rawValue }
        return keeping(slot) { state in
            with(instance) {
                $0.head(.responseHead, loop, exchange, MessageHead(head: head), &state)
            }
        }
    }

    static let requestBody: BodyThunk = { instance, loop, exchange, body, slot in
        guard let instance, let loop, let body, let slot else { return Action.fail.rawValue }
        return keeping(slot) { state in
            with(instance) {
                $0.body(.requestBody, loop, exchange, MessageBody(body: body), &state)
            }
        }
    }

    static let responseBody: BodyThunk = { instance, loop, exchange, body, slot in
        guard let instance, let loop, let body, let slot else { return Action.fail.rawValue }
        return keeping(slot) { state in
            with(instance) {
                $0.body(.responseBody, loop, exchange, MessageBody(body: body), &state)
            }
        }
    }

    /// The table of a policy that takes part in these phases.
    static func policyTable(_ phases: PolicyPhases) -> gh_policy {
        var table = gh_policy()
        table.loop_started = { instance, loop, out in
            guard let instance, let out else { return HostError.invalid.code }
            return Thunks.with(instance) { box in
                do throws(HostError) {
                    out.pointee = try box.loopStarted(loop)
                    return 0
                } catch {
                    return error.code
                }
            }
        }
        table.loop_stopped = { instance, loop in
            guard let instance, let loop else { return }
            Thunks.with(instance) { $0.loopStopped(loop) }
        }
        if phases.contains(.requestHead) { table.request_head = requestHead }
        if phases.contains(.requestBody) { table.request_body = requestBody }
        if phases.contains(.responseHead) { table.response_head = responseHead }
        if phases.contains(.responseBody) { table.response_body = responseBody }
        addRest(to: &table, phases)
        return table
    }

    private static func addRest(to table: inout gh_policy, _ phases: PolicyPhases) {
        if phases.contains(.resumed) {
            table.resumed = { instance, loop, exchange, token, result, slot in
                guard let instance, let loop, let result, let slot else {
                    return Action.fail.rawValue
                }
                return Thunks.keeping(slot) { state in
                    Thunks.with(instance) {
                        let result = OperationResult(result: result)
                        return $0.resumed(loop, exchange, token, result, &state)
                    }
                }
            }
        }
        if phases.contains(.notified) {
            table.notified = { instance, loop, token, payload in
                guard let instance, let loop else { return }
                Thunks.with(instance) { $0.notified(loop, token, BorrowedBytes(payload)) }
            }
        }
        if phases.contains(.ended) {
            table.ended = { instance, loop, exchange, reason, pointer in
                guard let instance, let loop else { return }
                var state = ExchangeState(pointer)
                Thunks.with(instance) {
                    $0.ended(loop, exchange, EndReason(rawValue: reason) ?? .other, &state)
                }
            }
        }
    }

    /// The table of a provider.
    static func providerTable() -> gh_provider_hooks {
        var table = gh_provider_hooks()
        table.call = { instance, hook, input, sink, diagnostics in
            guard let instance, let sink, let write = sink.pointee.write else {
                return HostError.invalid.code
            }
            let reporter = Diagnostics(pointer: diagnostics)
            let value: JSONValue
            do throws(JSONError) {
                value = try JSONValue(parsing: BorrowedBytes(input).unsafeBytes)
            } catch {
                reporter.report(.error(JSONPointer(), "\(error)"))
                return HostError.invalid.code
            }
            return Thunks.with(instance) { box in
                do throws(HookFailure) {
                    let answer = try box.call(BorrowedBytes(hook).text, value)
                    return borrowing(answer.serializedBytes(.compact)) {
                        write(sink.pointee.ctx, $0)
                    }
                } catch {
                    for diagnostic in error.diagnostics { reporter.report(diagnostic) }
                    return error.error.code
                }
            }
        }
        return table
    }
}
