import GatehousePluginHost

/// What plugins count, as families of the page. Pure.
///
/// `gatehouse_plugin_` and the plugin's name stand before each name. A gauge that is a point in
/// time, `…_timestamp_seconds`, has its age beside it, `…_age_seconds`, once it was set.
struct PluginMetrics {
    var samples: [MetricRegistry.Sample]
    /// Unix time now, seconds.
    var unixSeconds: Double

    private static let timestamp = "_timestamp_seconds"

    func write(_ text: inout PrometheusText) {
        var order: [String] = []
        var families: [String: [MetricRegistry.Sample]] = [:]
        for sample in samples {
            let name = "gatehouse_plugin_" + PrometheusText.name(sample.name)
            if families[name] == nil { order.append(name) }
            families[name, default: []].append(sample)
        }
        for name in order {
            guard let all = families[name], let first = all.first else { continue }
            // Two plugins whose names are written alike may not share a family of another type.
            let same = distinct(all.filter { $0.kind == first.kind })
            write(name, first, same, &text)
        }
    }

    private func write(
        _ name: String, _ first: MetricRegistry.Sample, _ samples: [MetricRegistry.Sample],
        _ text: inout PrometheusText
    ) {
        switch first.kind {
        case .counter:
            text.open(name, .counter, first.help)
            for sample in samples { text.sample(sample.labels, sample.sum) }
        case .gauge:
            text.open(name, .gauge, first.help)
            for sample in samples { text.sample(sample.labels, sample.sum) }
            writeAges(name, samples, &text)
        case .histogram:
            // The host keeps sum and count of what was recorded, and no buckets.
            text.open(name, .summary, first.help)
            for sample in samples {
                text.sample(sample.labels, sample.sum, suffix: "_sum")
                text.sample(sample.labels, sample.count, suffix: "_count")
            }
        }
    }

    private func writeAges(
        _ name: String, _ samples: [MetricRegistry.Sample], _ text: inout PrometheusText
    ) {
        guard name.hasSuffix(Self.timestamp) else { return }
        let set = samples.filter { $0.sum > 0 }
        guard !set.isEmpty else { return }
        let stem = name.dropLast(Self.timestamp.utf8.count)
        text.open("\(stem)_age_seconds", .gauge, "Seconds since \(stem)\(Self.timestamp).")
        for sample in set { text.sample(sample.labels, max(0, unixSeconds - sample.sum)) }
    }

    /// The first of those with the same labels: the format allows each series once.
    private func distinct(_ samples: [MetricRegistry.Sample]) -> [MetricRegistry.Sample] {
        var seen: Set<[String]> = []
        return samples.filter { sample in
            seen.insert(sample.labels.flatMap { [$0.name, $0.value] }).inserted
        }
    }
}
