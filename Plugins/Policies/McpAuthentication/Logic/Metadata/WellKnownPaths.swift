/// What a path that the policy owns is for.
enum WellKnownKind: Sendable, Equatable {
    /// RFC 9728.
    case protectedResource
    /// RFC 8414, or the name that OpenID Connect Discovery gives it.
    case authorizationServer(isOpenID: Bool)
    /// RFC 7591.
    case registration
    /// RFC 6749 §3.1.
    case authorize
    /// RFC 6749 §3.2.
    case token
    /// RFC 6749 §3.1.2: where the provider redirects to in relay and broker delivery.
    case callback
    /// RFC 7009, broker delivery.
    case revocation
    /// RFC 7517 §5, broker delivery.
    case keySet

    static let protectedResourcePath = "/.well-known/oauth-protected-resource"
    static let authorizationServerPath = "/.well-known/oauth-authorization-server"
    static let openIDPath = "/.well-known/openid-configuration"

    /// Whether `path` is below one of the well-known names that this policy serves.
    static func isWellKnown(_ path: String) -> Bool {
        [protectedResourcePath, authorizationServerPath, openIDPath].contains {
            path == $0 || path.hasPrefix($0 + "/")
        }
    }
}

/// One path that an instance claims beside its route's own (DESIGN: claims beat every match).
struct ClaimedPath: Sendable, Equatable {
    let path: String
    /// Whether paths below it belong to the claim.
    let isPrefix: Bool
    let kind: WellKnownKind
    /// The protected path that the document speaks about, without a slash at its end; empty for
    /// the root.
    let protected: String
    /// What stands before the protected path in ``path``; the rest of a request's path, behind
    /// it, is the resource's path. Empty where the claim names the protected path by itself.
    let insertion: String
    /// The issuer that the path belongs to.
    var layout = Layout.path
}

/// The well-known paths of a route (RFC 9728 §3.1, RFC 8414 §3.1, OpenID Discovery §4.1).
struct WellKnownPaths: Sendable, Equatable {
    let claims: [ClaimedPath]
    /// Where the issuer of the protected-resource metadata stands.
    let layout: Layout

    /// All paths that a route in the given delivery owns, in a fixed order.
    ///
    /// Both slash forms are claimed (G24), the bare root only where the host protects one
    /// resource (G25), and where the gateway is the authorization server all four places where
    /// clients look for its document (G39) with its endpoints; in the layout `origin` those of the
    /// bare origin as well, with an issuer of their own (G41, G88).
    ///
    /// - Parameter layout: as configured; `nil`: `origin` where the host has one protected route.
    init(route: RouteDescription, delivery: Delivery, layout chosen: Layout? = nil) {
        layout = chosen ?? (route.isOnlyOnHosts ? .origin : .path)
        var claims: [ClaimedPath] = []
        for match in route.matches {
            let base = Self.trimmed(match.path)
            claims += Self.inserted(
                WellKnownKind.protectedResourcePath, .protectedResource, base, match.isPrefix)
            switch delivery {
            case .direct:
                claims += Self.inserted(
                    WellKnownKind.authorizationServerPath, .authorizationServer(isOpenID: false),
                    base, match.isPrefix)
            case .mediated, .relay, .broker:
                claims += Self.facade(base, delivery)
            }
        }
        if route.isOnlyOnHosts, let base = route.matches.first.map({ Self.trimmed($0.path) }),
            !base.isEmpty
        {
            claims.append(
                ClaimedPath(
                    path: WellKnownKind.protectedResourcePath, isPrefix: false,
                    kind: .protectedResource, protected: base, insertion: ""))
            if delivery == .direct {
                claims.append(
                    ClaimedPath(
                        path: WellKnownKind.authorizationServerPath, isPrefix: false,
                        kind: .authorizationServer(isOpenID: false), protected: base,
                        insertion: ""))
            }
        }
        if delivery.isFacade, layout == .origin, let first = route.matches.first {
            claims += Self.origin(Self.trimmed(first.path), delivery)
        }
        var seen: Set<String> = []
        self.claims = claims.filter { seen.insert($0.path).inserted }
    }

    /// `/mcp/` as `/mcp`, `/` as the empty path.
    static func trimmed(_ path: String) -> String {
        var rest = path[...]
        while rest.last == "/" { rest = rest.dropLast() }
        return String(rest)
    }

    private static func inserted(
        _ name: String, _ kind: WellKnownKind, _ base: String, _ isPrefix: Bool
    ) -> [ClaimedPath] {
        let first = ClaimedPath(
            path: name + base, isPrefix: isPrefix, kind: kind, protected: base, insertion: name)
        let slashed = ClaimedPath(
            path: name + base + "/", isPrefix: false, kind: kind, protected: base, insertion: name)
        return isPrefix ? [first] : [first, slashed]
    }

    private static func facade(_ base: String, _ delivery: Delivery) -> [ClaimedPath] {
        let inserted = WellKnownKind.authorizationServerPath + base
        let documents: [(String, Bool)] = [
            (inserted, false), (inserted + "/", false),
            (WellKnownKind.openIDPath + base, true), (WellKnownKind.openIDPath + base + "/", true),
            (base + WellKnownKind.openIDPath, true),
            (base + WellKnownKind.authorizationServerPath, false),
        ]
        var endpoints: [(String, WellKnownKind)] = [
            (inserted + "/client-registration", .registration), (base + "/register", .registration),
            (base + "/authorize", .authorize), (inserted + "/authorize", .authorize),
            (base + "/token", .token), (inserted + "/token", .token),
        ]
        if delivery.hasCallback { endpoints.append((base + "/callback", .callback)) }
        if delivery == .broker {
            endpoints += [(base + "/revoke", .revocation), (base + "/jwks.json", .keySet)]
        }
        return documents.map { path, isOpenID in
            ClaimedPath(
                path: path, isPrefix: false, kind: .authorizationServer(isOpenID: isOpenID),
                protected: base, insertion: "")
        }
            + endpoints.map { path, kind in
                ClaimedPath(path: path, isPrefix: false, kind: kind, protected: base, insertion: "")
            }
    }

    /// The paths of the issuer that is the bare origin.
    private static func origin(_ base: String, _ delivery: Delivery) -> [ClaimedPath] {
        var paths: [(String, WellKnownKind)] = [
            (WellKnownKind.authorizationServerPath, .authorizationServer(isOpenID: false)),
            (WellKnownKind.openIDPath, .authorizationServer(isOpenID: true)),
            ("/authorize", .authorize), ("/token", .token), ("/register", .registration),
        ]
        if delivery == .broker { paths += [("/revoke", .revocation), ("/jwks.json", .keySet)] }
        return paths.map { path, kind in
            ClaimedPath(
                path: path, isPrefix: false, kind: kind, protected: base, insertion: "",
                layout: .origin)
        }
    }
}
