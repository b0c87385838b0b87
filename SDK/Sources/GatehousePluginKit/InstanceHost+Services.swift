import CGatehouse

/// An outbound request.
public struct FetchRequest: Sendable, Hashable {
    /// How far it may reach.
    public enum Reach: UInt32, Sendable {
        /// Origins that the instance's configuration or the operator's allow list names.
        case configured = 0
        /// Public addresses over https only, no redirects: for URLs that a peer supplied.
        case publicOnly = 1
    }

    /// The method.
    public var method: String
    /// An absolute http or https URL.
    public var url: String
    /// The fields; framing fields and Host are the host's.
    public var fields: [Field]
    /// The content.
    public var body: [UInt8]
    /// For the whole request, in milliseconds.
    public var timeoutMs: UInt32
    /// The largest content that is taken, in bytes.
    public var maxResponseBytes: UInt64
    /// Whether redirects to the same origin are followed.
    public var followsSameOriginRedirects: Bool
    /// How far it may reach.
    public var reach: Reach

    /// A request with 10 s and 256 KiB unless told otherwise.
    public init(
        method: String = "GET", url: String, fields: [Field] = [], body: [UInt8] = [],
        timeoutMs: UInt32 = 10_000, maxResponseBytes: UInt64 = 256 << 10,
        followsSameOriginRedirects: Bool = false, reach: Reach = .configured
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
        self.timeoutMs = timeoutMs
        self.maxResponseBytes = maxResponseBytes
        self.followsSameOriginRedirects = followsSameOriginRedirects
        self.reach = reach
    }
}

extension InstanceHost {
    /// Starts an outbound request; it is delivered to `resumed`, or without an exchange to
    /// `completed`.
    public func fetch(
        _ request: FetchRequest, token: UInt64, exchange: UInt64 = 0
    ) throws(HostError) -> Operation {
        guard let call = tables.fetch?.pointee.fetch else { throw .unsupported }
        var operation: gh_operation = 0
        let status = lend(request.method) { method in
            lend(request.url) { url in
                lend(request.body) { body in
                    lend(request.fields) { fields, count in
                        var raw = gh_request()
                        raw.struct_size = UInt32(MemoryLayout<gh_request>.size)
                        raw.timeout_ms = request.timeoutMs
                        raw.method = method
                        raw.url = url
                        raw.fields = fields
                        raw.field_count = count
                        raw.flags = request.followsSameOriginRedirects ? 1 : 0
                        raw.body = body
                        raw.max_response_bytes = request.maxResponseBytes
                        raw.reach = request.reach.rawValue
                        return call(handle, exchange, token, &raw, &operation)
                    }
                }
            }
        }
        try check(status)
        return Operation(handle: operation)
    }

    // MARK: Cache and secrets

    /// A value of the process's cache, and how long it will stay, in milliseconds.
    public func cached(_ key: String) throws(HostError) -> (value: [UInt8], ttlMs: UInt64) {
        guard let call = tables.cache?.pointee.get else { throw .unsupported }
        var left: UInt64 = 0
        let handle = handle
        let value = try withUnsafeMutablePointer(to: &left) { left throws(HostError) in
            try collect { sink in lend(key) { call(handle, $0, sink, left) } }
        }
        return (value, left)
    }

    /// Puts a value into the process's cache.
    public func cache(_ key: String, _ value: [UInt8], ttlMs: UInt64) throws(HostError) {
        guard let call = tables.cache?.pointee.put else { throw .unsupported }
        try check(lend(key) { key in lend(value) { call(handle, key, $0, ttlMs) } })
    }

    /// Puts a value where there is none: a guard against replays.
    ///
    /// - Returns: false when there was one.
    public func cacheIfAbsent(
        _ key: String, _ value: [UInt8], ttlMs: UInt64
    ) throws(HostError) -> Bool {
        guard let call = tables.cache?.pointee.put_if_absent else { throw .unsupported }
        let status = lend(key) { key in lend(value) { call(handle, key, $0, ttlMs) } }
        if status == HostError.busy.rawValue { return false }
        try check(status)
        return true
    }

    /// The secret that a property of format `gatehouse-secret` refers to.
    public func secret(_ reference: String) throws(HostError) -> [UInt8] {
        guard let call = tables.secrets?.pointee.read else { throw .unsupported }
        let handle = handle
        return try collect { sink in lend(reference) { call(handle, $0, sink) } }
    }

    // MARK: Metrics

    /// What a metric measures.
    public enum MetricKind: UInt32, Sendable {
        /// Only grows.
        case counter = 0
        /// Goes up and down.
        case gauge = 1
        /// Values in buckets.
        case histogram = 2
    }

    /// A metric of this plugin.
    public struct Metric: Sendable, Hashable { let handle: UInt64 }

    /// One series of a metric.
    public struct Series: Sendable, Hashable { let handle: UInt64 }

    /// Defines a metric; the same name gives the same metric. **Thread:** control.
    public func defineMetric(
        _ kind: MetricKind, _ name: String, help: String, labels: [String] = []
    ) throws(HostError) -> Metric {
        guard let call = tables.metrics?.pointee.define else { throw .unsupported }
        var metric: UInt64 = 0
        let status = lend(name) { name in
            lend(help) { help in
                lend(labels.map { Field($0, "") }) { fields, count in
                    let names = (0..<Int(count)).compactMap { fields?[$0].name }
                    return names.withUnsafeBufferPointer {
                        call(handle, kind.rawValue, name, help, $0.baseAddress, count, &metric)
                    }
                }
            }
        }
        try check(status)
        return Metric(handle: metric)
    }

    /// The series of these label values. **Thread:** control, or in `startLoop`.
    public func series(_ metric: Metric, _ labelValues: [String] = []) throws(HostError) -> Series {
        guard let call = tables.metrics?.pointee.series else { throw .unsupported }
        var series: UInt64 = 0
        let status = lend(labelValues.map { Field($0, "") }) { fields, count in
            let values = (0..<Int(count)).compactMap { fields?[$0].name }
            return values.withUnsafeBufferPointer {
                call(handle, metric.handle, $0.baseAddress, &series)
            }
        }
        try check(status)
        return Series(handle: series)
    }

    /// Adds to a series. **Thread:** a loop's.
    public func add(_ value: Double, to series: Series) {
        tables.metrics?.pointee.add?(handle, series.handle, value)
    }
}
