internal import CGatehouse
internal import GatehouseJSON

extension HostFunctions {
    static var async: gh_host_async {
        gh_host_async(
            begin: { handle, exchange, token, deadline, out in
                HostFunctions.begin(.begun, handle, exchange, token, deadline, out)
            },
            complete: { id, status, payload in
                guard let host = OperationOwners.host(of: id),
                    let operation = host.operations[id], case .begun = operation.kind
                else { return HostFunctions.gone }
                host.operations[id] = nil
                var delivery = host.delivery(operation, status)
                delivery.payload = payload.copied
                host.pending.append(delivery)
                return 0
            },
            cancel: { id in
                guard let host = OperationOwners.host(of: id), host.operations[id] != nil else {
                    return HostFunctions.gone
                }
                host.operations[id] = nil
                return 0
            },
            timer: { handle, exchange, token, after, out in
                HostFunctions.begin(.timer, handle, exchange, token, after, out)
            },
            channel: { handle, exchange, token, out in
                HostFunctions.begin(.channel, handle, exchange, token, nil, out)
            },
            notify: { id in
                guard let host = OperationOwners.host(of: id),
                    let operation = host.operations[id], case .channel = operation.kind
                else { return HostFunctions.gone }
                host.pending.append(host.delivery(operation, 0))
                return 0
            },
            broadcast: { handle, token, payload in
                guard let instance = HostFunctions.instance(handle) else {
                    return HostFunctions.gone
                }
                var delivery = PendingDelivery(instance: handle, exchange: 0, token: token)
                delivery.payload = payload.copied
                delivery.isBroadcast = true
                instance.host.pending.append(delivery)
                return 0
            },
            join: { handle, exchange, key, token, deadline, first, out in
                guard let host = HostFunctions.instance(handle)?.host, let first, let out else {
                    return HostFunctions.gone
                }
                let name = "\(handle)/\(key.text)"
                first.pointee = host.joined.insert(name).inserted ? 1 : 0
                out.pointee = host.begin(.join(name), handle, exchange, token, after: deadline)
                host.waiting[name, default: []].append(out.pointee)
                return 0
            },
            settle: { handle, key, status, payload in
                HostFunctions.settle(handle, key, status, payload)
            })
    }

    private static func begin(
        _ kind: PendingOperation.Kind, _ handle: gh_instance, _ exchange: gh_exchange,
        _ token: UInt64, _ after: UInt32?, _ out: UnsafeMutablePointer<gh_operation>?
    ) -> gh_status {
        guard let host = instance(handle)?.host, let out else { return gone }
        if exchange != 0, Registry.object(exchange, MemoryExchange.self) == nil { return gone }
        out.pointee = host.begin(kind, handle, exchange, token, after: after)
        return 0
    }

    private static func settle(
        _ handle: gh_instance, _ key: gh_str, _ status: gh_status, _ payload: gh_str
    ) -> gh_status {
        guard let host = instance(handle)?.host else { return gone }
        let name = "\(handle)/\(key.text)"
        host.joined.remove(name)
        for id in host.waiting.removeValue(forKey: name) ?? [] {
            guard let operation = host.operations.removeValue(forKey: id) else { continue }
            var delivery = host.delivery(operation, status)
            delivery.payload = payload.copied
            host.pending.append(delivery)
        }
        return 0
    }

    static var fetch: gh_host_fetch {
        gh_host_fetch(fetch: { handle, exchange, token, request, out in
            guard let host = HostFunctions.instance(handle)?.host, let request = request?.pointee
            else { return HostFunctions.gone }
            guard request.struct_size >= UInt32(MemoryLayout<gh_request>.size) else {
                return HostFunctions.invalid
            }
            let recorded = RecordedFetch(
                method: request.method.text, url: request.url.text,
                fields: copied(request.fields, request.field_count), body: request.body.copied,
                reach: request.reach, isOfExchange: exchange != 0)
            host.fetches.append(recorded)
            let timeout = request.timeout_ms == 0 ? 10_000 : request.timeout_ms
            return HostFunctions.begin(.fetch(recorded), handle, exchange, token, timeout, out)
        })
    }

    static var cache: gh_host_cache {
        gh_host_cache(
            get: { handle, key, out, left in
                guard let host = HostFunctions.instance(handle)?.host else {
                    return HostFunctions.gone
                }
                let now = host.monotonicNanoseconds
                guard let entry = host.cache[key.text], entry.end > now else {
                    return gh_status(GH_NOT_FOUND)
                }
                left?.pointee = (entry.end - now) / 1_000_000
                return write(entry.value, to: out)
            },
            put: { HostFunctions.put($0, $1, $2, $3, onlyIfAbsent: false) },
            put_if_absent: { HostFunctions.put($0, $1, $2, $3, onlyIfAbsent: true) })
    }

    private static func put(
        _ handle: gh_instance, _ key: gh_str, _ value: gh_str, _ milliseconds: UInt64,
        onlyIfAbsent: Bool
    ) -> gh_status {
        guard let host = instance(handle)?.host else { return gone }
        let now = host.monotonicNanoseconds
        if onlyIfAbsent, let known = host.cache[key.text], known.end > now {
            return gh_status(GH_BUSY)
        }
        let bounded = min(milliseconds, 1 << 40)
        host.cache[key.text] = (value.copied, now + bounded * 1_000_000)
        return 0
    }

    static var secrets: gh_host_secrets {
        gh_host_secrets(read: { handle, reference, out in
            guard let instance = HostFunctions.instance(handle) else { return HostFunctions.gone }
            if instance.provider != nil { return gh_status(GH_DENIED) }
            guard let secret = instance.host.secrets[reference.text] else {
                return gh_status(GH_DENIED)
            }
            return write(secret, to: out)
        })
    }

    static var metrics: gh_host_metrics {
        gh_host_metrics(
            define: { handle, _, name, _, _, labels, out in
                guard let instance = HostFunctions.instance(handle), let out else {
                    return HostFunctions.gone
                }
                instance.metricNames.append((name.text, Int(labels)))
                out.pointee = UInt64(instance.metricNames.count)
                return 0
            },
            series: { handle, metric, values, out in
                guard let instance = HostFunctions.instance(handle), let out, metric >= 1,
                    metric <= UInt64(instance.metricNames.count)
                else { return HostFunctions.invalid }
                let (name, labels) = instance.metricNames[Int(metric) - 1]
                let texts = (0..<labels).map { values?[$0].text ?? "" }
                instance.seriesNames.append(([name] + texts).joined(separator: " "))
                out.pointee = UInt64(instance.seriesNames.count)
                return 0
            },
            add: { handle, series, value in
                guard let instance = HostFunctions.instance(handle), series >= 1,
                    series <= UInt64(instance.seriesNames.count)
                else { return }
                instance.metrics[instance.seriesNames[Int(series) - 1], default: 0] += value
            })
    }

    static var providers: gh_host_providers {
        gh_host_providers(
            resolve: { handle, name, _, diagnostics, out in
                guard let host = HostFunctions.instance(handle)?.host, let out else {
                    return HostFunctions.gone
                }
                guard let answer = host.providers[name.text] else {
                    return gh_status(GH_NOT_FOUND)
                }
                let provider = ResolvedProvider(answer)
                host.resolved.append(provider)
                out.pointee = provider.handle
                return 0
            },
            call: { handle, hook, input, sink, _ in
                guard let provider = Registry.object(handle, ResolvedProvider.self) else {
                    return HostFunctions.gone
                }
                guard let value = try? JSONValue(parsing: input.copied) else {
                    return HostFunctions.invalid
                }
                switch provider.answer(hook.text, value) {
                case .success(let output): return write(output.serializedBytes(.compact), to: sink)
                case .failure(let error): return error.status
                }
            })
    }
}

/// A provider that an instance resolved.
final class ResolvedProvider {
    let answer: (String, JSONValue) -> Result<JSONValue, TestHostError>
    private(set) var handle: UInt64 = 0

    init(_ answer: @escaping (String, JSONValue) -> Result<JSONValue, TestHostError>) {
        self.answer = answer
        handle = Registry.add(self)
    }

    deinit { Registry.remove(handle) }
}
