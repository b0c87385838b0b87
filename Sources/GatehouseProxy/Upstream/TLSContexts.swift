import NIOSSL
import Synchronization

/// The TLS settings towards upstreams, one for each set of trusted roots. **Thread:** any.
///
/// Reading the system's roots takes tens of milliseconds: `prepare` does it before the loops need
/// it; what was not prepared is read at its first use.
final class TLSContexts: Sendable {
    private let contexts = Mutex<[String: NIOSSLContext]>([:])

    /// The settings for these roots (a PEM file), nil for the system's; nil: they cannot be read.
    func context(roots: String?) -> NIOSSLContext? {
        contexts.withLock { contexts in
            if let known = contexts[roots ?? ""] { return known }
            var settings = TLSConfiguration.makeClientConfiguration()
            settings.minimumTLSVersion = .tlsv12
            settings.applicationProtocols = ["http/1.1"]
            if let roots { settings.trustRoots = .file(roots) }
            let made = try? NIOSSLContext(configuration: settings)
            if let made { contexts[roots ?? ""] = made }
            return made
        }
    }

    /// Reads the roots of these upstreams.
    func prepare(_ snapshot: ProxySnapshot) {
        for listener in snapshot.listeners {
            for route in listener.routes.routes {
                for upstream in route.upstreams where upstream.isTLS {
                    _ = context(roots: upstream.trustedRoots)
                }
            }
        }
    }
}
