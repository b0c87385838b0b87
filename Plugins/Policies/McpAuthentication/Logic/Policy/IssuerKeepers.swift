import GatehousePluginKit

/// The keepers of an instance: one for each issuer of tokens, the main one first.
/// **Thread:** [control].
final class IssuerKeepers {
    private let services: [HostServices]
    private let keepers: [Keeper]

    /// - Parameters:
    ///   - discovery: of the main issuer; further ones are discovered as the specifications say.
    ///   - needsKeys: whether a token of the main issuer may be verified by a key.
    ///   - hasOwnTokens: broker delivery: no further issuer's tokens are taken.
    init(
        _ configuration: Configuration, _ discovery: DiscoveryPlan?, _ host: Host,
        _ measures: Measures, needsKeys: Bool, hasOwnTokens: Bool
    ) {
        let further = hasOwnTokens ? [] : configuration.tokens.issuers
        let health = KeysHealth(
            issuers: [configuration.issuer] + further.map(\.issuer), isFirstExempt: !needsKeys)
        var services = [HostServices(host, measures, health)]
        var keepers = [
            Keeper(
                configuration, discovery: discovery, services: services[0], needsKeys: needsKeys)
        ]
        for (index, issuer) in further.enumerated() {
            let service = HostServices(host, measures, health, issuer: index + 1)
            services.append(service)
            let configuration = configuration.with(issuer)
            // Of a further issuer's document only the place of the keys is of interest.
            let discovery =
                issuer.keys == .derived
                ? configuration.issuerURL.map {
                    DiscoveryPlan.standard(issuer: $0, text: issuer.issuer)
                } : nil
            keepers.append(Keeper(configuration, discovery: discovery, services: service))
        }
        self.services = services
        self.keepers = keepers
    }

    func start() { for keeper in keepers { keeper.start() } }

    /// A timer of a keeper, or a loop's bell.
    func woken(_ purpose: KeeperPurpose, issuer: Int) {
        if keepers.indices.contains(issuer) { keepers[issuer].woken(purpose) }
    }

    /// The answer to a fetch of a keeper.
    func answered(
        _ purpose: KeeperPurpose, issuer: Int, _ answer: FetchedAnswer, isDenied: Bool
    ) {
        guard keepers.indices.contains(issuer) else { return }
        keepers[issuer].answered(purpose, answer, isDenied: isDenied)
    }
}
