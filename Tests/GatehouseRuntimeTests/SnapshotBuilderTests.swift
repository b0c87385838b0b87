import GatehouseConfig
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

    @Test(
        arguments: [
            (nil, 0), (.seconds(5), 5000), (.milliseconds(1), 1), (.nanoseconds(1), 1),
            (.seconds(Int64.max), UInt32.max),
        ] as [(Duration?, UInt32)])
    func `durations become milliseconds`(duration: Duration?, expected: UInt32) {
        #expect(duration.milliseconds == expected)
    }
}
