import Synchronization

/// The metrics of all plugins: defined on the control thread, counted in one shard for each loop.
///
/// **Thread:** any. A loop adds to its own shard with plain stores; whoever reads adds the shards.
public final class MetricRegistry: Sendable {
    /// What kind of metric it is.
    public enum Kind: UInt32, Sendable {
        /// Only grows.
        case counter = 0
        /// Goes up and down.
        case gauge = 1
        /// Sum and count of what was added.
        case histogram = 2
    }

    /// One series with its value now.
    public struct Sample: Sendable {
        /// `plugin_name`, as the plugin defined it.
        public var name: String
        /// What the metric means.
        public var help: String
        /// Its kind.
        public var kind: Kind
        /// Label names and values; the first is the instance's `route`, unless the plugin has a
        /// label of that name itself.
        public var labels: [(name: String, value: String)]
        /// The sum of everything that was added.
        public var sum: Double
        /// How many times something was added.
        public var count: UInt64

        /// A sample of its parts.
        public init(
            name: String, help: String, kind: Kind, labels: [(name: String, value: String)],
            sum: Double, count: UInt64
        ) {
            self.name = name
            self.help = help
            self.kind = kind
            self.labels = labels
            self.sum = sum
            self.count = count
        }
    }

    private struct Metric: Sendable {
        var plugin: String
        var name: String
        var help: String
        var kind: Kind
        var labels: [String]
        var series: [[String]: Int] = [:]
        var perRoute: [String: Int] = [:]
    }

    private struct State: Sendable {
        var metrics: [Metric] = []
        var series: [(metric: Int, route: String, values: [String])] = []
        var shards: [MetricShard] = []
    }

    private let state = Mutex(State())
    /// Counts of threads that are no loops, and of loops that have ended.
    private let common = MetricShard(registry: nil)
    private let commonLock = Mutex(())

    init() {}

    func makeShard() -> MetricShard {
        let shard = MetricShard(registry: ObjectIdentifier(self))
        state.withLock { $0.shards.append(shard) }
        return shard
    }

    /// A loop has ended: its counts stay.
    func retire(_ shard: MetricShard) {
        shard.unbind()
        let count = state.withLock { state in
            state.shards.removeAll { $0 === shard }
            return state.series.count
        }
        commonLock.withLock { _ in
            for series in 0..<count {
                let (sum, added) = shard.value(series)
                common.add(series, sum, times: added)
            }
        }
    }

    /// Defines a metric; defined again with the same labels it is the same metric.
    func define(
        _ kind: Kind, _ plugin: String, _ name: String, _ help: String, _ labels: [String]
    ) -> Result<UInt64, MetricError> {
        state.withLock { state in
            if let known = state.metrics.firstIndex(where: {
                $0.plugin == plugin && $0.name == name
            }) {
                let same =
                    state.metrics[known].kind == kind
                    && state.metrics[known].labels == labels
                return same ? .success(UInt64(known + 1)) : .failure(.invalid)
            }
            let count = state.metrics.reduce(0) { $0 + ($1.plugin == plugin ? 1 : 0) }
            guard count < Limits.metricsPerPluginMax else { return .failure(.limit) }
            state.metrics.append(
                Metric(plugin: plugin, name: name, help: help, kind: kind, labels: labels))
            return .success(UInt64(state.metrics.count))
        }
    }

    /// How many labels a metric has; nil when there is no such metric of this plugin.
    func labelCount(_ metric: UInt64, _ plugin: String) -> Int? {
        state.withLock { state in
            guard metric >= 1, metric <= UInt64(state.metrics.count),
                state.metrics[Int(metric - 1)].plugin == plugin
            else { return nil }
            return state.metrics[Int(metric - 1)].labels.count
        }
    }

    /// The series of these label values for a route, which exists from now on.
    func series(
        _ metric: UInt64, _ values: [String], route: String
    ) -> Result<UInt64, MetricError> {
        state.withLock { state in
            guard metric >= 1, metric <= UInt64(state.metrics.count) else {
                return .failure(.invalid)
            }
            let index = Int(metric - 1)
            let key = [route] + values
            if let known = state.metrics[index].series[key] { return .success(UInt64(known + 1)) }
            guard state.metrics[index].perRoute[route, default: 0] < Limits.seriesPerMetricMax,
                state.series.count < MetricShard.seriesMax
            else { return .failure(.limit) }
            state.series.append((index, route, values))
            state.metrics[index].series[key] = state.series.count - 1
            state.metrics[index].perRoute[route, default: 0] += 1
            return .success(UInt64(state.series.count))
        }
    }

    /// Why a metric could not be defined.
    enum MetricError: Error {
        case invalid
        case limit
    }

    /// Adds to a series; an unknown one is ignored.
    func add(_ series: UInt64, _ value: Double) {
        guard series >= 1, series <= UInt64(MetricShard.seriesMax), value.isFinite else { return }
        if let shard = MetricShard.ofThread, shard.registry == ObjectIdentifier(self) {
            shard.add(Int(series - 1), value, times: 1)
        } else {
            commonLock.withLock { _ in common.add(Int(series - 1), value, times: 1) }
        }
    }

    /// Every series with its value.
    public func snapshot() -> [Sample] {
        let (metrics, series, shards) = state.withLock { ($0.metrics, $0.series, $0.shards) }
        return series.enumerated().map { index, entry in
            var (sum, count) = common.value(index)
            for shard in shards {
                let (more, times) = shard.value(index)
                sum += more
                count += times
            }
            let metric = metrics[entry.metric]
            return Sample(
                name: "\(metric.plugin)_\(metric.name)", help: metric.help, kind: metric.kind,
                labels: Self.labels(metric, entry.route, entry.values), sum: sum, count: count)
        }
    }

    private static func labels(
        _ metric: Metric, _ route: String, _ values: [String]
    ) -> [(name: String, value: String)] {
        let own = zip(metric.labels, values).map { (name: $0, value: $1) }
        return metric.labels.contains("route") ? own : [(name: "route", value: route)] + own
    }
}
