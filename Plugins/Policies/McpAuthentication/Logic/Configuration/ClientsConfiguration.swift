import GatehouseJSON

/// Where the gateway's authorization server stands on its host.
enum Layout: String, Sendable {
    /// The issuer is the origin: for a host with one protected route (G88).
    case origin
    /// The issuer is the route's URL.
    case path
}

/// `clients` of the configuration: who may use the gateway's authorization server, and how.
struct ClientsConfiguration: Sendable, Equatable {
    /// When a person is asked before a client is sent to the provider.
    enum Consent: String, Sendable {
        /// Once for each browser, client and redirect URI.
        case remember
        case always
        case never
    }

    /// Whether clients may register (RFC 7591).
    var registration = true
    /// Whether Client ID Metadata Documents are taken where the provider does not take them.
    var metadataDocuments = true
    /// Private-use schemes that redirect URIs may have (RFC 8252 §7.1), in lower case.
    var redirectSchemes = ["cursor", "vscode", "vscode-insiders", "windsurf", "claude"]
    /// Where not empty, the only redirect URIs there are.
    var redirectURIs: [String] = []
    /// Registrations of one client address in a minute: 1 to 10,000.
    var registrationsPerMinute = 30
    /// Seconds that a registration is good for: an hour to ten years.
    var registrationLifetime: Int64 = 2160 * 3600
    var consent = Consent.remember
}

extension ConfigurationReader {
    /// Reads `clients` and `layout`.
    mutating func readClients(_ value: JSONValue, _ result: inout Configuration) {
        if let layout = value["layout"] {
            result.layout = layout.stringValue.flatMap(Layout.init(rawValue:))
            if result.layout == nil {
                remarks.append(.error("/layout", "must be one of origin, path"))
            }
        }
        guard let members = value["clients"] else { return }
        var clients = ClientsConfiguration()
        clients.registration = members["registration"]?.boolValue ?? true
        clients.metadataDocuments = members["metadataDocuments"]?.boolValue ?? true
        if let schemes = members["redirectSchemes"]?.arrayValue?.compactMap(\.stringValue) {
            clients.redirectSchemes = schemes.map { $0.lowercased() }
            for (index, scheme) in clients.redirectSchemes.enumerated()
            where !RedirectURIs.isPrivateScheme(scheme) {
                remarks.append(
                    .error(
                        "/clients/redirectSchemes/\(index)",
                        "is no private-use scheme that a browser may be sent to (RFC 8252 §7.1)"))
            }
        }
        clients.redirectURIs =
            (members["redirectUris"]?.arrayValue ?? []).compactMap(\.stringValue)
        for (index, uri) in clients.redirectURIs.enumerated()
        where !RedirectURIs(schemes: clients.redirectSchemes).isAcceptable(uri) {
            remarks.append(
                .error(
                    "/clients/redirectUris/\(index)", "is no redirect URI that a client may have"))
        }
        if let number = members["registrationsPerMinute"]?.intValue {
            clients.registrationsPerMinute = Int(max(1, min(number, 10_000)))
        }
        readLifetime(members["registrationLifetime"], &clients)
        if let consent = members["consent"]?.stringValue {
            clients.consent = ClientsConfiguration.Consent(rawValue: consent) ?? .remember
        }
        if clients.consent == .never {
            remarks.append(
                .warning(
                    "/clients/consent",
                    "nobody is asked: a client that an attacker registers gets what another client"
                        + " was allowed at the provider (confused deputy)", "remember"))
        }
        result.clients = clients
    }

    private mutating func readLifetime(
        _ value: JSONValue?, _ clients: inout ClientsConfiguration
    ) {
        guard let value else { return }
        let most: Int64 = 87_600 * 3600
        if let seconds = value.stringValue.flatMap({ DurationText.seconds($0, atMost: most) }),
            seconds >= 3600
        {
            clients.registrationLifetime = seconds
        } else {
            remarks.append(
                .error(
                    "/clients/registrationLifetime", "must be a duration of 1h to 87600h", "2160h"))
        }
    }
}

extension ConfigurationSchema {
    /// `layout` and `clients`.
    static let clients = #"""
            "layout": {
              "description": "Where the gateway's authorization server stands: origin, with the \#
        host's origin as its issuer, or path, with the route's URL. Default: origin where the \#
        host has one protected route.",
              "enum": ["origin", "path"]
            },
            "clients": {
              "description": "Who may use the gateway's authorization server.",
              "type": "object", "additionalProperties": false,
              "properties": {
                "registration": {
                  "description": "Whether clients may register (RFC 7591).",
                  "type": "boolean", "default": true
                },
                "metadataDocuments": {
                  "description": "Whether Client ID Metadata Documents are taken where the \#
        provider does not take them.",
                  "type": "boolean", "default": true
                },
                "redirectSchemes": {
                  "description": "Private-use schemes of redirect URIs, beside https and http to \#
        a loopback address. Default: cursor, vscode, vscode-insiders, windsurf, claude.",
                  "type": "array", "maxItems": 64,
                  "items": {"type": "string", "minLength": 1, "maxLength": 64}
                },
                "redirectUris": {
                  "description": "Where not empty, the only redirect URIs, exact but for the \#
        port of a loopback address.",
                  "type": "array", "maxItems": 256,
                  "items": {"type": "string", "minLength": 1, "maxLength": 2048}
                },
                "registrationsPerMinute": {
                  "description": "Registrations of one client address in a minute.",
                  "type": "integer", "minimum": 1, "maximum": 10000, "default": 30
                },
                "registrationLifetime": {
                  "description": "How long a registration is good for, 1h to 87600h.",
                  "type": "string", "default": "2160h"
                },
                "consent": {
                  "description": "When a person is asked before a client is sent to the \#
        provider: once for each client (remember), always, or never.",
                  "enum": ["remember", "always", "never"], "default": "remember"
                }
              }
            }
        """#
}
