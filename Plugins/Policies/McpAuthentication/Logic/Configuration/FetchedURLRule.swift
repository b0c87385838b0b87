/// Which URLs out of a fetched document may be used.
///
/// The document of an issuer is data of somebody else: its URLs share the configured issuer's
/// origin, or are https towards a public address, which the host's fetch resolves once and pins.
/// URLs that are written in the configuration are used as written and never come here.
enum FetchedURLRule {
    /// How the host is asked to reach a URL.
    enum Reach: Sendable, Equatable {
        /// An origin that stands in the configuration.
        case configured
        /// Public addresses only, https, pinned, no redirects.
        case publicOnly
    }

    /// The reach for `text`, or `nil` where the URL must not be used.
    static func reach(of text: String, issuer: HTTPURL?) -> Reach? {
        guard let url = HTTPURL(text) else { return nil }
        if let issuer, url.origin == issuer.origin { return .configured }
        guard url.scheme == "https", !url.isPrivateLiteral else { return nil }
        return .publicOnly
    }
}
