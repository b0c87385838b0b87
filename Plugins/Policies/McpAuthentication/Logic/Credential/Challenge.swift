/// The error codes of a bearer challenge (RFC 6750 §3.1).
enum BearerError: String, Sendable {
    case invalidRequest = "invalid_request"
    case invalidToken = "invalid_token"
    case insufficientScope = "insufficient_scope"

    /// What the client is told: never which check failed (G13), never a parameter's name (G12).
    var text: String {
        switch self {
        case .invalidRequest: "The request does not carry one well-formed access token"
        case .invalidToken: "The access token is not valid"
        case .insufficientScope: "The access token does not permit this"
        }
    }
}

/// One `WWW-Authenticate` challenge (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1).
struct Challenge: Sendable, Equatable {
    /// `nil` where the request carried no credential (G04).
    var error: BearerError?
    /// The absolute URL of the protected-resource metadata (G02, G29).
    var metadataURL: String
    /// What to ask for; empty leaves `scope` out (G10, G11).
    var scopes: [String]

    /// The value of the field: the scheme, then each parameter once.
    var text: String {
        var parameters: [String] = []
        if let error {
            parameters.append("error=" + Self.quoted(error.rawValue))
            parameters.append("error_description=" + Self.quoted(error.text))
        }
        parameters.append("resource_metadata=" + Self.quoted(metadataURL))
        if !scopes.isEmpty {
            parameters.append("scope=" + Self.quoted(scopes.joined(separator: " ")))
        }
        return "Bearer " + parameters.joined(separator: ", ")
    }

    /// `text` as quoted-string (RFC 9110 §5.6.4); bytes that must not stand in one become `?`.
    static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x20...0x7E: bytes.append(byte)
            default: bytes.append(UInt8(ascii: "?"))
            }
        }
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether `text` may stand in `scope`: `1*( %x21 / %x23-5B / %x5D-7E )` (RFC 6749 §3.3).
    static func isScopeToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { $0 >= 0x21 && $0 <= 0x7E && $0 != 0x22 && $0 != 0x5C }
    }
}
