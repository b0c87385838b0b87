import GatehousePluginKit

/// What a loop remembers about a token that it has judged good.
struct TokenEntry: Sendable, Equatable {
    /// `exp` plus leeway in nanoseconds since 1970; `Int64.max` where the token has no `exp`.
    var expiresAt: Int64
    /// `nbf` minus leeway, likewise; `Int64.min` where it has none.
    var validFrom: Int64
    /// When its issuer is to be asked again, likewise; `Int64.max` for a token that speaks for
    /// itself (a JWT).
    var recheckAt: Int64 = .max
    /// Which client presented it, in UTF-8, for the access log; never the token.
    var clientID: [UInt8] = []
    /// Whether it lacks a scope that the route requires (G07).
    var lacksScopes = false
    /// Who it stands for, where later policies or the upstream are told.
    var identity = IdentityTexts()
    /// The value of the upstream's `Authorization`, where broker delivery puts one there; a secret.
    var credential: [UInt8] = []

    /// Until when it may be used without being looked at again.
    var usableUntil: Int64 { min(expiresAt, recheckAt) }

    /// Whether it costs nothing but the comparison of times: what is remembered is the client's
    /// name alone.
    var isPlain: Bool {
        recheckAt == .max && !lacksScopes && identity.isEmpty && credential.isEmpty
    }
}

/// The parts of an identity, as later policies (notes) and the upstream (fields) see them.
enum IdentityPart: Int, Sendable, CaseIterable {
    case subject
    case client
    case scopes
    case groups
    case roles
    case tenant

    /// The note that later policies read as `mcpAuthentication/NAME`.
    var note: String {
        switch self {
        case .subject: "subject"
        case .client: "client"
        case .scopes: "scopes"
        case .groups: "groups"
        case .roles: "roles"
        case .tenant: "tenant"
        }
    }

    /// The field of the request to the upstream.
    var field: StaticString {
        switch self {
        case .subject: "x-gatehouse-subject"
        case .client: "x-gatehouse-client"
        case .scopes: "x-gatehouse-scopes"
        case .groups: "x-gatehouse-groups"
        case .roles: "x-gatehouse-roles"
        case .tenant: "x-gatehouse-tenant"
        }
    }

    /// What stands between the entries of a list; `nil` for a single value.
    var separator: UInt8? {
        switch self {
        case .subject, .client, .tenant: nil
        case .scopes: UInt8(ascii: " ")
        case .groups, .roles: UInt8(ascii: ",")
        }
    }
}

/// The parts of an identity as texts that may stand in a field (RFC 9110 §5.5), by
/// ``IdentityPart``; an empty one is absent.
///
/// An octet outside `%x21-7E`, `%` and `,` are written as `%` and two hexadecimal digits (RFC 3986
/// §2.1). A single value that is longer than its bound is left out, a list ends before the first
/// entry that does not fit: nothing is ever cut in the middle.
struct IdentityTexts: Sendable, Equatable {
    private var texts: [[UInt8]] = []

    /// The octets of a single value at most.
    static let valueBound = 512
    /// The octets of a list at most.
    static let listBound = 2048

    init() {}

    /// The texts of an identity.
    init(_ identity: Identity) {
        texts = IdentityPart.allCases.map { part in
            switch part {
            case .subject: Self.value(identity.subject)
            case .client: Self.value(identity.client)
            case .tenant: Self.value(identity.tenant)
            case .scopes: Self.list(identity.scopes, part.separator)
            case .groups: Self.list(identity.groups, part.separator)
            case .roles: Self.list(identity.roles, part.separator)
            }
        }
    }

    /// Whether nothing is said.
    var isEmpty: Bool { texts.allSatisfy(\.isEmpty) }

    /// The text of a part; empty where it is absent.
    subscript(_ part: IdentityPart) -> [UInt8] {
        texts.indices.contains(part.rawValue) ? texts[part.rawValue] : []
    }

    private static func value(_ text: String?) -> [UInt8] {
        guard let text, text.utf8.count <= valueBound else { return [] }
        let safe = encoded(text)
        return safe.count <= valueBound ? safe : []
    }

    private static func list(_ entries: [String], _ separator: UInt8?) -> [UInt8] {
        var result: [UInt8] = []
        for entry in entries where !entry.isEmpty {
            guard entry.utf8.count <= listBound else { break }
            let safe = encoded(entry)
            guard result.count + 1 + safe.count <= listBound else { break }
            if !result.isEmpty, let separator { result.append(separator) }
            result += safe
        }
        return result
    }

    /// The part of a list that a note of so many octets can hold: whole entries.
    static func fitting(_ text: BorrowedBytes, _ part: IdentityPart, atMost bound: Int) -> Int {
        guard text.count > bound else { return text.count }
        guard let separator = part.separator else { return 0 }
        return (0...bound).last { text[$0] == separator } ?? 0
    }

    private static func encoded(_ text: String) -> [UInt8] {
        let hex = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "%"), UInt8(ascii: ","):
                result += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            case 0x21...0x7E: result.append(byte)
            default: result += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return result
    }
}
