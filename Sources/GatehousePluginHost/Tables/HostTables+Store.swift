import CGatehouse

/// The tables for the cache, the secrets and the metrics.
extension HostTables {
    static let cache = Immortal(
        gh_host_cache(
            get: { handle, key, sink, ttl in
                answering { () throws(Refusal) in
                    let (instance, host) = try activeInstance(handle).get()
                    guard key.isSound else { throw Refusal(GH_INVALID) }
                    guard let found = host.cache.get(instance.name, Array(key.bytes)) else {
                        throw Refusal(GH_NOT_FOUND)
                    }
                    ttl?.pointee = found.ttlMs
                    return found.value.withUnsafeBytes { Sink.write($0, to: sink) }
                }
            },
            put: { handle, key, value, ttl in
                HostTables.put(handle, key, value, ttl, onlyIfAbsent: false)
            },
            put_if_absent: { handle, key, value, ttl in
                HostTables.put(handle, key, value, ttl, onlyIfAbsent: true)
            }))

    private static func put(
        _ handle: gh_instance, _ key: gh_str, _ value: gh_str, _ ttlMs: UInt64,
        onlyIfAbsent: Bool
    ) -> gh_status {
        answering { () throws(Refusal) in
            let (instance, host) = try activeInstance(handle).get()
            guard key.isSound, value.isSound else { throw Refusal(GH_INVALID) }
            guard key.len <= Limits.nameBytesMax, value.len <= Limits.cacheValueBytesMax else {
                throw Refusal(GH_LIMIT)
            }
            return host.cache.put(
                instance.name, Array(key.bytes), Array(value.bytes), ttlMs: ttlMs,
                onlyIfAbsent: onlyIfAbsent)
        }
    }

    static let secrets = Immortal(
        gh_host_secrets(
            read: { handle, reference, sink in
                answering { () throws(Refusal) in
                    let (instance, host) = try activeInstance(handle).get()
                    guard instance.functions.kind != .provider else {
                        throw Refusal(GH_DENIED)
                    }
                    guard let name = reference.strictText(), !name.isEmpty else {
                        throw Refusal(GH_INVALID)
                    }
                    guard instance.names(reference: name) else { throw Refusal(GH_DENIED) }
                    guard let secret = host.services.secret(name) else {
                        throw Refusal(GH_NOT_FOUND)
                    }
                    return secret.withUnsafeBytes { Sink.write($0, to: sink) }
                }
            }))

    static let metrics = Immortal(
        gh_host_metrics(
            define: { handle, kind, name, help, labels, count, out in
                HostTables.define(handle, kind, name, help, labels, count, out)
            },
            series: { handle, metric, values, out in
                HostTables.series(handle, metric, values, out)
            },
            add: { handle, series, value in
                instance(handle)?.host?.metrics.add(series, value)
            }))

    private static func define(
        _ handle: gh_instance, _ kind: UInt32, _ name: gh_str, _ help: gh_str,
        _ labels: UnsafePointer<gh_str>?, _ count: UInt32, _ out: UnsafeMutablePointer<UInt64>?
    ) -> gh_status {
        answering { () throws(Refusal) in
            let (instance, host) = try activeInstance(handle).get()
            guard let kind = MetricRegistry.Kind(rawValue: kind), let out,
                let name = name.strictText(limit: 128), isMetricName(name),
                count <= 8, count == 0 || labels != nil, help.isSound
            else { throw Refusal(GH_INVALID) }
            let names = (0..<Int(count)).compactMap { index in
                labels?[index].strictText(limit: 64)
            }
            guard names.count == Int(count), names.allSatisfy(isMetricName) else {
                throw Refusal(GH_INVALID)
            }
            switch host.metrics.define(kind, instance.name, name, help.text(limit: 512), names) {
            case .success(let metric): out.pointee = metric
            case .failure(let error): throw Refusal(error == .limit ? GH_LIMIT : GH_INVALID)
            }
            return gh_status(GH_OK)
        }
    }

    private static func series(
        _ handle: gh_instance, _ metric: UInt64, _ values: UnsafePointer<gh_str>?,
        _ out: UnsafeMutablePointer<UInt64>?
    ) -> gh_status {
        answering { () throws(Refusal) in
            let (instance, host) = try activeInstance(handle).get()
            guard let out, let count = host.metrics.labelCount(metric, instance.name),
                count == 0 || values != nil
            else { throw Refusal(GH_INVALID) }
            let labels = (0..<count).map { values?[$0].text(limit: 128) ?? "" }
            switch host.metrics.series(metric, labels, route: instance.route.name) {
            case .success(let series): out.pointee = series
            case .failure(let error): throw Refusal(error == .limit ? GH_LIMIT : GH_INVALID)
            }
            return gh_status(GH_OK)
        }
    }

    /// Letters, digits and underscores, beginning with a letter.
    private static func isMetricName(_ name: String) -> Bool {
        guard let first = name.utf8.first, first | 0x20 >= 0x61, first | 0x20 <= 0x7a else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            byte == 0x5f || (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
        }
    }
}
