public import GatehouseJSON

extension VerificationKey {
    /// Reads one public JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).
    ///
    /// A key that could verify nothing, that is not meant for signatures, or whose secret stands
    /// beside it throws the reason. Members that are not known are ignored (RFC 7517 §4).
    public static func parse(
        jwk: JSONValue, limits: TokenLimits = .standard
    ) throws(UnusableKey.Reason) -> VerificationKey {
        guard case .object(let members) = jwk else { throw .notAnObject }
        let type = try keyType(of: members)
        try refuseSecrets(in: members)
        try checkIntent(of: members)
        let algorithm = try pinnedAlgorithm(of: members, for: type)
        let keyID = try keyID(of: members, limits: limits)
        let handle =
            switch type {
            case .rsa:
                try KeyBuilding.rsa(
                    modulus: number("n", of: members), exponent: number("e", of: members))
            case .p256, .p384, .p521:
                try KeyBuilding.ellipticCurve(
                    type, x: number("x", of: members), y: number("y", of: members))
            case .ed25519: try KeyBuilding.ed25519(x: number("x", of: members))
            }
        return VerificationKey(
            owning: handle, keyID: keyID, keyType: type, algorithm: algorithm)
    }

    private static func keyType(of members: JSONObject) throws(UnusableKey.Reason) -> KeyType {
        switch members["kty"]?.stringValue {
        case "RSA": return .rsa
        case "oct": throw .symmetric
        case "EC":
            let curves: [KeyType] = [.p256, .p384, .p521]
            guard let name = members["crv"]?.stringValue,
                let type = curves.first(where: { $0.rawValue == name })
            else { throw .unknownCurve }
            return type
        case "OKP":
            guard members["crv"]?.stringValue == "Ed25519" else { throw .unknownCurve }
            return .ed25519
        default: throw .unknownKeyType
        }
    }

    /// A published private key is a leaked one (RFC 7517 §9.2).
    private static func refuseSecrets(in members: JSONObject) throws(UnusableKey.Reason) {
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth"] where members[name] != nil {
            throw .privateKey
        }
        if members["k"] != nil { throw .symmetric }
    }

    /// `use` and `key_ops` must allow verification where they are present (RFC 7517 §4.2, §4.3).
    private static func checkIntent(of members: JSONObject) throws(UnusableKey.Reason) {
        if let use = members["use"], use.stringValue != "sig" { throw .notForSignatures }
        guard let operations = members["key_ops"] else { return }
        guard let names = operations.arrayValue?.map(\.stringValue), !names.contains(nil),
            names.contains("verify"), Set(names).count == names.count
        else { throw .operationsForbidVerify }
    }

    private static func pinnedAlgorithm(
        of members: JSONObject, for type: KeyType
    ) throws(UnusableKey.Reason) -> SignatureAlgorithm? {
        guard let value = members["alg"] else { return nil }
        guard let name = value.stringValue, let algorithm = SignatureAlgorithm(name: name) else {
            throw .unknownAlgorithm
        }
        guard algorithm.keyType == type else { throw .algorithmMismatch }
        return algorithm
    }

    private static func keyID(
        of members: JSONObject, limits: TokenLimits
    ) throws(UnusableKey.Reason) -> String? {
        guard let value = members["kid"] else { return nil }
        guard let text = value.stringValue, (1...limits.keyIDBytes).contains(text.utf8.count)
        else { throw .malformedKeyID }
        return text
    }

    /// A Base64urlUInt or coordinate; 1024 octets are more than any accepted key needs.
    private static func number(
        _ name: String, of members: JSONObject
    ) throws(UnusableKey.Reason) -> [UInt8] {
        guard let text = members[name]?.stringValue, (1...1400).contains(text.utf8.count),
            let bytes = Base64URL.decode(text)
        else { throw .malformedMember(name) }
        return bytes
    }
}
