import GatehouseJOSE
import GatehouseJSON
import Synchronization

/// The keys and tokens of an issuer, and the knobs that tests turn.
final class TokenAuthority: Sendable {
    let issuer: String
    private let algorithm: SignatureAlgorithm
    private let extraKeys: [JSONValue]

    private struct State {
        var key: SigningKey
        var generation: Int
        /// The status of the key set's answer; 200 serves it.
        var keySetStatus = 200
        var keySetRequests = 0
    }
    private let state: Mutex<State>
    private let prefix: String

    /// `extraKeys` are published beside the signing key.
    init(
        issuer: String, keyPrefix: String, algorithm: SignatureAlgorithm = .rs256,
        extraKeys: [JSONValue] = []
    ) throws {
        self.issuer = issuer
        self.algorithm = algorithm
        self.extraKeys = extraKeys
        prefix = keyPrefix
        let key = try SigningKey.generate(algorithm, keyID: "\(keyPrefix)1")
        state = Mutex(State(key: key, generation: 1))
    }

    /// Signs claims with the current key.
    func sign(_ claims: JSONObject, header: JSONObject) throws -> String {
        try state.withLock { $0.key }.token(claims: claims, header: header)
    }

    /// The key set document, or the failure that a test asked for.
    func keySet(headers: [(String, String)]) -> DemoResponse {
        let (key, status) = state.withLock { state in
            state.keySetRequests += 1
            return (state.key, state.keySetStatus)
        }
        guard status == 200, let jwk = try? key.publicJWK() else {
            return .json(["error": "temporarily_unavailable"], status: status)
        }
        return .json(["keys": .array([.object(jwk)] + extraKeys)], headers: headers)
    }

    /// Answers below `/test/`: what a test needs and no issuer offers.
    ///
    /// `POST /test/mint` signs the JSON `{claims, header, key}`; `key` is `current`, `unknown` (a
    /// key that is in no set, under its own id) or `impostor` (such a key under the current id).
    /// `POST /test/rotate` replaces the key. `POST /test/jwks?status=503` makes the key set fail.
    /// `GET /test/state` tells how often the key set was asked for.
    func control(_ request: DemoRequest) -> DemoResponse? {
        switch (request.method, request.path) {
        case ("POST", "/test/mint"): return mint(request)
        case ("POST", "/test/rotate"): return rotate()
        case ("POST", "/test/jwks"):
            let status = request.query["status"].flatMap(Int.init) ?? 200
            state.withLock { $0.keySetStatus = status }
            return .json(["status": .number(JSONNumber(Int64(status)))])
        case ("GET", "/test/state"):
            let (requests, kid) = state.withLock { ($0.keySetRequests, $0.key.keyID) }
            return .json([
                "keySetRequests": .number(JSONNumber(Int64(requests))), "kid": .string(kid),
            ])
        default: return nil
        }
    }

    private func rotate() -> DemoResponse {
        let next = state.withLock { $0.generation } + 1
        let keyID = "\(prefix)\(next)"
        guard let key = try? SigningKey.generate(algorithm, keyID: keyID) else {
            return .text("no key", status: 500)
        }
        state.withLock { state in
            state.key = key
            state.generation = next
        }
        return .json(["kid": .string(keyID)])
    }

    private func mint(_ request: DemoRequest) -> DemoResponse {
        guard let order = request.json?.objectValue, let claims = order["claims"]?.objectValue,
            let key = signingKey(order["key"]?.stringValue ?? "current"),
            let token = try? key.token(
                claims: claims, header: order["header"]?.objectValue ?? [:])
        else { return .oauthError("invalid_request", "claims, header and key are read") }
        return .json(["token": .string(token)])
    }

    private func signingKey(_ name: String) -> SigningKey? {
        let current = state.withLock { $0.key }
        switch name {
        case "current": return current
        case "impostor": return try? SigningKey.generate(algorithm, keyID: current.keyID)
        case "unknown": return try? SigningKey.generate(algorithm, keyID: "unknown")
        default: return nil
        }
    }
}
