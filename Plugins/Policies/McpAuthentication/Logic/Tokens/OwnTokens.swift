import GatehouseJSON

/// The tokens that the gateway issues by itself, in broker delivery: the only ones that the route
/// takes then. **Thread:** [any], all of it; no lock on ``revision``.
protocol OwnTokens: AnyObject, Sendable {
    /// The public keys of ``KeyRing/signers`` as a JWK set (RFC 7517 §5).
    var keySet: [UInt8] { get }
    /// The issuers that this route's tokens may name.
    var issuers: [String] { get }
    /// The audiences of which a token must name one.
    var audiences: [String] { get }
    /// Changes with each revocation: one atomic load, asked once a request.
    var revision: UInt64 { get }
    /// Why a verified token is not good, for the log: it is revoked; `nil` where it is good.
    func refusal(of claims: JSONObject) -> String?
    /// The value of the upstream's `Authorization` for this token; empty for none.
    func credential(of claims: JSONObject) -> [UInt8]
}
