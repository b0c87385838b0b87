public import GatehouseJSON

/// Seconds since 1970-01-01T00:00:00Z without leap seconds, fractions allowed (RFC 7519 §2).
public struct NumericDate: Sendable, Hashable, Comparable {
    /// The seconds; finite, and in `range` where a peer gave them.
    public let seconds: Double

    /// From 1970 to the end of the year 9999.
    ///
    /// A later date is a mistake of unit (milliseconds).
    public static let range: ClosedRange<Double> = 0...253_402_300_799

    /// A date; `seconds` that are not finite count as 0.
    public init(seconds: Double) { self.seconds = seconds.isFinite ? seconds : 0 }

    /// A date of a peer; nil when out of range or not a number at all.
    init?(claim: JSONValue) {
        guard case .number(let number) = claim, let seconds = number.double, seconds.isFinite,
            Self.range.contains(seconds)
        else { return nil }
        self.seconds = seconds
    }

    /// Earlier first.
    public static func < (left: NumericDate, right: NumericDate) -> Bool {
        left.seconds < right.seconds
    }

    /// That many seconds later.
    public func advanced(by seconds: Double) -> NumericDate {
        NumericDate(seconds: self.seconds + seconds)
    }
}

/// The claims of a token, each of its right type (RFC 7519 §4.1).
public struct Claims: Sendable {
    /// All claims.
    public let members: JSONObject
    /// `iss`; nil when absent.
    public let issuer: String?
    /// `sub`; nil when absent.
    public let subject: String?
    /// `aud`; nil when absent, one element for a string.
    public let audiences: [String]?
    /// `exp`; nil when absent.
    public let expiresAt: NumericDate?
    /// `nbf`; nil when absent.
    public let notBefore: NumericDate?
    /// `iat`; nil when absent.
    public let issuedAt: NumericDate?
    /// The scopes of `scope` (a text with spaces, RFC 8693 §4.2, or an array) and `scp` (either),
    /// in their order; nil when neither is present.
    public let scopes: [String]?

    /// Reads a decoded payload: one JSON object without duplicate names (RFC 7519 §4).
    public init(parsing payload: [UInt8], limits: TokenLimits = .standard) throws(TokenError) {
        guard
            case .object(let members)? = try? JSONValue(
                parsing: payload, limits: limits.json(bytes: limits.tokenBytes))
        else { throw .claimsNotAnObject }
        try self.init(members)
    }

    /// Checks the types of claims that are parsed already.
    public init(_ members: JSONObject) throws(TokenError) {
        self.members = members
        issuer = try Self.text("iss", in: members)
        subject = try Self.text("sub", in: members)
        audiences = try Self.texts("aud", in: members) { [$0] }
        expiresAt = try Self.date("exp", in: members)
        notBefore = try Self.date("nbf", in: members)
        issuedAt = try Self.date("iat", in: members)
        let scope = try Self.texts("scope", in: members, of: Self.words)
        let scp = try Self.texts("scp", in: members, of: Self.words)
        scopes = if let scope, let scp { scope + scp } else { scope ?? scp }
    }

    private static func text(
        _ name: String, in members: JSONObject
    ) throws(TokenError) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.stringValue else { throw .malformedClaim(name) }
        return text
    }

    private static func date(
        _ name: String, in members: JSONObject
    ) throws(TokenError) -> NumericDate? {
        guard let value = members[name] else { return nil }
        guard let date = NumericDate(claim: value) else { throw .malformedClaim(name) }
        return date
    }

    private static func texts(
        _ name: String, in members: JSONObject, of text: (String) -> [String]
    ) throws(TokenError) -> [String]? {
        guard let value = members[name] else { return nil }
        if let single = value.stringValue { return text(single) }
        guard let array = value.arrayValue else { throw .malformedClaim(name) }
        let texts = array.compactMap(\.stringValue)
        guard texts.count == array.count else { throw .malformedClaim(name) }
        return texts
    }

    /// The parts between spaces.
    private static func words(_ text: String) -> [String] {
        guard text.utf8.contains(UInt8(ascii: " ")) else { return text.isEmpty ? [] : [text] }
        return text.utf8.split(separator: UInt8(ascii: " ")).compactMap { String($0) }
    }
}
