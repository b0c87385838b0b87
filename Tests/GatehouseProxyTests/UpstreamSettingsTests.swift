import GatehouseHTTP
import Glibc
import Testing

@testable import GatehouseProxy

@Suite("What an operator sets for upstreams")
struct UpstreamSettingsTests {
    private func status(_ tls: UpstreamTLS, asksForClient: Bool = false) throws -> Substring {
        let upstream = try TLSUpstream(asksForClient: asksForClient)
        defer { upstream.stop() }
        let target = Upstream(address: .host("127.0.0.1", port: upstream.port), tls: tls)
        let proxy = try TestProxy([Route(name: "r", upstreams: [target])])
        return try proxy.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").prefix(12)
    }

    /// Settings that trust the tests' authority, with a name.
    private func settings(_ name: String?, root: String) -> UpstreamTLS {
        var tls = UpstreamTLS()
        tls.rootFile = root
        tls.hostname = name
        return tls
    }

    @Test func `the certificate is verified for the name that is set`() throws {
        let root = TestCertificates.file(TestCertificates.authority)
        defer { unlink(root) }
        #expect(try status(settings("upstream.test", root: root)) == "HTTP/1.1 200")
        #expect(try status(settings("other.test", root: root)) == "HTTP/1.1 502")
        #expect(try status(settings(nil, root: root)) == "HTTP/1.1 502", "it is for no address")
    }

    @Test func `insecure takes what nobody has signed for us`() throws {
        var tls = UpstreamTLS()
        #expect(try status(tls) == "HTTP/1.1 502")
        tls.isInsecure = true
        #expect(try status(tls) == "HTTP/1.1 200")
    }

    @Test func `the client's certificate is shown`() throws {
        let root = TestCertificates.file(TestCertificates.authority)
        let certificate = TestCertificates.file(TestCertificates.client)
        let key = TestCertificates.file(TestCertificates.clientKey)
        defer { for file in [root, certificate, key] { unlink(file) } }
        var tls = settings("upstream.test", root: root)
        #expect(try status(tls, asksForClient: true) == "HTTP/1.1 502")
        tls.certificateFile = certificate
        tls.keyFile = key
        #expect(tls.problem() == nil)
        #expect(try status(tls, asksForClient: true) == "HTTP/1.1 200")
    }

    @Test func `files that cannot be used are named`() throws {
        let root = TestCertificates.file("no certificate")
        let certificate = TestCertificates.file(TestCertificates.client)
        let key = TestCertificates.file(TestCertificates.serverKey)
        defer { for file in [root, certificate, key] { unlink(file) } }
        #expect(settings(nil, root: root).problem()?.contains(root) == true)
        var tls = UpstreamTLS()
        tls.certificateFile = certificate
        tls.keyFile = key
        #expect(tls.problem() == "the key in \(key) is not that of \(certificate)")
        tls.keyFile = root
        #expect(tls.problem()?.contains("no private key") == true)
    }

    @Test(arguments: [(1_000, 2), (0, 1)] as [(UInt32, Int)])
    func `a kept upstream connection lives as long as it is set`(idle: UInt32, made: Int) throws {
        let upstream = try TestUpstream { _ in
            .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        defer { upstream.stop() }
        let clock = ManualClock()
        let proxy = try TestProxy(to: upstream) {
            $0.clock = clock
            $0.limits.upstreamIdleMs = idle
        }
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(try proxy.exchange(request).hasPrefix("HTTP/1.1 200"))
        clock.advance(ms: 2_000, proxy.server)
        #expect(try proxy.exchange(request).hasPrefix("HTTP/1.1 200"))
        #expect(upstream.connections.count == made)
    }

    @Test func `more fields than the standard are taken where the limit says so`() throws {
        let upstream = try TestUpstream { _ in
            .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        defer { upstream.stop() }
        let fields = (0..<200).map { "x-\($0): 1\r\n" }.joined()
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
        let standard = try TestProxy(to: upstream)
        #expect(try standard.exchange(request).hasPrefix("HTTP/1.1 431"))
        let larger = try TestProxy(to: upstream) {
            $0.limits.head = HeadLimits(startLine: 8_000, head: 64_000, fields: 300)
        }
        #expect(try larger.exchange(request).hasPrefix("HTTP/1.1 200"))
    }
}
