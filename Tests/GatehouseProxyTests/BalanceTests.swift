import GatehousePluginHost
import Synchronization
import Testing

@testable import GatehouseProxy

@Suite("Several upstreams of a route")
struct BalanceTests {
    private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    /// An upstream that answers with its name.
    private func named(_ name: String) throws -> TestUpstream {
        try TestUpstream { _ in
            .send("HTTP/1.1 200 OK\r\nContent-Length: \(name.utf8.count)\r\n\r\n\(name)")
        }
    }

    /// A port at which nothing listens.
    private func closedPort() throws -> UInt16 {
        let upstream = try named("x")
        upstream.stop()
        return upstream.port
    }

    private func sample(_ proxy: TestProxy, _ port: UInt16) -> UpstreamSample? {
        proxy.server.clockAdvanced()
        return proxy.server.sample().upstreams.first { $0.name == "127.0.0.1:\(port)" }
    }

    @Test func `an idle loop asks them in turn`() throws {
        let (a, b) = (try named("a"), try named("b"))
        let proxy = try TestProxy([Route(name: "r", upstreams: [.local(a), .local(b)])])
        let client = try proxy.client()
        var answers = ""
        for _ in 0..<6 {
            client.send(get)
            answers += String(client.response().suffix(1))
        }
        #expect(answers == "ababab" || answers == "bababa")
        a.stop()
        b.stop()
    }

    @Test func `running exchanges are shared by weight, weight 0 gets none`() throws {
        let counts = (0..<3).map { _ in Counter() }
        let upstreams = try counts.map { count in
            try TestUpstream { _ in
                count.add()
                return .hold
            }
        }
        let route = Route(
            name: "r",
            upstreams: zip(upstreams, [1, 3, 0]).map { upstream, weight in
                Upstream(address: .host("127.0.0.1", port: upstream.port), weight: weight)
            })
        let proxy = try TestProxy([route])
        let clients = try (0..<16).map { _ in try proxy.client() }
        for client in clients {
            let before = counts.map(\.value).reduce(0, +)
            client.send(get)
            while counts.map(\.value).reduce(0, +) == before {}
        }
        #expect(counts.map(\.value) == [4, 12, 0])
        for upstream in upstreams { upstream.stop() }
    }

    @Test(arguments: ["GET", "POST"])
    func `F01: a refused connect goes to another upstream at once, whatever the method`(
        method: String
    ) throws {
        let b = try named("b")
        let dead = try closedPort()
        let proxy = try TestProxy([
            Route(
                name: "r",
                upstreams: [Upstream(address: .host("127.0.0.1", port: dead)), .local(b)])
        ])
        let request =
            method == "GET" ? get : "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
        for _ in 0..<40 { #expect(try proxy.exchange(request).hasSuffix("\r\n\r\nb")) }
        let seen = try #require(sample(proxy, dead))
        #expect(seen.connectFailures == 5 && seen.failovers == 5)
        #expect(seen.ejections == 1 && seen.ejected == 1)
        b.stop()
    }

    @Test func `after the time one trial decides, and a success brings it back`() throws {
        let b = try named("b")
        let dead = try closedPort()
        let clock = ManualClock()
        let proxy = try TestProxy([
            Route(
                name: "r",
                upstreams: [Upstream(address: .host("127.0.0.1", port: dead)), .local(b)])
        ]) { $0.clock = clock }
        func failures(after exchanges: Int) throws -> UInt64 {
            for _ in 0..<exchanges { #expect(try proxy.exchange(get).hasSuffix("b")) }
            return sample(proxy, dead)?.connectFailures ?? 0
        }
        #expect(try failures(after: 20) == 5)
        clock.advance(ms: 9_999, proxy.server)
        #expect(try failures(after: 10) == 5)
        clock.advance(ms: 1, proxy.server)
        #expect(try failures(after: 10) == 6)
        clock.advance(ms: 19_999, proxy.server)
        #expect(try failures(after: 10) == 6)
        clock.advance(ms: 1, proxy.server)
        let back = try TestUpstream(port: dead) { _ in
            .send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")
        }
        let answers = try (0..<10).map { _ in try proxy.exchange(get).suffix(1) }
        #expect(answers.filter { $0 == "a" }.count == 5)
        #expect(sample(proxy, dead)?.ejected == 0)
        back.stop()
        b.stop()
    }

    @Test func `the last one is never ejected, and one alone neither`() throws {
        let (x, y) = (try closedPort(), try closedPort())
        let routes = [[x, y], [x]].map { ports in
            Route(
                name: "r\(ports.count)", matches: [RouteMatch(path: .exact("/\(ports.count)"))],
                upstreams: ports.map { Upstream(address: .host("127.0.0.1", port: $0)) })
        }
        let proxy = try TestProxy(routes)
        for count in [1, 2] {
            for _ in 0..<20 {
                let answer = try proxy.exchange("GET /\(count) HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 502 "))
            }
        }
        let ejected = [sample(proxy, x)?.ejected, sample(proxy, y)?.ejected]
        #expect(ejected == [1, 0] || ejected == [0, 1])
        // A route that has only the ejected one goes on asking it.
        let before = sample(proxy, x)?.connectFailures ?? 0
        _ = try proxy.exchange("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(sample(proxy, x)?.connectFailures == before + 1)
    }
}

/// A number that any thread may add to.
final class Counter: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .sequentiallyConsistent) }

    func add() { count.add(1, ordering: .sequentiallyConsistent) }
}
