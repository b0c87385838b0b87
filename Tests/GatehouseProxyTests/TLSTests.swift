import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import GatehouseProxy

/// A certificate for 127.0.0.1 and its key, valid from 2020 to 2120, of no use elsewhere.
private enum TestCertificate {
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBZzCCAQygAwIBAgIBATAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5nYXRlaG91
        c2UgdGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowGTEXMBUG
        A1UEAwwOZ2F0ZWhvdXNlIHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQX
        BCNgmbWyjGMoQJqzeSo4Mk9zbyFiDQiSrLhkJ9GLAayv8EJc0mnQDyytYhyuUzxe
        0LCIeZPFQKr1jrotbjb2o0MwQTAPBgNVHRMBAf8EBTADAQH/MA8GA1UdEQQIMAaH
        BH8AAAEwHQYDVR0OBBYEFMVHKGOUNrO/x5zrh0Ab+hIFvLpCMAoGCCqGSM49BAMC
        A0kAMEYCIQCGhSVsGVeEPeFZPre+CTxc8qFBb2+jqbUzceOCtDn+5gIhAP0CsQ+/
        3niKzr+eA2wnaSrbILjwMbsvCuo0p/I9frlB
        -----END CERTIFICATE-----
        """
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgz522tH9s1ZiH/lJZ
        mE8TXv4in2spFYo2fJnrGn7TD4ShRANCAAQXBCNgmbWyjGMoQJqzeSo4Mk9zbyFi
        DQiSrLhkJ9GLAayv8EJc0mnQDyytYhyuUzxe0LCIeZPFQKr1jrotbjb2
        -----END PRIVATE KEY-----
        """
}

@Suite("Upstreams over TLS and on Unix domain sockets")
struct TLSTests {
    private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    /// A TLS server that answers every read with `hello`.
    private func server() throws -> any Channel {
        let certificate = try NIOSSLCertificate(
            bytes: Array(TestCertificate.certificate.utf8), format: .pem)
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem)
        let settings = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(certificate)], privateKey: .privateKey(key))
        let context = try NIOSSLContext(configuration: settings)
        return try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLServerHandler(context: context))
                    try pipeline.addHandler(HelloHandler())
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
    }

    private final class HelloHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(NIOAny(ByteBuffer(string: PlainProxyTests.hello)), promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }

    /// Writes the certificate to a file of its own and removes it with the object.
    private final class RootsFile {
        let path: String

        init() throws {
            var name = Array("/tmp/gatehouse-roots-XXXXXX".utf8CString)
            let descriptor = mkstemp(&name)
            path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let text = Array((TestCertificate.certificate + "\n").utf8)
            let count = write(descriptor, text, text.count)
            close(descriptor)
            #expect(count == text.count)
        }

        deinit { unlink(path) }
    }

    private func exchange(port: Int, host: String = "127.0.0.1", roots: String?) throws -> String {
        var tls = UpstreamTLS()
        tls.rootFile = roots
        let upstream = Upstream(address: .host(host, port: UInt16(clamping: port)), tls: tls)
        return try TestProxy([Route(name: "r", upstreams: [upstream])]).exchange(get)
    }

    @Test func `a certificate that verifies is taken, another is 502`() throws {
        let server = try server()
        let port = server.localAddress?.port ?? 0
        let roots = try RootsFile()
        #expect(try exchange(port: port, roots: roots.path).hasSuffix("hello"))
        #expect(try exchange(port: port, roots: nil).hasPrefix("HTTP/1.1 502 "))
        // The right key, but a name that the certificate does not hold.
        let wrong = try exchange(port: port, host: "localhost", roots: roots.path)
        #expect(wrong.hasPrefix("HTTP/1.1 502 "))
        try server.close().wait()
    }

    @Test func `a name is covered by itself and by a wildcard as the whole first label`() {
        func covers(_ host: String, _ names: String...) -> Bool {
            ServerIdentity.covers(host, names.map { Array($0.utf8) })
        }
        #expect(covers("a.example", "b.example", "A.Example"))
        #expect(covers("a.b.example", "*.b.example"))
        #expect(covers("a.example.", "a.example"))
        #expect(!covers("a.b.example", "*.example"))
        #expect(!covers("example.com", "*.com"))
        #expect(!covers("ab.b.example", "a*.b.example"))
        #expect(!covers("b.example", "*.b.example"))
        #expect(!covers("a.example", "a.example\0.evil"))
        #expect(!covers("a.example"))
        #expect(!covers("", ""))
    }

    @Test func `a server that says nothing to TLS is 504, and its connection is closed`() throws {
        let silent = try TestUpstream { _ in .hold }
        let upstream = Upstream(address: .host("127.0.0.1", port: silent.port), tls: UpstreamTLS())
        var timeouts = Timeouts()
        timeouts.connectMs = 200
        let proxy = try TestProxy([
            Route(name: "r", upstreams: [upstream], timeouts: timeouts)
        ])
        #expect(try proxy.exchange(get).hasPrefix("HTTP/1.1 504 "))
        try #require(silent.connections.first).closeFuture.wait()
        silent.stop()
    }

    @Test func `an upstream on a Unix domain socket`() throws {
        let path = "/tmp/gatehouse-test-\(getpid()).sock"
        let server = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(HelloHandler())
                }
            }
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).wait()
        let upstream = Upstream(address: .unix(path: path))
        let proxy = try TestProxy([Route(name: "r", upstreams: [upstream])])
        #expect(try proxy.exchange(get).hasSuffix("hello"))
        try server.close().wait()
        let gone = try TestProxy([Route(name: "r", upstreams: [upstream])])
        #expect(try gone.exchange(get).hasPrefix("HTTP/1.1 502 "))
        unlink(path)
    }
}
