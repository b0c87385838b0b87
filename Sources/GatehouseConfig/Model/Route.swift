/// One route: what it matches, its policies and where it leads.
public struct Route: Sendable {
    /// Its name, unique in the file; `bind/<port>/<listener>/route-<n>` where none is written.
    public var name: String
    /// The host names; empty: those of the listener.
    public var hostnames: [HostPattern]
    /// The matches, of which one must hold; at least one.
    public var matches: [RouteMatch]
    /// The policies in the order of the file; the host sorts them by order class.
    public var policies: [PluginUse]
    /// The backends; empty: the route answers from its policies only, else 503.
    public var backends: [Backend]
    /// The protocols to which a request may switch its connection; `name` or `name/version`.
    public var upgrade: [String]
    /// The external base URL: the route's, else the listener's.
    public var publicURL: PublicURL?
    /// The timeouts, with what the route overrides.
    public var timeouts: Timeouts
    /// The limits, with what the route overrides.
    public var limits: Limits
    /// The entry in the file.
    public var position: Position
}

/// A host name of the configuration: exact or with a wildcard label.
public enum HostPattern: Sendable, Hashable {
    /// Exactly this name or address, lower case, IPv6 literals in brackets.
    case exact(String)
    /// `*.example.com`: one or more labels before the suffix; the suffix has no leading dot.
    case wildcard(suffix: String)
}

extension HostPattern: CustomStringConvertible {
    /// As in the configuration, lower case.
    public var description: String {
        switch self {
        case .exact(let name): name
        case .wildcard(let suffix): "*.\(suffix)"
        }
    }
}

/// One match of a route: all its conditions must hold.
public struct RouteMatch: Sendable, Hashable {
    /// The path's condition.
    public var path: PathMatch = .prefix("/")
    /// The method, case sensitive (RFC 9110 section 9.1); nil: every one.
    public var method: String?
    /// Conditions on header fields; names are lower case.
    public var headers: [FieldMatch] = []
    /// Conditions on query parameters; names are compared byte for byte.
    public var query: [FieldMatch] = []
    /// The match as canonical JSON in the configuration's form.
    public var json = #"{"path":{"pathPrefix":"/"}}"#

    /// Matches every request.
    public init() {}
}

/// The condition on a path.
public enum PathMatch: Sendable, Hashable {
    /// Byte for byte.
    case exact(String)
    /// Whole segments: `/mcp` is for `/mcp`, `/mcp/` and `/mcp/x`, not for `/mcpx`.
    case prefix(String)
    /// A linear-time regular expression for the whole path; it compiles.
    case regex(String)
}

/// The condition on one header field or query parameter.
public struct FieldMatch: Sendable, Hashable {
    /// How a value is compared.
    public enum Value: Sendable, Hashable {
        /// Byte for byte.
        case exact(String)
        /// A linear-time regular expression for the whole value; it compiles.
        case regex(String)
    }

    /// The name.
    public var name: String
    /// The comparison.
    public var value: Value
}
