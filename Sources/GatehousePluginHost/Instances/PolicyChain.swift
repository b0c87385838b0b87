/// The policies of one route, outermost first, as a flat array of function pointers.
///
/// **Immutable**, any thread.
public final class PolicyChain: Sendable {
    /// One place of a chain.
    public enum Member: Sendable {
        /// A policy or backend that works.
        case instance(PluginInstance)
        /// A policy that is missing or faulty: the chain fails at its place with 503.
        case standIn(name: String, orderClass: OrderClass, reason: String)
    }

    /// A path that a policy claimed for this route.
    public struct Claim: Sendable, Hashable {
        /// The path, or its prefix.
        public var path: String
        /// Whether `path` is a prefix (of whole segments) and not the exact path.
        public var isPrefix: Bool
        /// The flags of claim_path.
        public var flags: UInt32
        /// The id that the claimer knows it by.
        public var id: UInt32
        /// The claimer's place in the chain.
        public var policy: Int
        /// The claimer's name.
        public var policyName: String
    }

    /// The claims of all policies of the route, for the router.
    public let claims: [Claim]
    /// The names of the stand-ins, for the message at the start.
    public let standIns: [String]
    /// Whether the chain ends in a backend instead of an upstream.
    public let endsInBackend: Bool

    /// Sorts by order class, keeping the configured order within a class, and flattens.
    /// - Throws: when a route has more than `Limits.policiesPerRouteMax` policies.
    public init(host: PluginHost, members: [Member]) throws(PluginHostError) {
        claims = []
        standIns = []
        endsInBackend = false
    }
}
