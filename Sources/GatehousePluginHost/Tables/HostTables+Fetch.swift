import CGatehouse
import GatehouseHTTP

extension HostTables {
    static let fetch = Immortal(
        gh_host_fetch(
            fetch: { handle, x, token, request, out in
                HostTables.fetch(handle, x, token, request, out)
            }))

    private static func fetch(
        _ handle: gh_instance, _ x: gh_exchange, _ token: UInt64,
        _ request: UnsafePointer<gh_request>?, _ out: UnsafeMutablePointer<gh_operation>?
    ) -> gh_status {
        answering { () throws(Refusal) in
            guard let request, let out,
                request.pointee.struct_size >= UInt32(MemoryLayout<gh_request>.size)
            else { throw Refusal(GH_INVALID) }
            switch try owner(handle, x) {
            case .exchange(let run, let policy, let instance):
                let copy = try checked(request.pointee, instance, run.loop.host)
                guard
                    let operation = run.loop.beginOperation(
                        .fetch, run: run, policy: policy, token: token,
                        deadlineMs: copy.timeoutMs)
                else { throw Refusal(GH_LIMIT) }
                out.pointee = operation.handle.raw
                run.loop.fetch(copy, for: operation)
            case .instance(let instance, let host):
                let copy = try checked(request.pointee, instance, host)
                guard
                    let operation = host.operations.begin(
                        instance, token: token, deadlineMs: copy.timeoutMs,
                        due: gh_status(GH_TIMEOUT))
                else { throw Refusal(GH_LIMIT) }
                out.pointee = operation.raw
                guard host.fetch(copy, for: operation) else {
                    _ = host.operations.cancel(operation)
                    throw Refusal(GH_LIMIT)
                }
            }
            return gh_status(GH_OK)
        }
    }

    /// Copies a request out of the plugin's memory and applies the operator's rules.
    private static func checked(
        _ request: gh_request, _ instance: PluginInstance, _ host: PluginHost
    ) throws(Refusal) -> FetchRequest {
        guard request.method.isSound, FieldNames.isName(request.method.bytes),
            let text = request.url.strictText(limit: Limits.urlBytesMax),
            !text.utf8.contains(0x23), let url = HTTPURL(text), request.body.isSound
        else { throw Refusal(GH_INVALID) }
        guard let method = request.method.strictText(limit: 64), method != "CONNECT" else {
            throw Refusal(GH_INVALID)
        }
        guard request.body.len <= Limits.fetchRequestBytesMax,
            request.field_count <= Limits.localFieldsMax
        else { throw Refusal(GH_LIMIT) }
        guard let reach = host.reach(instance, url.origin, asked: request.reach) else {
            throw Refusal(GH_DENIED)
        }
        let asked = request.max_response_bytes
        let timeout =
            request.timeout_ms == 0 ? Limits.operationDeadlineMsDefault : request.timeout_ms
        return FetchRequest(
            method: method, url: url, fields: try fields(of: request),
            body: Array(request.body.bytes),
            timeoutMs: min(timeout, Limits.operationDeadlineMsMax),
            maxResponseBytes: asked == 0
                ? Limits.fetchResponseBytesDefault
                : Int(min(asked, UInt64(Limits.fetchResponseBytesMax))),
            followsSameOriginRedirects: reach == .configured
                && request.flags & UInt32(GH_FETCH_FOLLOW_SAME_ORIGIN) != 0,
            reach: reach, plugin: instance.name)
    }

    private static func fields(of request: gh_request) throws(Refusal) -> [FetchField] {
        guard request.field_count > 0 else { return [] }
        guard let fields = request.fields else { throw Refusal(GH_INVALID) }
        var copies: [FetchField] = []
        for index in 0..<Int(request.field_count) {
            let field = fields[index]
            guard field.name.isSound, field.value.isSound, FieldNames.isName(field.name.bytes),
                FieldNames.isValue(field.value.bytes)
            else { throw Refusal(GH_INVALID) }
            guard !FieldNames.isReserved(field.name.bytes, .request) else {
                throw Refusal(GH_DENIED)
            }
            copies.append(
                FetchField(name: Array(field.name.bytes), value: Array(field.value.bytes)))
        }
        return copies
    }
}

extension PluginHost {
    /// Performs a fetch of an instance on one of the loops; false when none can be asked.
    func fetch(_ request: FetchRequest, for operation: Handle) -> Bool {
        let operations = self.operations
        return onSomeLoop { loop in
            let mailbox = loop.mailbox
            let id = loop.services.fetch(request) { outcome in
                _ = operations.complete(operation, OperationOutcome(outcome))
            }
            operations.onCancel(operation) {
                let cancel: @Sendable (LoopHost) -> Void = { $0.services.cancelFetch(id) }
                _ = mailbox.post(.task(cancel), isBounded: false)
            }
        }
    }
}
