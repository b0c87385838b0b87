/// TLS towards an upstream: whom it must be, and who the gateway says that it is.
public struct UpstreamTLS: Sendable, Hashable {
    /// The name that the certificate must be for and that SNI sends; nil: the upstream's host.
    public var hostname: String?
    /// A PEM file of the authorities that are trusted instead of the system's; nil: the system's.
    public var rootFile: String?
    /// A PEM file of the chain that the gateway shows, leaf first; nil: it shows none.
    public var certificateFile: String?
    /// A PEM file of that certificate's private key.
    public var keyFile: String?
    /// Nothing is verified.
    public var isInsecure = false

    /// Verified against the system's authorities, for the upstream's own host.
    public init() {}

    /// Why these settings cannot be used, in one sentence; nil: they can. Reads their files.
    public func problem() -> String? {
        do throws(TLSProblem) {
            _ = try TLSContexts.make(self)
            return nil
        } catch {
            return error.reason
        }
    }
}
