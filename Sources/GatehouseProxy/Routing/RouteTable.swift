import GatehouseHTTP
import GatehousePluginHost

/// What the table says about a request.
enum RouteDecision {
    /// The route, and the number of the claim that matched, if one did.
    case route(Route, claim: Int?)
    /// No route takes it: 404.
    case notFound
    /// The path has a second spelling: 400, whatever the routes are (docs/life-of-a-request.md).
    case refused(PathForm.Refusal)
}

/// A path that a policy of a route claimed.
struct ClaimedPath: Sendable {
    var path: String
    var isPrefix: Bool
    var policy: String
}

/// Why routes cannot be served together.
public struct RouteTableError: Error, Sendable, CustomStringConvertible {
    /// One sentence that names both routes.
    public let description: String
}

/// Finds the route of a request: host first (exact, then the longest wildcard, then any), then
/// claimed paths, then exact, longest prefix, regular expression.
///
/// **Immutable**, any thread. Pure. A class, so that a look-up retains one object and not its
/// parts.
public final class RouteTable: Sendable {
    /// The routes, in the order of the configuration.
    public let routes: [Route]

    private let exactHosts: [(host: [UInt8], paths: PathIndex)]
    private let suffixHosts: [(host: [UInt8], paths: PathIndex)]
    private let anyHost: PathIndex
    /// The tables of the listeners, most specific host first; empty: this table is the only one.
    private let scopes: [(host: HostPattern?, table: RouteTable)]

    /// Builds the table of these routes and of what their policies have claimed.
    /// - Throws: where two policies claim one path on one host.
    public convenience init(_ routes: [Route]) throws(RouteTableError) {
        try self.init(routes) { route in
            (route.chain?.claims ?? []).map {
                ClaimedPath(path: $0.path, isPrefix: $0.isPrefix, policy: $0.policyName)
            }
        }
    }

    /// Builds the table of one port whose listeners are told apart by host.
    ///
    /// A request belongs to the listener with the most specific host (exact, then the longest
    /// wildcard, then every host), and is never served by the routes of another.
    /// - Parameter listeners: the host of each (nil: every host) and its routes.
    /// - Throws: where two policies of one listener claim one path on one host.
    public convenience init(
        listeners: [(host: HostPattern?, routes: [Route])]
    ) throws(RouteTableError) {
        guard listeners.count > 1 else {
            try self.init(listeners.first?.routes ?? [])
            return
        }
        var scopes: [(host: HostPattern?, table: RouteTable)] = []
        for listener in listeners {
            scopes.append((listener.host, try RouteTable(listener.routes)))
        }
        scopes.sort { Self.rank($0.host) > Self.rank($1.host) }
        self.init(scopes: scopes, routes: listeners.flatMap(\.routes))
    }

    private init(scopes: [(host: HostPattern?, table: RouteTable)], routes: [Route]) {
        self.routes = routes
        self.scopes = scopes
        exactHosts = []
        suffixHosts = []
        anyHost = PathIndex()
    }

    private static func rank(_ host: HostPattern?) -> Int {
        switch host {
        case .exact: .max
        case .suffix(let name): name.utf8.count
        case nil: 0
        }
    }

    init(_ routes: [Route], claims: (Route) -> [ClaimedPath]) throws(RouteTableError) {
        var exact: [(host: [UInt8], paths: PathIndex)] = []
        var suffix: [(host: [UInt8], paths: PathIndex)] = []
        var any = PathIndex()
        for route in routes {
            let claimed = claims(route)
            if route.hosts.isEmpty {
                try Self.add(route, claimed, on: "every host", to: &any)
            }
            for host in Set(route.hosts) {
                switch host {
                case .exact(let name):
                    try Self.add(route, claimed, name, name, &exact)
                case .suffix(let name):
                    try Self.add(route, claimed, name, "*" + name, &suffix)
                }
            }
        }
        any.finish()
        exact.sort { isShorterOrBefore($0.host, $1.host) }
        suffix.sort { $0.host.count > $1.host.count }
        for at in exact.indices { exact[at].paths.finish() }
        for at in suffix.indices { suffix[at].paths.finish() }
        self.routes = routes
        scopes = []
        exactHosts = exact
        suffixHosts = suffix
        anyHost = any
    }

    private static func add(
        _ route: Route, _ claims: [ClaimedPath], _ name: String, _ shown: String,
        _ hosts: inout [(host: [UInt8], paths: PathIndex)]
    ) throws(RouteTableError) {
        let bytes = Bytes.lower(name)
        let found = hosts.firstIndex { $0.host == bytes }
        if found == nil { hosts.append((bytes, PathIndex())) }
        try add(route, claims, on: shown, to: &hosts[found ?? hosts.count - 1].paths)
    }

    private static func add(
        _ route: Route, _ claims: [ClaimedPath], on host: String, to paths: inout PathIndex
    ) throws(RouteTableError) {
        for match in route.matches.isEmpty ? [RouteMatch()] : route.matches {
            paths.add(match, of: route)
        }
        for (number, claim) in claims.enumerated() {
            guard let other = paths.claim(claim, number: number, of: route) else { continue }
            throw RouteTableError(
                description: """
                    route \(route.name): \(claim.policy) claims \(claim.path) on \(host), which \
                    route \(other.name) has claimed already
                    """)
        }
    }

    // MARK: Look-up

    /// Decides about a request. `host` has no port; `path` is as it came, without query.
    func decide(
        host: UnsafeRawBufferPointer, path: UnsafeRawBufferPointer,
        _ request: borrowing RouteRequest
    ) -> RouteDecision {
        switch PathForm.check(path) {
        case .normal: return find(host, path, request)
        case .refused(let refusal): return .refused(refusal)
        case .folded(let normal):
            return normal.withUnsafeBytes { find(host, $0, request) }
        }
    }

    private func find(
        _ host: UnsafeRawBufferPointer, _ path: UnsafeRawBufferPointer,
        _ request: borrowing RouteRequest
    ) -> RouteDecision {
        if !scopes.isEmpty {
            let scope = scopes.first { $0.host?.takes(host) ?? true }
            return scope?.table.find(host, path, request) ?? .notFound
        }
        if !exactHosts.isEmpty, let at = exactPosition(host),
            let found = exactHosts[at].paths.find(path, request)
        {
            return found
        }
        for (suffix, paths) in suffixHosts where host.count > suffix.count {
            let tail = UnsafeRawBufferPointer(rebasing: host[(host.count - suffix.count)...])
            if Bytes.equalFolded(tail, lower: suffix), let found = paths.find(path, request) {
                return found
            }
        }
        return anyHost.find(path, request) ?? .notFound
    }

    private func exactPosition(_ host: UnsafeRawBufferPointer) -> Int? {
        var (low, high) = (0, exactHosts.count)
        while low < high {
            let middle = (low + high) / 2
            let order = Bytes.orderFolded(host, lower: exactHosts[middle].host)
            if order == 0 { return middle }
            if order < 0 { high = middle } else { low = middle + 1 }
        }
        return nil
    }
}
