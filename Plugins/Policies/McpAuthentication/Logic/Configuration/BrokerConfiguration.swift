import GatehouseJSON

/// `keys`, `tokens`, `upstreamCredential` and `clientKey` of the configuration.
struct BrokerConfiguration: Sendable, Equatable {
    /// Where the keys of the gateway itself come from.
    struct Keys: Sendable, Equatable {
        /// References into the host's secrets, never the secrets; the first seals.
        var secrets: [String] = []
        /// Paths of PEM files; the first signs.
        var signing: [String] = []
        /// The path of the file that the gateway makes and keeps.
        var file: String?
    }

    /// What the route's upstream gets as its own credential.
    enum UpstreamCredential: Sendable, Equatable {
        case none
        /// The provider's access token of the user, in broker delivery.
        case user
        /// The field of that name, in lower case, with the secret of that reference.
        case field(name: String, secret: String)
    }

    var keys = Keys()
    /// Seconds that an access token of the gateway is good for at most: 60 to 600.
    var accessLifetime: Int64 = 600
    /// Seconds that a refresh token of the gateway is good for: an hour to a year.
    var refreshLifetime: Int64 = 720 * 3600
    var upstreamCredential = UpstreamCredential.none
    /// The path of the PEM file by which the policy's client authenticates at the provider.
    var clientKey: String?
}

extension ConfigurationReader {
    /// Reads what the gateway seals, signs and issues with.
    mutating func readBroker(_ value: JSONValue) -> BrokerConfiguration {
        var result = BrokerConfiguration()
        result.keys = readKeyRing(value["keys"])
        let tokens = value["tokens"]
        result.accessLifetime = seconds(
            tokens?["accessLifetime"], at: "/tokens/accessLifetime", in: 60...600,
            words: "1m to 10m",
            instead: "10m", default: result.accessLifetime)
        result.refreshLifetime = seconds(
            tokens?["refreshLifetime"], at: "/tokens/refreshLifetime", in: 3600...365 * 86_400,
            words: "1h to 8760h", instead: "720h", default: result.refreshLifetime)
        result.upstreamCredential = readUpstreamCredential(value["upstreamCredential"])
        result.clientKey = value["clientKey"]?["file"]?.stringValue
        if result.clientKey != nil, value["clientId"] == nil {
            remarks.append(.error("/clientKey", "belongs to a clientId, and none is configured"))
        }
        return result
    }

    private mutating func readKeyRing(_ value: JSONValue?) -> BrokerConfiguration.Keys {
        var keys = BrokerConfiguration.Keys()
        keys.secrets = (value?["secrets"]?.arrayValue ?? []).compactMap(\.stringValue)
        keys.signing = (value?["signing"]?.arrayValue ?? []).compactMap { $0["file"]?.stringValue }
        keys.file = value?["file"]?.stringValue
        if keys.file != nil, !keys.secrets.isEmpty {
            remarks.append(
                .error(
                    "/keys/file",
                    "secrets are written as well, and only one of the two can seal",
                    "keep secrets where there are replicas, file for one process"))
        }
        return keys
    }

    private mutating func seconds(
        _ value: JSONValue?, at pointer: String, in range: ClosedRange<Int64>, words: String,
        instead: String, default: Int64
    ) -> Int64 {
        guard let value else { return `default` }
        if let text = value.stringValue,
            let seconds = DurationText.seconds(text, atMost: range.upperBound),
            range.contains(seconds)
        {
            return seconds
        }
        remarks.append(.error(pointer, "must be a duration of \(words)", instead))
        return `default`
    }

    private mutating func readUpstreamCredential(
        _ value: JSONValue?
    ) -> BrokerConfiguration.UpstreamCredential {
        if value?.stringValue == "user" { return .user }
        guard let name = value?["header"]?.stringValue?.lowercased(),
            let secret = value?["secret"]?.stringValue
        else { return .none }
        let isToken = !name.isEmpty && name.utf8.allSatisfy(Self.isFieldNameOctet)
        let fixed = [
            "host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer",
        ]
        if !isToken || fixed.contains(name) {
            remarks.append(
                .error(
                    "/upstreamCredential/header", "is no field that a policy may set",
                    "authorization"))
        }
        return .field(name: name, secret: secret)
    }

    /// A character of a token (RFC 9110 §5.6.2) in lower case.
    private static func isFieldNameOctet(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

extension ConfigurationSchema {
    /// `keys`, `tokens`, `upstreamCredential` and `clientKey`.
    static let broker = #"""
            "keys": {
              "description": "What the gateway seals and signs with in relay and broker delivery. \#
        Without it keys are made at start and end with the process.",
              "type": "object", "additionalProperties": false,
              "properties": {
                "secrets": {
                  "description": "Secrets of at least 32 octets: the first seals, all open. \#
        Replicas share them; to change one, write the new one before the former.",
                  "type": "array", "minItems": 1, "maxItems": 8,
                  "items": {"type": "string", "format": "gatehouse-secret"}
                },
                "signing": {
                  "description": "PEM files with P-256 or Ed25519 private keys: the first signs, \#
        all are published. Default: derived from the secrets or the file.",
                  "type": "array", "minItems": 1, "maxItems": 8,
                  "items": {
                    "type": "object", "additionalProperties": false, "required": ["file"],
                    "properties": {"file": {"type": "string", "minLength": 1, "maxLength": 4096, \#
        "format": "gatehouse-file"}}
                  }
                },
                "file": {
                  "description": "A file that the gateway makes with mode 0600 where it is \#
        missing, and keeps. It serves one process.",
                  "type": "string", "minLength": 1, "maxLength": 4096, "format": "gatehouse-file"
                }
              }
            },
            "tokens": {
              "description": "The life of the tokens that the gateway issues in broker delivery.",
              "type": "object", "additionalProperties": false,
              "properties": {
                "accessLifetime": {
                  "description": "1m to 10m, and at most that of the provider's token.",
                  "type": "string", "default": "10m"
                },
                "refreshLifetime": {
                  "description": "1h to 8760h, from the last use.",
                  "type": "string", "default": "720h"
                }
              }
            },
            "upstreamCredential": {
              "description": "What the upstream gets instead of the client's token: nothing, the \#
        user's token of the provider (broker delivery), or a field with a secret.",
              "default": "none",
              "oneOf": [
                {"enum": ["none", "user"]},
                {
                  "type": "object", "additionalProperties": false, \#
        "required": ["header", "secret"],
                  "properties": {
                    "header": {"type": "string", "minLength": 1, "maxLength": 256},
                    "secret": {"type": "string", "format": "gatehouse-secret"}
                  }
                }
              ]
            },
            "clientKey": {
              "description": "A PEM file with the private key (P-256, Ed25519 or RSA) by which \#
        clientId authenticates at the provider (private_key_jwt, RFC 7523).",
              "type": "object", "additionalProperties": false, "required": ["file"],
              "properties": {"file": {"type": "string", "minLength": 1, "maxLength": 4096, \#
        "format": "gatehouse-file"}}
            }
        """#
}
