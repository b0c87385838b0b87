import GatehouseHTTP
import GatehousePluginHost
import GatehouseProxy

/// Everything that `/metrics` shows, read at one moment. docs/metrics.md describes the families.
struct MetricsPage {
    var server: ServerSample
    var plugins: [MetricRegistry.Sample] = []
    var pluginStates: [Readiness.PluginState] = []
    var isReady = true
    var process = ProcessFacts()
    /// Lines that logs had no room for, by the log's name.
    var droppedLines: [(name: String, count: UInt64)] = []
    /// The client connections that the process takes.
    var connectionsMax = 0
    var version = ""
    /// The server's monotonic clock, nanoseconds.
    var monotonicNs: UInt64 = 0
    /// Unix time, seconds.
    var unixSeconds = 0.0

    /// The page.
    func text() -> [UInt8] {
        var text = PrometheusText()
        writeState(&text)
        writeConnections(&text)
        writeExchanges(&text)
        writeCauses(&text)
        writeRoutes(&text)
        writeUpstreams(&text)
        PluginMetrics(samples: plugins, unixSeconds: unixSeconds).write(&text)
        writeProcess(&text)
        return text.bytes
    }

    private func writeState(_ text: inout PrometheusText) {
        text.open("gatehouse_build_info", .gauge, "The version that runs; always 1.")
        text.sample([("version", version)], 1 as UInt64)
        text.single(
            "gatehouse_ready", .gauge, "Whether /readyz answers 200.", isReady ? 1 : 0 as UInt64)
        text.open(
            "gatehouse_plugin_ready", .gauge,
            "Whether an instance of a plugin says that it can do its work.")
        for plugin in pluginStates {
            text.sample(
                [("plugin", plugin.name), ("route", plugin.route)],
                plugin.isReady ? 1 : 0 as UInt64)
        }
        text.open(
            "gatehouse_loop_turn_age_seconds", .gauge,
            "Since an event loop last looked at its deadlines; it does four times a second.")
        for (loop, swept) in server.sweptNs.enumerated() {
            let age = monotonicNs > swept ? Double(monotonicNs - swept) / 1e9 : 0
            text.sample([("loop", "\(loop)")], age)
        }
        text.open(
            "gatehouse_log_dropped_lines_total", .counter, "Lines that a log had no room for.")
        for (name, count) in droppedLines { text.sample([("log", name)], count) }
    }

    private func writeConnections(_ text: inout PrometheusText) {
        text.single(
            "gatehouse_downstream_connections_open", .gauge,
            "Connections of clients that are open.",
            server.connectionsOpen)
        text.single(
            "gatehouse_downstream_connections_max", .gauge,
            "Connections of clients that are taken at one time.", UInt64(clamping: connectionsMax))
        text.single(
            "gatehouse_downstream_connections_total", .counter,
            "Connections of clients that were accepted.", server.connectionsAccepted)
        text.open(
            "gatehouse_downstream_connections_refused_total", .counter,
            "Connections of clients beyond the bound: answered with 503, or closed at once.")
        text.sample([("how", "answered")], server.connectionsRefused)
        text.sample([("how", "closed")], server.connectionsDropped)
        text.single(
            "gatehouse_downstream_idle_timeouts_total", .counter,
            "Kept connections that were closed because they were silent.", server.idleTimeouts)
        text.single(
            "gatehouse_accept_pauses_total", .counter,
            "Times that a listener stopped accepting for a moment.", server.acceptPauses)
        text.single(
            "gatehouse_accept_errors_total", .counter,
            "Errors of accepting, such as too few descriptors.", server.acceptErrors)
    }

    private func writeExchanges(_ text: inout PrometheusText) {
        text.single(
            "gatehouse_exchanges_open", .gauge, "Exchanges that run, streams included.",
            server.exchangesOpen)
        text.open(
            "gatehouse_exchanges_total", .counter, "Exchanges that are over, by how they ended.")
        for (outcome, count) in server.outcomes {
            text.sample([("outcome", "\(outcome)")], count)
        }
    }

    private func writeCauses(_ text: inout PrometheusText) {
        text.open(
            "gatehouse_core_answers_total", .counter,
            "Exchanges that the core answered by itself or cut short, by why.")
        for (cause, count) in server.causes { text.sample([("reason", cause.code)], count) }
        text.open(
            "gatehouse_http_faults_total", .counter,
            "Messages that could not be read, by what was wrong.")
        for (fault, count) in server.requestFaults {
            text.sample([("side", "downstream"), ("reason", fault.code)], count)
        }
        for (fault, count) in server.responseFaults {
            text.sample([("side", "upstream"), ("reason", fault.code)], count)
        }
        text.open(
            "gatehouse_limits_reached_total", .counter,
            "Times that a bound of the configuration decided, by its key.")
        for (limit, count) in limits() { text.sample([("limit", limit)], count) }
    }

    /// The bounds by key, each with how often it decided.
    func limits() -> [(limit: String, count: UInt64)] {
        var out = [
            (
                limit: "limits.maxConnections",
                count: server.connectionsRefused &+ server.connectionsDropped
            ), (limit: "timeouts.idle", count: server.idleTimeouts),
        ]
        let found =
            server.causes.map { ($0.0.limit, $0.1) }
            + server.requestFaults.map { ($0.0.limit, $0.1) }
        for case (let limit?, let count) in found {
            if let at = out.firstIndex(where: { $0.limit == limit }) {
                out[at].count &+= count
            } else {
                out.append((limit: limit, count: count))
            }
        }
        return out.sorted { $0.limit < $1.limit }
    }

    private func writeRoutes(_ text: inout PrometheusText) {
        text.open(
            "gatehouse_requests_total", .counter,
            "Exchanges by route and first digit of the status; none: no status was sent.")
        for route in server.routes {
            for (digit, count) in route.responses.enumerated() where digit != 1 {
                let status = digit == 0 ? "none" : "\(digit)xx"
                text.sample([("route", route.name), ("status", status)], count)
            }
        }
        writeDurations(&text)
        text.open("gatehouse_request_body_bytes_total", .counter, "Bytes of requests' bodies.")
        for route in server.routes { text.sample([("route", route.name)], route.requestBytes) }
        text.open("gatehouse_response_body_bytes_total", .counter, "Bytes of responses' bodies.")
        for route in server.routes { text.sample([("route", route.name)], route.responseBytes) }
    }

    private func writeDurations(_ text: inout PrometheusText) {
        text.open(
            "gatehouse_request_duration_seconds", .histogram,
            "From a request's first byte to the end of its response.")
        let bounds = RouteSample.boundsSeconds.map(PrometheusText.number) + ["+Inf"]
        for route in server.routes {
            var sum: UInt64 = 0
            for (bound, count) in zip(bounds, route.buckets) {
                sum &+= count
                text.sample([("route", route.name), ("le", bound)], sum, suffix: "_bucket")
            }
            let seconds = Double(route.durationSumNs) / 1e9
            text.sample([("route", route.name)], seconds, suffix: "_sum")
            text.sample([("route", route.name)], sum, suffix: "_count")
        }
    }

    private func writeUpstreams(_ text: inout PrometheusText) {
        func family(
            _ name: String, _ kind: PrometheusText.Kind, _ help: String,
            _ value: (UpstreamSample) -> UInt64
        ) {
            text.open("gatehouse_upstream_\(name)", kind, help)
            for upstream in server.upstreams {
                text.sample([("upstream", upstream.name)], value(upstream))
            }
        }
        text.open("gatehouse_upstream_connections", .gauge, "Connections to an upstream by state.")
        for upstream in server.upstreams {
            let states = [
                ("active", upstream.active), ("connecting", upstream.connecting),
                ("idle", upstream.idle),
            ]
            for (state, count) in states {
                text.sample([("upstream", upstream.name), ("state", state)], count)
            }
        }
        family("pending_requests", .gauge, "Requests that wait for a connection.", \.pending)
        family("ejected_loops", .gauge, "Event loops that leave the upstream out.", \.ejected)
        family("requests_total", .counter, "Requests that were sent, tries again too.", \.requests)
        family("retries_total", .counter, "Requests that were sent a second time.", \.retries)
        family(
            "failovers_total", .counter, "Requests that went on to another upstream.", \.failovers)
        family(
            "retries_denied_total", .counter, "Tries again that the budget did not allow.",
            \.retriesDenied)
        family("connects_total", .counter, "Connections that were made.", \.connects)
        family(
            "connect_failures_total", .counter, "Connections that could not be made.",
            \.connectFailures)
        family(
            "overflows_total", .counter, "Requests that a bound left without a connection.",
            \.overflows)
        family("ejections_total", .counter, "Times that it was taken out.", \.ejections)
    }

    private func writeProcess(_ text: inout PrometheusText) {
        if let value = process.cpuSeconds {
            text.single("process_cpu_seconds_total", .counter, "Processor time.", value)
        }
        if let value = process.residentBytes {
            text.single("process_resident_memory_bytes", .gauge, "Memory in the machine.", value)
        }
        if let value = process.virtualBytes {
            text.single("process_virtual_memory_bytes", .gauge, "Address space.", value)
        }
        if let value = process.startSeconds {
            text.single("process_start_time_seconds", .gauge, "Start, Unix time.", value)
        }
        if let value = process.threads {
            text.single("process_threads", .gauge, "Threads.", value)
        }
        if let value = process.descriptors {
            text.single("process_open_fds", .gauge, "Descriptors that are open.", value)
        }
        if let value = process.descriptorsMax {
            text.single("process_max_fds", .gauge, "The limit on descriptors.", value)
        }
    }
}
