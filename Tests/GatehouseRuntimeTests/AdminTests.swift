import GatehouseConfig
import GatehouseHTTP
import GatehousePluginHost
import GatehouseProxy
import Glibc
import Logging
import Testing

@testable import GatehouseRuntime

@Suite("The admin listener")
struct AdminTests {
    @Test func `samples are written as the text format has them`() {
        var text = PrometheusText()
        text.open("a_total", .counter, "A line\nand a \\.")
        text.sample([("x", "q\"b\\s\nn"), ("y", "")], 7 as UInt64)
        text.single("b", .gauge, "B", 0.25)
        let written = String(decoding: text.bytes, as: UTF8.self)
        #expect(
            written == """
                # HELP a_total A line\\nand a \\\\.
                # TYPE a_total counter
                a_total{x="q\\"b\\\\s\\nn",y=""} 7
                # HELP b B
                # TYPE b gauge
                b 0.25

                """)
        #expect(PrometheusText.number(.infinity) == "+Inf")
        #expect(PrometheusText.number(-.infinity) == "-Inf")
        #expect(PrometheusText.number(.nan) == "NaN")
        #expect(PrometheusText.number(1e15) == "1000000000000000")
        #expect(PrometheusText.name("a-b.c_total") == "a_b_c_total")
        #expect(PrometheusText.name("9é") == "_9__")
    }

    @Test(arguments: [
        (Method.get, "/healthz", AdminPage.health), (.head, "/readyz", .readiness),
        (.get, "/metrics", .metrics),
    ])
    func `pages are found`(method: GatehouseHTTP.Method, path: String, page: AdminPage) {
        #expect(AdminPage.find(method: method, path: path) == .success(page))
    }

    @Test(
        arguments: [
            (Method.post, "/healthz", 405), (.get, "/", 404), (.get, "/metrics/", 404),
            (.post, "/x", 404),
        ] as [(GatehouseHTTP.Method, String, UInt16)])
    func `everything else is refused`(method: GatehouseHTTP.Method, path: String, status: UInt16) {
        guard case .failure(let refused) = AdminPage.find(method: method, path: path) else {
            Issue.record("found")
            return
        }
        #expect(refused.answer.status == status)
        #expect((refused.answer.allow != nil) == (status == 405))
    }

    @Test func `readiness says what speaks against it`() {
        let readiness = Readiness()
        #expect(AdminPage.ready(readiness.reasons, degraded: []).status == 200)
        readiness.beginDrain()
        let answer = AdminPage.ready(readiness.reasons, degraded: [(route: "r", policy: "p")])
        #expect(answer.status == 503)
        #expect(
            String(decoding: answer.body, as: UTF8.self)
                == #"{"status":"unready","reasons":[{"reason":"draining"}],"degraded":"#
                + #"[{"route":"r","policy":"p"}]}"# + "\n")
    }

    @Test func `plugins' metrics are prefixed, distinct, and have ages`() {
        func sample(
            _ name: String, _ kind: MetricRegistry.Kind, _ sum: Double, route: String = "r"
        ) -> MetricRegistry.Sample {
            MetricRegistry.Sample(
                name: name, help: "H", kind: kind, labels: [(name: "route", value: route)],
                sum: sum, count: 2)
        }
        var text = PrometheusText()
        PluginMetrics(
            samples: [
                sample("p-x_a_total", .counter, 1), sample("p_keys_timestamp_seconds", .gauge, 990),
                sample("p_x_a_total", .counter, 5), sample("p_x_a_total", .gauge, 5, route: "s"),
                sample("p_keys_timestamp_seconds", .gauge, 0, route: "never"),
                sample("p_took", .histogram, 3),
            ], unixSeconds: 1000
        ).write(&text)
        let lines = String(decoding: text.bytes, as: UTF8.self).split(separator: "\n")
        #expect(
            lines.filter { !$0.hasPrefix("# HELP") } == [
                "# TYPE gatehouse_plugin_p_x_a_total counter",
                "gatehouse_plugin_p_x_a_total{route=\"r\"} 1",
                "# TYPE gatehouse_plugin_p_keys_timestamp_seconds gauge",
                "gatehouse_plugin_p_keys_timestamp_seconds{route=\"r\"} 990",
                "gatehouse_plugin_p_keys_timestamp_seconds{route=\"never\"} 0",
                "# TYPE gatehouse_plugin_p_keys_age_seconds gauge",
                "gatehouse_plugin_p_keys_age_seconds{route=\"r\"} 10",
                "# TYPE gatehouse_plugin_p_took summary",
                "gatehouse_plugin_p_took_sum{route=\"r\"} 3",
                "gatehouse_plugin_p_took_count{route=\"r\"} 2",
            ])
    }

    @Test func `what the kernel says of a process is read as it writes it`() {
        var facts = ProcessFacts()
        let stat =
            "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 7 0 1000 4096000 25 "
            + "18446744073709551615 1"
        facts.take(stat: stat, ticks: 100, page: 4096)
        #expect(facts.cpuSeconds == 2 && facts.threads == 7 && facts.startSeconds == 10)
        #expect(facts.virtualBytes == 4_096_000 && facts.residentBytes == 102_400)
        #expect(ProcessFacts.bootSeconds("cpu 1\nbtime 1700000000\nx 1\n") == 1_700_000_000)
        var none = ProcessFacts()
        none.take(stat: "no parenthesis", ticks: 100, page: 4096)
        #expect(none == ProcessFacts())
        let own = ProcessFacts.read()
        #expect((own.residentBytes ?? 0) > 1 << 20 && (own.descriptors ?? 0) >= 3)
        #expect(abs((own.startSeconds ?? 0) - Double(time(nil))) < 3_600)
    }

    @Test func `the bounds of the configuration are counted by key, each once`() throws {
        let running = try RunningAdmin()
        let limits = MetricsPage(server: running.server.sample()).limits().map(\.limit)
        #expect(limits == limits.sorted() && Set(limits).count == limits.count)
        for key in ["limits.maxConnections", "limits.maxHead", "timeouts.requestBody"] {
            #expect(limits.contains(key))
        }
    }

    @Test func `it answers one request after the other, and closes behind what it cannot read`()
        throws
    {
        let running = try RunningAdmin()
        let client = try AdminClient(port: running.admin.address.port)
        let health = client.ask("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(
            health.hasPrefix("HTTP/1.1 200 OK\r\n") && health.hasSuffix(#"{"status":"ok"}"# + "\n"))
        #expect(client.ask("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n").contains("\"ready\""))
        let metrics = client.ask("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(metrics.contains("Content-Type: text/plain; version=0.0.4"))
        #expect(metrics.contains("\ngatehouse_ready 1\n"))
        running.memory.level = .refusing
        #expect(client.ask("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n").contains("memory"))
        running.memory.level = .closing
        running.readiness.beginDrain()
        let draining = client.ask("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(draining.hasPrefix("HTTP/1.1 503 ") && draining.contains("draining"))
        #expect(client.ask("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").contains(" 200 "))
        let refused = client.ask("GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n")
        #expect(refused.hasPrefix("HTTP/1.1 400 ") && refused.contains("Connection: close"))
        #expect(client.ask("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").isEmpty)
    }

    @Test func `connections beyond its budget get 503, and the others go on`() throws {
        let running = try RunningAdmin(connectionsMax: 1)
        let first = try AdminClient(port: running.admin.address.port)
        let ask = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(first.ask(ask).hasPrefix("HTTP/1.1 200 "))
        let second = try AdminClient(port: running.admin.address.port)
        #expect(second.ask("").hasPrefix("HTTP/1.1 503 "))
        #expect(first.ask(ask).hasPrefix("HTTP/1.1 200 "))
    }

    @Test func `a port that is taken is a value, not a trap`() throws {
        let running = try RunningAdmin()
        let failure = #expect(throws: StartFailure.self) {
            try AdminServer(running.admin.address, connectionsMax: 1, source: running.source)
        }
        #expect(failure?.description.contains("Address already in use") == true)
    }
}

/// A server without routes and its admin listener, stopped with the object.
final class RunningAdmin {
    let host: PluginHost
    let server: ProxyServer
    let readiness = Readiness()
    let memory = MemoryPressure()
    let source: AdminSource
    let admin: AdminServer

    init(connectionsMax: Int = 8) throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        host = try PluginHost(services: RuntimeServices(logger: logger, secrets: .init()))
        server = try ProxyServer.start(
            ProxySnapshot(listeners: [
                GatehouseProxy.Listener(
                    address: ListenAddress(host: "127.0.0.1", port: 0), routes: try RouteTable([]))
            ]))
        source = AdminSource(
            server: server, host: host, readiness: readiness, logs: [], standIns: [],
            connections: ConnectionBudget(1), memory: memory, clock: SystemClock())
        admin = try AdminServer(
            ListenAddress(host: "127.0.0.1", port: 0), connectionsMax: connectionsMax,
            source: source)
    }

    deinit {
        admin.stop()
        server.shutdown()
        host.shutdown()
    }
}

/// A blocking client.
final class AdminClient {
    private let descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var time = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
    }

    deinit { close(descriptor) }

    /// Sends, and reads a whole response; empty at the end of the connection.
    func ask(_ text: String) -> String {
        let bytes = Array(text.utf8)
        send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !Self.isWhole(all) {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            all += buffer[..<count]
        }
        return String(decoding: all, as: UTF8.self)
    }

    private static func isWhole(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        guard parts.count == 2 else { return false }
        for line in parts[0].split(separator: "\r\n") where line.hasPrefix("Content-Length: ") {
            return Int(line.dropFirst(16)) == parts[1].utf8.count
        }
        return false
    }
}
