import NIOSSL
import Synchronization

/// Why settings of TLS cannot be used.
struct TLSProblem: Error {
    /// One sentence; it shows nothing of a key.
    var reason: String
}

/// The contexts of TLS towards upstreams, one for each of their settings. **Thread:** any.
///
/// Reading the system's roots takes tens of milliseconds: `prepare` does it before the loops need
/// it; what was not prepared is read at its first use.
final class TLSContexts: Sendable {
    private let contexts = Mutex<[UpstreamTLS: NIOSSLContext]>([:])

    /// The context for these settings; nil: their files cannot be used.
    func context(_ tls: UpstreamTLS) -> NIOSSLContext? {
        // The name is the connection's: upstreams that differ in nothing else share a context.
        var settings = tls
        settings.hostname = nil
        return contexts.withLock { contexts in
            if let known = contexts[settings] { return known }
            let made = try? Self.make(settings)
            if let made { contexts[settings] = made }
            return made
        }
    }

    /// Reads the files of these upstreams.
    func prepare(_ snapshot: ProxySnapshot) {
        for listener in snapshot.listeners {
            for route in listener.routes.routes {
                for upstream in route.upstreams {
                    if let tls = upstream.tls { _ = context(tls) }
                }
            }
        }
    }

    /// Makes a context, or says which file is at fault.
    static func make(_ tls: UpstreamTLS) throws(TLSProblem) -> NIOSSLContext {
        var settings = TLSConfiguration.makeClientConfiguration()
        settings.minimumTLSVersion = .tlsv12
        settings.applicationProtocols = ["http/1.1"]
        if tls.isInsecure { settings.certificateVerification = .none }
        if let file = tls.rootFile {
            settings.trustRoots = .certificates(try certificates(file))
        }
        if let file = tls.certificateFile, let keyFile = tls.keyFile {
            settings.certificateChain = try certificates(file).map { .certificate($0) }
            settings.privateKey = .privateKey(try key(keyFile))
        }
        do {
            return try NIOSSLContext(configuration: settings)
        } catch {
            guard let file = tls.certificateFile, let keyFile = tls.keyFile else {
                throw TLSProblem(reason: "TLS cannot be set up: \(error)")
            }
            throw TLSProblem(reason: "the key in \(keyFile) is not that of \(file)")
        }
    }

    private static func certificates(
        _ file: String
    ) throws(TLSProblem) -> [NIOSSLCertificate] {
        let found = (try? NIOSSLCertificate.fromPEMFile(file)) ?? []
        guard !found.isEmpty else {
            throw TLSProblem(reason: "\(file) holds no certificate in PEM form")
        }
        return found
    }

    private static func key(_ file: String) throws(TLSProblem) -> NIOSSLPrivateKey {
        guard let key = try? NIOSSLPrivateKey(file: file, format: .pem) else {
            throw TLSProblem(reason: "\(file) holds no private key in PEM form without passphrase")
        }
        return key
    }
}
