import GatehouseJOSE
import GatehouseJSON

/// Broker delivery of one instance: what its redemptions and its tokens have in common. Made when
/// the configuration is loaded; [any].
final class Broker: Sendable {
    let mint: TokenMint
    /// What the route takes.
    let tokens: BrokerTokens
    let ledger: Ledger
    private let keys: ProviderKeys
    private let keysURL: String?
    private let knownScopes: [String]
    private let issuer: String
    private let clientID: String
    private let hasSecret: Bool
    private let hasKey: Bool

    /// - Parameters:
    ///   - configuration: with the provider's keys, not yet with the gateway's own.
    ///   - name: the route's.
    ///   - layout: whether the origin is an issuer of this route, or of another one's.
    ///   - errors: why there is no broker.
    init?(
        _ configuration: Configuration, ring: KeyRing, route: RouteDescription, name: String,
        layout: Layout, ledger: Ledger = .shared, errors: (ConfigurationRemark) -> Void
    ) {
        guard let clientID = configuration.clientID else {
            errors(
                .error(
                    "/clientId",
                    "broker delivery needs a client of the gateway's own at the provider"))
            return nil
        }
        let path = route.matches.first.map { WellKnownPaths.trimmed($0.path) } ?? ""
        let published = route.publicURL.map { ExternalURLs(resource: $0).base("") }
        guard
            let origin = ExternalURLs(resource: configuration.resource).configuredBase ?? published
        else {
            errors(
                .error(
                    "/resourceMetadata/resource",
                    "broker delivery issues tokens for this resource, and its URL is not known:"
                        + " write it here, or publicUrl at the route"))
            return nil
        }
        let credential = configuration.broker.upstreamCredential
        mint = TokenMint(
            ring: ring, accessLifetime: configuration.broker.accessLifetime,
            refreshLifetime: configuration.broker.refreshLifetime,
            context: "\(configuration.issuer) \(name) \(path)",
            resource: configuration.resource ?? (origin + ExternalURLs.safePath(path)),
            sealsUpstream: credential == .user)
        tokens = BrokerTokens(
            mint, ledger: ledger, origin: origin, layout: layout,
            paths: route.matches.map { WellKnownPaths.trimmed($0.path) },
            audiences: configuration.audiences)
        self.ledger = ledger
        self.clientID = clientID
        issuer = configuration.issuer
        hasSecret = configuration.clientSecret != nil
        hasKey = configuration.broker.clientKey != nil
        keys = ProviderKeys(fixed: Self.fixed(configuration.keys))
        if case .url(let url) = configuration.keys { keysURL = url } else { keysURL = nil }
        knownScopes = Self.known(configuration)
    }

    /// A key set that stands in the configuration.
    private static func fixed(_ source: KeySource) -> KeySet? {
        switch source {
        case .inline(let bytes): try? KeySet(parsing: bytes)
        case .file(let path):
            FileContents.read(path, limit: 512 * 1024).flatMap { try? KeySet(parsing: $0) }
        case .url, .derived: nil
        }
    }

    /// `scopes_supported` and the scopes that the route requires.
    static func known(_ configuration: Configuration) -> [String] {
        let listed = configuration.resourceMember("scopes_supported")?.arrayValue ?? []
        var seen: Set<String> = []
        return (listed.compactMap(\.stringValue) + configuration.tokens.requiredScopes)
            .filter { seen.insert($0).inserted }
    }

    /// The gateway's client at the provider.
    ///
    /// - Parameter document: the provider's metadata.
    func party(
        document: JSONValue, callback: String, hook: @escaping UpstreamParty.Hook,
        secrets: @escaping @Sendable (_ token: String?) -> PlanSecrets
    ) -> UpstreamParty {
        UpstreamParty(
            issuer: issuer, clientID: clientID, hasSecret: hasSecret, hasKey: hasKey,
            document: document, callback: callback, hook: hook, secrets: secrets)
    }

    /// A request to the token endpoint.
    func redemption(
        _ party: UpstreamParty, client: TokenClient, form: TokenForm, codeContext: String
    ) -> Redemption {
        let environment = Redemption.Environment(
            party: party, mint: mint, ledger: ledger, keys: keys, keysURL: keysURL,
            knownScopes: knownScopes, codeContext: codeContext, resource: mint.resource)
        return Redemption(environment, client: client, form: form)
    }
}
