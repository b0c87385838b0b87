import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// Certificates made for these tests only, valid for a hundred years: an authority, a server
/// (`upstream.test`) and a client that it has signed.
enum TestCertificates {
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBiTCCAS+gAwIBAgIUKYgbJLlanE/LWKkqwHm91oZ0+UgwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOdGVzdC1hdXRob3JpdHkwIBcNMjYxMTI0MTk0NDE2WhgPMjEy
        NjEwMzExOTQ0MTZaMBkxFzAVBgNVBAMMDnRlc3QtYXV0aG9yaXR5MFkwEwYHKoZI
        zj0CAQYIKoZIzj0DAQcDQgAE5r51YNAsU2Y76Jldv+dCbdLB9q3GwTmfutXERfNV
        +/hM9kNobB/Q/nPPgKUVnowu8uiFeddF2Z6NyoGHOvMsx6NTMFEwHQYDVR0OBBYE
        FJnBeI8zNe0S3RtdRJK4f6hyZCkrMB8GA1UdIwQYMBaAFJnBeI8zNe0S3RtdRJK4
        f6hyZCkrMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgLx9hwSHk
        SvgTeKSlegGWgBM2crJmZX9+9SaPWcAMjb0CIQCcVk+5HAR+rw7O0upglrYCqNrb
        0d87X9+GS7HHV0Ohrw==
        -----END CERTIFICATE-----
        """
    static let server = """
        -----BEGIN CERTIFICATE-----
        MIIBqTCCAU+gAwIBAgIUQnUXeSCNczzeYy83hBa4g/UN4dswCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOdGVzdC1hdXRob3JpdHkwIBcNMjYxMTI0MTk0NDE2WhgPMjEy
        NjEwMzExOTQ0MTZaMBExDzANBgNVBAMMBnNlcnZlcjBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABC8KDn4KSAVQHUYE00UbpsOFgP7vO7Rs9cD8le7HecmtFIjsSL7L
        IYGkTSE1vtwtlYgV+RA2iJCmYzVWlB0MyN+jezB5MBgGA1UdEQQRMA+CDXVwc3Ry
        ZWFtLnRlc3QwHQYDVR0lBBYwFAYIKwYBBQUHAwEGCCsGAQUFBwMCMB0GA1UdDgQW
        BBQx5ab+Ro21x4YmnEELtCl+OdTI6zAfBgNVHSMEGDAWgBSZwXiPMzXtEt0bXUSS
        uH+ocmQpKzAKBggqhkjOPQQDAgNIADBFAiB+Mlin8woKTgE/kNR9kF7IhrfrgBWD
        wA7MdPtCXo/mxQIhANyHzCWoQ+Uc8PJzkwuluMn0kOFkzRI299/2u7vk5Zvm
        -----END CERTIFICATE-----
        """
    static let serverKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgh6KGP9bY1e81MKJD
        lhJBtEu3ZITxR9XaugmqBM2v/L+hRANCAAQvCg5+CkgFUB1GBNNFG6bDhYD+7zu0
        bPXA/JXux3nJrRSI7Ei+yyGBpE0hNb7cLZWIFfkQNoiQpmM1VpQdDMjf
        -----END PRIVATE KEY-----
        """
    static let client = """
        -----BEGIN CERTIFICATE-----
        MIIBqDCCAU+gAwIBAgIUQnUXeSCNczzeYy83hBa4g/UN4dwwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOdGVzdC1hdXRob3JpdHkwIBcNMjYxMTI0MTk0NDE2WhgPMjEy
        NjEwMzExOTQ0MTZaMBExDzANBgNVBAMMBmNsaWVudDBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABBWWGKXQnpKgcZCELWoaZIVyogRmOlutfElYKryNz4EZcAjNT1eY
        PsRHTbFUqPTFnavXwShPeFKIKMNdfBgESkejezB5MBgGA1UdEQQRMA+CDXVwc3Ry
        ZWFtLnRlc3QwHQYDVR0lBBYwFAYIKwYBBQUHAwEGCCsGAQUFBwMCMB0GA1UdDgQW
        BBQsDfOrhacFztB0i4BTNMuLiDl43TAfBgNVHSMEGDAWgBSZwXiPMzXtEt0bXUSS
        uH+ocmQpKzAKBggqhkjOPQQDAgNHADBEAiBQK7ZlnuyFWqHmMDRUsSiwkEfUcH27
        vnDcxbihxvPb1gIgLYkVdjrTVIih9lUUFin3uf6vJIP7hkxPOXFoYG58PWE=
        -----END CERTIFICATE-----
        """
    static let clientKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+ITiv6qIRwkXUde0
        7aGxFdanppdRVU3L2Zj+0OP83UihRANCAAQVlhil0J6SoHGQhC1qGmSFcqIEZjpb
        rXxJWCq8jc+BGXAIzU9XmD7ER02xVKj0xZ2r18EoT3hSiCjDXXwYBEpH
        -----END PRIVATE KEY-----
        """

    /// Writes a PEM text to a file of its own; the caller unlinks it.
    static func file(_ text: String) -> String {
        var path = Array("/tmp/gatehouse-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        let bytes = Array((text + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        return String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A TLS server that answers each request with 200; it may ask for a client's certificate.
final class TLSUpstream {
    let port: UInt16
    private let channel: any Channel

    init(asksForClient: Bool) throws {
        let authority = try NIOSSLCertificate.fromPEMBytes(Array(TestCertificates.authority.utf8))
        var settings = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(
                Array(TestCertificates.server.utf8)
            ).map { .certificate($0) },
            privateKey: .privateKey(
                try NIOSSLPrivateKey(bytes: Array(TestCertificates.serverKey.utf8), format: .pem)))
        if asksForClient {
            settings.certificateVerification = .noHostnameVerification
            settings.trustRoots = .certificates(authority)
        }
        let context = try NIOSSLContext(configuration: settings)
        channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLServerHandler(context: context))
                    try channel.pipeline.syncOperations.addHandler(Answer())
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
        port = UInt16(clamping: channel.localAddress?.port ?? 0)
    }

    func stop() { try? channel.close().wait() }

    private final class Answer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let answer = ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            context.writeAndFlush(NIOAny(answer), promise: nil)
        }
    }
}
