import GatehouseJOSE
import GatehouseJSON

/// The tokens that a route in broker delivery takes: its own. [any]
final class BrokerTokens: OwnTokens {
    let keySet: [UInt8]
    let issuers: [String]
    let audiences: [String]
    private let ring: KeyRing
    private let ledger: Ledger
    private let context: String
    private let sealsUpstream: Bool

    /// - Parameters:
    ///   - origin: `scheme://authority` of what the gateway publishes for the route.
    ///   - layout: the origin is an issuer of the route in the layout `origin` alone.
    ///   - paths: the protected paths, without a slash at their end.
    init(
        _ mint: TokenMint, ledger: Ledger, origin: String, layout: Layout, paths: [String],
        audiences: [String]
    ) {
        ring = mint.ring
        self.ledger = ledger
        context = mint.context
        sealsUpstream = mint.sealsUpstream
        keySet = mint.ring.keySet.serializedBytes(.compact)
        let bases =
            (layout == .origin ? [origin] : [])
            + paths.map { origin + ExternalURLs.safePath($0) }
        issuers = Self.bothForms(bases)
        self.audiences = Self.bothForms([mint.resource]) + audiences
    }

    /// With and without a slash at the end (G24, G79).
    static func bothForms(_ urls: [String]) -> [String] {
        var seen: Set<String> = []
        return urls.flatMap { url -> [String] in
            let bare = url.hasSuffix("/") ? String(url.dropLast()) : url
            return [bare, bare + "/"]
        }.filter { seen.insert($0).inserted }
    }

    var revision: UInt64 { ledger.revision }

    func refusal(of claims: JSONObject) -> String? {
        guard let id = claims["jti"]?.stringValue.flatMap(Base64URL.decode) else {
            return "the token has no id of this gateway"
        }
        let family = claims[TokenMint.familyClaim]?.stringValue.flatMap(Base64URL.decode)
        // Whether the token has expired was decided before: what was revoked stays so.
        return ledger.isRevoked(id, family: family, now: .min) ? "the token was revoked" : nil
    }

    func credential(of claims: JSONObject) -> [UInt8] {
        guard sealsUpstream, let text = claims[TokenMint.upstreamClaim]?.stringValue,
            case .success(let token) = ring.sealer.open(
                text, for: TokenMint.upstreamPurpose, context: context, now: .min)
        else { return [] }
        return Array("Bearer ".utf8) + token
    }
}
