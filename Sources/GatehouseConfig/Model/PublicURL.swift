/// An external base URL: scheme, authority and a path prefix without a trailing slash.
public struct PublicURL: Sendable, Hashable {
    /// `http` or `https`.
    public var scheme: String
    /// Host and, where it is not the scheme's default, port; lower case.
    public var authority: String
    /// The path prefix, empty or with a leading slash, never with a trailing one.
    public var path: String
}

extension PublicURL: CustomStringConvertible {
    /// The whole URL, without a trailing slash.
    public var description: String { "\(scheme)://\(authority)\(path)" }
}
