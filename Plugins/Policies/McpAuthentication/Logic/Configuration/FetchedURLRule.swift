/// How far the host's fetch is asked to reach.
enum Reach: Sendable, Equatable {
    /// Origins that stand in the configuration, or that the operator allows by `fetch.allow`.
    case configured
    /// Public addresses only: https, resolved once and pinned, no redirects.
    case publicOnly
}

/// Which URLs out of a fetched document may be used, and how they are fetched.
///
/// The document of an issuer is data of somebody else: its URLs share the configured issuer's
/// origin, or are https towards a public address, or the operator allows them. URLs that are
/// written in the configuration are used as written and never come here.
enum FetchedURLRule {
    /// The reaches to try in their order: the next one where the host denies the one before.
    ///
    /// Empty where `text` is no http URL at all.
    static func reaches(of text: String, issuer: HTTPURL?) -> [Reach] {
        guard let url = HTTPURL(text) else { return [] }
        if let issuer, url.origin == issuer.origin { return [.configured] }
        return url.scheme == "https" && !url.isPrivateLiteral
            ? [.configured, .publicOnly] : [.configured]
    }
}
