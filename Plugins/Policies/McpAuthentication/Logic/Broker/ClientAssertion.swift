import GatehouseJOSE
import GatehouseJSON

/// How the gateway's own client shows the provider who it is, by its key (RFC 7523 §2.2).
enum ClientAssertion {
    /// Seconds that an assertion is good for.
    static let lifetime: Int64 = 60

    /// A signed assertion; `nil` where libcrypto fails.
    ///
    /// - Parameters:
    ///   - audience: the URL of the endpoint that it is for (RFC 7523 §3).
    ///   - now: seconds since 1970.
    static func make(
        _ key: SigningKey, clientID: String, audience: String, now: Int64
    ) -> String? {
        guard let id = RandomOctets.make(16) else { return nil }
        let claims: JSONObject = [
            "iss": .string(clientID), "sub": .string(clientID), "aud": .string(audience),
            "jti": .string(Base64URL.encode(id)), "iat": .number(JSONNumber(now)),
            "exp": .number(JSONNumber(now + lifetime)),
        ]
        return try? key.token(claims: claims, header: ["typ": "JWT"])
    }
}
