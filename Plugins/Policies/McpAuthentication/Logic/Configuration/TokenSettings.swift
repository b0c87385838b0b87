import GatehouseJSON

/// A further issuer whose tokens a route takes.
struct FurtherIssuer: Sendable, Equatable {
    /// Compared with `iss` byte for byte.
    var issuer: String
    /// As ``Configuration/audiences``.
    var audiences: [String]
    var keys: KeySource = .derived
}

/// How tokens are asked about (RFC 7662).
struct IntrospectionSettings: Sendable, Equatable {
    /// Absent: the adapter's, or `introspection_endpoint` of the issuer's document.
    var url: String?
    /// Absent: the policy's `clientId`.
    var clientID: String?
    /// A reference into the host's secrets; absent: the policy's `clientSecret`.
    var clientSecret: String?
    /// How long an answer is believed, in milliseconds: 1 s to 5 min.
    var cache: Int64 = 60_000
}

/// What the configuration says about tokens beyond a single issuer's JWTs.
struct TokenSettings: Sendable, Equatable {
    var issuers: [FurtherIssuer] = []
    /// `nil`: tokens are not asked about, unless an adapter says so.
    var introspection: IntrospectionSettings?
    var requiredScopes: [String] = []
    /// What a scope implies directly.
    var scopeHierarchy: [String: [String]] = [:]
    /// Whether the upstream is told who a token stands for.
    var identityHeaders = false
}

extension Configuration {
    /// The configuration as it would be for another issuer alone.
    func with(_ other: FurtherIssuer) -> Configuration {
        var result = self
        result.issuer = other.issuer
        result.audiences = other.audiences
        result.keys = other.keys
        result.provider = nil
        return result
    }
}

extension ConfigurationReader {
    /// Reads the settings of this file and says what is wrong with them.
    mutating func readTokens(_ value: JSONValue, _ result: inout Configuration) {
        readIssuers(value["issuers"], &result)
        readIntrospection(value["introspection"], &result)
        let scopes = (value["requiredScopes"]?.arrayValue ?? []).compactMap(\.stringValue)
        result.tokens.requiredScopes = scopes
        for (index, scope) in scopes.enumerated() {
            checkScope(scope, at: "/requiredScopes/\(index)")
            if scope == "offline_access" {
                remark(
                    .error(
                        "/requiredScopes/\(index)",
                        "asks for refresh tokens and permits nothing here (SEP-2207)"))
            }
        }
        readHierarchy(value["scopeHierarchy"], &result)
        result.tokens.identityHeaders = value["identityHeaders"]?.boolValue ?? false
    }

    private mutating func checkScope(_ scope: String, at pointer: String) {
        guard !Challenge.isScopeToken(scope) else { return }
        remark(
            .error(pointer, "is no scope: printable ASCII without space, \" and \\ (RFC 6749 §3.3)")
        )
    }

    private mutating func readIssuers(_ value: JSONValue?, _ result: inout Configuration) {
        for (index, entry) in (value?.arrayValue ?? []).enumerated() {
            let pointer = "/issuers/\(index)"
            guard let issuer = entry["issuer"]?.stringValue, !issuer.isEmpty else {
                remark(.error(pointer + "/issuer", "the issuer is missing"))
                continue
            }
            let isKnown =
                issuer == result.issuer || result.tokens.issuers.contains { $0.issuer == issuer }
            if isKnown {
                remark(.error(pointer + "/issuer", "is written twice: iss chooses one of them"))
            }
            let audiences = entry["audiences"]?.arrayValue?.compactMap(\.stringValue)
            if audiences?.isEmpty == true {
                remark(
                    .warning(
                        pointer + "/audiences",
                        "no audience is configured: a token that was issued for another service"
                            + " is accepted here (RFC 8725 §3.9)"))
            }
            var further = FurtherIssuer(issuer: issuer, audiences: audiences ?? result.audiences)
            further.keys =
                readKeySource(
                    entry["jwks"], at: pointer, issuer: HTTPURL(issuer)) ?? .derived
            warnPlain(issuer, at: pointer + "/issuer")
            result.tokens.issuers.append(further)
        }
    }

    private mutating func readIntrospection(_ value: JSONValue?, _ result: inout Configuration) {
        guard let value, value != .bool(false) else { return }
        var settings = IntrospectionSettings()
        settings.url = value["url"]?.stringValue
        settings.clientID = value["clientId"]?.stringValue
        settings.clientSecret = value["clientSecret"]?.stringValue
        let pointer = "/introspection"
        if let url = settings.url {
            if HTTPURL(url) == nil {
                remark(.error(pointer + "/url", "not an absolute http or https URL"))
            }
            warnPlain(url, at: pointer + "/url")
        } else if result.issuerURL == nil {
            remark(
                .error(
                    pointer,
                    "the endpoint is found by the issuer's URL, and this is none: write url"))
        }
        if let text = value["cache"]?.stringValue {
            let cache = DurationText.milliseconds(text)
            if let cache, (1000...300_000).contains(cache) {
                settings.cache = cache
            } else {
                remark(.error(pointer + "/cache", "must be a duration from 1s to 5m", "60s"))
            }
        }
        if settings.clientSecret != nil, settings.clientID == nil, result.clientID == nil {
            remark(
                .error(pointer + "/clientSecret", "belongs to a clientId, and none is configured"))
        }
        let hasOwn = result.clientSecret != nil || result.broker.clientKey != nil
        let hasClient = settings.clientID != nil ? settings.clientSecret != nil : hasOwn
        if !hasClient, result.provider == nil {
            remark(
                .error(
                    pointer, "the endpoint wants to know who asks (RFC 7662 §2.1)",
                    "clientId and clientSecret of a client that may ask"))
        }
        result.tokens.introspection = settings
    }

    private mutating func readHierarchy(_ value: JSONValue?, _ result: inout Configuration) {
        var hierarchy: [String: [String]] = [:]
        for (scope, implied) in value?.objectValue ?? [:] {
            let pointer = "/scopeHierarchy/" + MemberName.pointerToken(scope)
            checkScope(scope, at: pointer)
            let list = (implied.arrayValue ?? []).compactMap(\.stringValue)
            for (index, one) in list.enumerated() { checkScope(one, at: pointer + "/\(index)") }
            hierarchy[scope] = list
        }
        if let cycle = ScopeRules.cycle(in: hierarchy) {
            remark(
                .error(
                    "/scopeHierarchy", "runs in a circle: " + cycle.joined(separator: ", "),
                    "leave out one of these implications"))
            hierarchy = [:]
        }
        if !hierarchy.isEmpty, result.tokens.requiredScopes.isEmpty {
            remark(
                .warning(
                    "/scopeHierarchy", "has no effect without requiredScopes",
                    "requiredScopes: [...]"))
        }
        result.tokens.scopeHierarchy = hierarchy
    }
}

extension ConfigurationSchema {
    /// The members of this file, for ``ConfigurationSchema/text``.
    static let tokens = #"""
        "issuers": {
              "description": "Further issuers whose tokens are taken, chosen by iss; each with \#
        its own keys and, where written, audiences.",
              "type": "array", "maxItems": 16,
              "items": {
                "type": "object", "additionalProperties": false, "required": ["issuer"],
                "properties": {
                  "issuer": {"type": "string", "minLength": 1, "maxLength": 2048},
                  "audiences": {
                    "type": "array", "maxItems": 64,
                    "items": {"type": "string", "minLength": 1, "maxLength": 2048}
                  },
                  "jwks": {
                    "oneOf": [
                      {
                        "type": "object", "additionalProperties": false, "required": ["url"],
                        "properties": {
                          "url": {"type": "string", "minLength": 1, "maxLength": 2048}
                        }
                      },
                      {
                        "type": "object", "additionalProperties": false, "required": ["file"],
                        "properties": {"file": {"type": "string", "minLength": 1, \#
        "maxLength": 4096, "format": "gatehouse-file"}}
                      },
                      {
                        "type": "object", "additionalProperties": false, "required": ["inline"],
                        "properties": {"inline": {"type": ["string", "object"]}}
                      },
                      {
                        "type": "object", "additionalProperties": false, "required": ["keys"],
                        "properties": {"keys": {"type": "array", "items": {"type": "object"}}}
                      },
                      {"type": "string", "minLength": 2}
                    ]
                  }
                }
              }
            },
            "introspection": {
              "description": "Tokens that are no JWT are asked about at the issuer (RFC 7662). \#
        true: with the policy's client, at the endpoint that the issuer names.",
              "oneOf": [
                {"type": "boolean"},
                {
                  "type": "object", "additionalProperties": false,
                  "properties": {
                    "url": {"type": "string", "minLength": 1, "maxLength": 2048},
                    "clientId": {"type": "string", "minLength": 1, "maxLength": 1024},
                    "clientSecret": {"type": "string", "format": "gatehouse-secret"},
                    "cache": {
                      "description": "How long an answer is believed, 1s to 5m.",
                      "type": "string", "default": "60s"
                    }
                  }
                }
              ]
            },
            "requiredScopes": {
              "description": "A token needs all of these, else 403 insufficient_scope; the \#
        challenges name them.",
              "type": "array", "maxItems": 32, "uniqueItems": true,
              "items": {"type": "string", "minLength": 1, "maxLength": 256}
            },
            "scopeHierarchy": {
              "description": "Which scopes a scope implies, over any number of steps: {admin: \#
        [write], write: [read]}.",
              "type": "object", "maxProperties": 64,
              "additionalProperties": {
                "type": "array", "maxItems": 64,
                "items": {"type": "string", "minLength": 1, "maxLength": 256}
              }
            },
            "identityHeaders": {
              "description": "Tell the upstream who a token stands for: x-gatehouse-subject, \#
        -client, -scopes, -groups, -roles, -tenant. A client's own fields of these names are \#
        removed in any case.",
              "type": "boolean", "default": false
            }
        """#
}
