import GatehouseConfig
import GatehouseHTTP
import GatehousePluginHost
import GatehouseProxy
import Logging
import Testing

@testable import GatehouseRuntime

@Suite("Snapshot: from a configuration to routes")
struct SnapshotBuilderTests {
    private func build(_ text: String) throws -> SnapshotBuilder.Outcome {
        let loaded = ConfigurationLoader(plugins: [], environment: [:])
            .load(text: text, name: "test.yaml", directory: "/")
        let configuration = try #require(
            loaded.configuration, "\(loaded.diagnostics.rendered())")
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let services = RuntimeServices(logger: logger, secrets: configuration.secrets)
        let host = try PluginHost(services: services)
        defer { host.shutdown() }
        let plugins = Plugins(PluginFolder(named: "/nowhere/plugins"), isOpening: false)
        return SnapshotBuilder(
            configuration: configuration, plugins: plugins, host: host, isDryRun: true
        ).build()
    }

    @Test func `a route whose policy is missing fails closed and is named`() throws {
        let outcome = try build(
            """
            binds:
            - port: 0
              listeners:
              - routes:
                - name: guarded
                  policies:
                    ratelimit: {}
                  backends:
                  - host: localhost:1
            """)
        #expect(outcome.standIns.map(\.route) == ["guarded"])
        #expect(outcome.standIns.map(\.policy) == ["ratelimit"])
        let route = try #require(outcome.snapshot?.listeners.first?.routes.routes.first)
        #expect(route.chain?.standIns == ["ratelimit"])
    }

    @Test func `matches, upstreams and bounds arrive at the proxy`() throws {
        let outcome = try build(
            """
            trustedProxies: [10.0.0.0/8, "fd00::/8"]
            binds:
            - port: 0
              address: 127.0.0.1
              listeners:
              - hostname: "*.example.com"
                routes:
                - name: one
                  matches:
                  - path: {regex: "/v[0-9]+/.*"}
                    method: POST
                  limits: {maxBody: 1024}
                  backends:
                  - host: "[::1]:8080"
                  - mcp:
                      targets:
                      - name: a
                        mcp: {host: "http://localhost:3001/mcp"}
            """)
        #expect(outcome.diagnostics.isEmpty)
        let listener = try #require(outcome.snapshot?.listeners.first)
        #expect(listener.address.host == "127.0.0.1")
        #expect(listener.trustedProxies.count == 2)
        let route = try #require(listener.routes.routes.first)
        #expect(route.hosts == [.suffix(".example.com")])
        #expect(route.bodyBytesMax == 1024)
        #expect(route.matches.first?.method == "POST")
        #expect(route.upstreams.map(\.authority) == ["[::1]:8080", "localhost:3001"])
        #expect(route.upstreams.map(\.path) == [nil, "/mcp"])
        #expect(route.upstreams.map(\.removesOrigin) == [false, true])
    }

    private func route(_ text: String, _ more: String = "") throws -> SnapshotBuilder.Outcome {
        try build(
            """
            \(more)
            binds:
            - port: 0
              listeners:
              - routes:
                - name: one
                  \(text)
            """)
    }

    @Test func `the bounds of bodies arrive at the proxy`() throws {
        let outcome = try route(
            "limits: {maxBufferedBody: 4MiB, maxBody: 8MiB}\n      backends: []")
        let one = try #require(outcome.snapshot?.listeners.first?.routes.routes.first)
        #expect(one.wholeBodyBytesMax == 4 << 20)
        #expect(one.bodyBytesMax == 8 << 20)
    }

    @Test func `what is set for the whole server arrives at it`() throws {
        let text = """
            port: 0
            upstream: localhost:1
            timeouts: {upstreamIdle: 7s, idle: 8s, requestHead: off}
            limits: {maxUpstreamConnections: 9, maxExchanges: 20, maxFields: 300, maxHead: 9KiB,
              maxPendingRequests: 11}
            """
        let loaded = ConfigurationLoader(plugins: [], environment: [:])
            .load(text: text, name: "test.yaml", directory: "/")
        let configuration = try #require(
            loaded.configuration, "\(loaded.diagnostics.rendered())")
        let limits = RunningGateway.limits(configuration, threads: 2)
        #expect(limits.upstreamIdleMs == 7_000)
        #expect(limits.idleMs == 8_000)
        #expect(limits.headMs == 0)
        #expect(limits.connectionsPerUpstream == 9)
        #expect(limits.exchangesPerLoop == 10)
        #expect(limits.pendingPerUpstream == 11)
        #expect(limits.head.fields == 300)
        #expect(limits.head.head == 9 << 10)
    }

    @Test func `every setting of TLS arrives at the proxy`() throws {
        let outcome = try route(
            """
            backends:
                  - host: localhost:1
                    tls: {hostname: Inner.example, insecure: true}
            """)
        let one = try #require(outcome.snapshot?.listeners.first?.routes.routes.first)
        let tls = try #require(one.upstreams.first?.tls)
        #expect(tls.hostname == "inner.example")
        #expect(tls.isInsecure)
    }

    @Test func `TLS files that hold something else are errors at load`() throws {
        let outcome = try route(
            """
            backends:
                  - host: localhost:1
                    tls: {root: /dev/null}
            """)
        #expect(outcome.snapshot == nil)
        #expect(outcome.diagnostics.first?.message == "/dev/null holds no certificate in PEM form")
    }

    @Test func `a backend of weight 0 gets nothing`() throws {
        let outcome = try route(
            """
            backends:
                  - {host: "localhost:1", weight: 0}
                  - {host: "localhost:2", weight: 3}
            """)
        let one = try #require(outcome.snapshot?.listeners.first?.routes.routes.first)
        #expect(one.upstreams.map(\.authority) == ["localhost:2"])
    }

    @Test(
        arguments: [
            ("*.example.com", "[a.example.com]", ["a.example.com"], 0),
            ("a.example.com", "[\"*.example.com\"]", ["a.example.com"], 0),
            ("*.example.com", "[\"*.b.example.com\"]", ["*.b.example.com"], 0),
            ("*.example.com", "[a.example.com, other.org]", ["a.example.com"], 1),
            ("*.example.com", "[other.org]", nil, 1),
            ("*.example.com", "[example.com]", nil, 1),
            ("*.example.com", "[badexample.com]", nil, 1),
        ] as [(String, String, [String]?, Int)])
    func `a route has the names that its listener takes too`(
        listener: String, route: String, shared: [String]?, problems: Int
    ) throws {
        let outcome = try build(
            """
            binds:
            - port: 0
              listeners:
              - hostname: "\(listener)"
                routes:
                - {name: one, hostnames: \(route), backends: [{host: "localhost:1"}]}
            """)
        let expected = shared?.compactMap { GatehouseProxy.HostPattern($0) }
        #expect(outcome.snapshot?.listeners.first?.routes.routes.first?.hosts == expected)
        #expect(outcome.diagnostics.count == problems)
    }

    @Test func `a route that an earlier one hides is said, one of another listener is not`() throws
    {
        let outcome = try build(
            """
            binds:
            - port: 0
              listeners:
              - hostname: a.example.com
                routes:
                - {name: one, backends: [{host: "localhost:1"}]}
                - {name: two, backends: [{host: "localhost:2"}]}
              - hostname: b.example.com
                routes:
                - {name: three, backends: [{host: "localhost:3"}]}
            """)
        #expect(outcome.snapshot != nil)
        #expect(
            outcome.diagnostics.map(\.message)
                == ["route 'two' is never reached: 'one' matches the same"])
    }

    @Test func `a public URL with a path is the route's external base`() throws {
        let outcome = try route(
            "publicUrl: https://example.com/gate/\n      backends: [{host: \"localhost:1\"}]")
        let one = try #require(outcome.snapshot?.listeners.first?.routes.routes.first)
        #expect(one.publicURL == "https://example.com/gate")
    }

    @Test(
        arguments: [
            (nil, 0), (.seconds(5), 5000), (.milliseconds(1), 1), (.nanoseconds(1), 1),
            (.seconds(Int64.max), UInt32.max),
        ] as [(Duration?, UInt32)])
    func `durations become milliseconds`(duration: Duration?, expected: UInt32) {
        #expect(duration.milliseconds == expected)
    }
}
