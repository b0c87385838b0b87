/// Where a route leads, with its share.
public struct Backend: Sendable {
    /// The share of the exchanges, 0 to 1,000,000; 0 gets none.
    public var weight: Int
    /// What it is.
    public var target: Target
    /// The entry in the file.
    public var position: Position

    /// What a backend is.
    public enum Target: Sendable {
        /// An HTTP server.
        case upstream(Upstream)
        /// A plugin of kind backend.
        case plugin(PluginUse)
    }
}

/// An HTTP server behind the gateway.
public struct Upstream: Sendable, Hashable {
    /// Where it listens.
    public enum Endpoint: Sendable, Hashable {
        /// A name or an address literal (IPv6 without brackets) and a port, 1 to 65535.
        case host(String, port: UInt16)
        /// A Unix domain socket's absolute path.
        case unix(path: String)
    }

    /// Where it listens.
    public var endpoint: Endpoint
    /// The settings of TLS; nil: plain text.
    public var tls: UpstreamTLS?
    /// What replaces the request's path, with a leading slash; nil: the path stays byte for byte.
    ///
    /// The query stays in any case.
    public var path: String?
    /// An MCP target: Host names the upstream and Origin is removed once it was checked.
    public var isMCP: Bool

    /// The value of `Host` for it: the port is left out where it is the scheme's default.
    public var authority: String {
        switch endpoint {
        case .unix: return "localhost"
        case .host(let name, let port):
            let host = name.contains(":") ? "[\(name)]" : name
            return port == (tls == nil ? 80 : 443) ? host : "\(host):\(port)"
        }
    }
}

extension Upstream: CustomStringConvertible {
    /// `http://host:port/path` or `unix:/path`, for messages and for what plugins see.
    public var description: String {
        let scheme = tls == nil ? "http" : "https"
        return switch endpoint {
        case .unix(let socket): "unix:\(socket)"
        case .host: "\(scheme)://\(authority)\(path ?? "")"
        }
    }
}

/// TLS towards an upstream; the certificate is verified unless `isInsecure`.
public struct UpstreamTLS: Sendable, Hashable {
    /// The name that the certificate must be for and that SNI sends; nil: the endpoint's host.
    public var hostname: String?
    /// A PEM file of the authorities to trust, absolute; nil: the system's.
    public var rootFile: String?
    /// The client's certificate chain and key, PEM files, absolute; nil: none is sent.
    public var client: ClientCertificate?
    /// Nothing is verified; said at load as a warning.
    public var isInsecure: Bool = false

    /// Verification against the system's authorities.
    public init() {}

    /// The certificate that the gateway shows to an upstream.
    public struct ClientCertificate: Sendable, Hashable {
        /// The chain, leaf first.
        public var certificateFile: String
        /// The private key; others may not read the file.
        public var keyFile: String
    }
}
