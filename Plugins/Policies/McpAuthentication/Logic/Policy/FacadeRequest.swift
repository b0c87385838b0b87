import GatehouseJSON
import GatehousePluginKit

/// What one exchange on a claimed path keeps while it waits. Confined to the exchange's loop.
final class FacadeRequest {
    /// What a fetch of the exchange is for.
    enum Step {
        case none
        /// The provider's answer to a client's registration.
        case registration
        /// The provider's answer to a token request.
        case token
        /// A Client ID Metadata Document.
        case clientDocument
        /// The provider's answer to the registration of such a document.
        case documentRegistration
        /// Something of broker delivery.
        case broker
    }

    let path: ClaimedPath
    /// The external base, `scheme://authority`.
    let base: String
    var step = Step.none
    /// Whether the issuer's document was waited for.
    var hasWaited = false
    /// The body of a submission that waits for it.
    var body: [UInt8] = []
    /// The plan under way, to be asked again with a wider reach.
    var plan: FetchPlan?

    /// The client's registration as it came, and as the provider got it.
    var registration: JSONObject = [:]
    /// What is registered here.
    var registering: ClientRegistration?

    /// The query of `/authorize`: of the request, or of the one that was consented to.
    var query: [UInt8] = []
    /// Whether the answer goes to a form: 303 then.
    var isForm = false
    var decision: Consent = .notAsked
    /// The client, where it came from a document.
    var document: ClientRecord?

    /// What a person said.
    enum Consent {
        case notAsked
        case allowed
        case denied
    }

    /// The token request at the provider, and what its answer is put together with.
    var grant: UpstreamTokenRequest?
    /// The client's identifier, hashed, where the relay seals refresh tokens for it.
    var client: [UInt8]?
    /// The provider's refresh token that was used; it stays good where no new one comes.
    var refreshToken: String?
    var usesBasic = false

    /// Broker delivery: the redemption of a code or refresh token, and how often it has waited.
    var redemption: Redemption?
    var waits = 0

    init(_ path: ClaimedPath, base: String = "") {
        self.path = path
        self.base = base
    }
}
