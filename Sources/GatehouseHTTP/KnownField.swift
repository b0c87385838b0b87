/// The fields that the proxy itself reads or rewrites; all others are `other`.
///
/// A known field is found by its number, without comparing names.
public enum KnownField: UInt8, Sendable, CaseIterable {
    /// Any field that is not listed here.
    case other
    case host, connection, contentLength, transferEncoding, keepAlive, proxyConnection
    case te, trailer, upgrade, http2Settings, proxyAuthorization, proxyAuthenticate
    case authorization, expect, cookie, origin, via, date, maxForwards, forwarded
    case xForwardedFor, xForwardedProto, xForwardedHost, xForwardedOther, xRealIP
    case contentType, accept, acceptEncoding, userAgent, vary, server, wwwAuthenticate
    case accessControlRequestMethod, accessControlRequestHeaders, accessControlAllowOrigin
    case mcpSessionID, mcpProtocolVersion, mcpOther, setCookie, cacheControl
    /// `X-Gatehouse-...`: what the gateway tells an upstream of a request, and nobody else.
    case gatehouseOther

    /// Fields of one connection, never forwarded (RFC 9110 §7.6.1; RFC 9113 §3.1 for the settings).
    var isHopByHop: Bool {
        rawValue >= KnownField.connection.rawValue && rawValue <= Self.proxyAuthenticate.rawValue
            && self != .contentLength
    }

    /// Fields that a Connection option must not take away: all that are known and not of one hop,
    /// and Transfer-Encoding (RFC 9110 §7.6.1: a sender must not nominate a field that is meant for
    /// all recipients).
    var mustNotBeNominated: Bool {
        self != .other && (!isHopByHop || self == .transferEncoding)
    }

    /// Fields on which framing, routing or a policy depends: a name that becomes one of them where
    /// an underscore is read as a hyphen is refused.
    var isDecisive: Bool {
        switch self {
        case .host, .contentLength, .transferEncoding, .authorization, .cookie, .origin, .forwarded,
            .xForwardedFor, .xForwardedProto, .xForwardedHost, .xForwardedOther, .mcpSessionID,
            .mcpProtocolVersion, .mcpOther, .expect, .setCookie, .wwwAuthenticate, .xRealIP,
            .gatehouseOther:
            true
        default: false
        }
    }

    /// The known field with this name, letters compared without case.
    public static func of(_ name: UnsafeRawBufferPointer) -> KnownField {
        switch name.count {
        case 2:
            if Syntax.equalsFolded(name, "te") { return .te }
        case 3:
            if Syntax.equalsFolded(name, "via") { return .via }
        case 4:
            if Syntax.equalsFolded(name, "host") { return .host }
            if Syntax.equalsFolded(name, "date") { return .date }
            if Syntax.equalsFolded(name, "vary") { return .vary }
        case 6:
            if Syntax.equalsFolded(name, "expect") { return .expect }
            if Syntax.equalsFolded(name, "cookie") { return .cookie }
            if Syntax.equalsFolded(name, "origin") { return .origin }
            if Syntax.equalsFolded(name, "accept") { return .accept }
            if Syntax.equalsFolded(name, "server") { return .server }
        case 7:
            if Syntax.equalsFolded(name, "trailer") { return .trailer }
            if Syntax.equalsFolded(name, "upgrade") { return .upgrade }
        case 9:
            if Syntax.equalsFolded(name, "forwarded") { return .forwarded }
            if Syntax.equalsFolded(name, "x-real-ip") { return .xRealIP }
        case 10:
            if Syntax.equalsFolded(name, "connection") { return .connection }
            if Syntax.equalsFolded(name, "keep-alive") { return .keepAlive }
            if Syntax.equalsFolded(name, "user-agent") { return .userAgent }
            if Syntax.equalsFolded(name, "set-cookie") { return .setCookie }
        default: return long(name)
        }
        return prefixed(name)
    }

    private static func long(_ name: UnsafeRawBufferPointer) -> KnownField {
        switch name.count {
        case 12:
            if Syntax.equalsFolded(name, "max-forwards") { return .maxForwards }
            if Syntax.equalsFolded(name, "content-type") { return .contentType }
        case 13:
            if Syntax.equalsFolded(name, "authorization") { return .authorization }
            if Syntax.equalsFolded(name, "cache-control") { return .cacheControl }
        case 14:
            if Syntax.equalsFolded(name, "content-length") { return .contentLength }
            if Syntax.equalsFolded(name, "http2-settings") { return .http2Settings }
            if Syntax.equalsFolded(name, "mcp-session-id") { return .mcpSessionID }
        case 15:
            if Syntax.equalsFolded(name, "x-forwarded-for") { return .xForwardedFor }
            if Syntax.equalsFolded(name, "accept-encoding") { return .acceptEncoding }
        case 16:
            if Syntax.equalsFolded(name, "proxy-connection") { return .proxyConnection }
            if Syntax.equalsFolded(name, "x-forwarded-host") { return .xForwardedHost }
            if Syntax.equalsFolded(name, "www-authenticate") { return .wwwAuthenticate }
        case 17:
            if Syntax.equalsFolded(name, "transfer-encoding") { return .transferEncoding }
            if Syntax.equalsFolded(name, "x-forwarded-proto") { return .xForwardedProto }
        case 18:
            if Syntax.equalsFolded(name, "proxy-authenticate") { return .proxyAuthenticate }
        case 19:
            if Syntax.equalsFolded(name, "proxy-authorization") { return .proxyAuthorization }
        case 20:
            if Syntax.equalsFolded(name, "mcp-protocol-version") { return .mcpProtocolVersion }
        case 27:
            if Syntax.equalsFolded(name, "access-control-allow-origin") {
                return .accessControlAllowOrigin
            }
        case 29:
            if Syntax.equalsFolded(name, "access-control-request-method") {
                return .accessControlRequestMethod
            }
        case 30:
            if Syntax.equalsFolded(name, "access-control-request-headers") {
                return .accessControlRequestHeaders
            }
        default: break
        }
        return prefixed(name)
    }

    private static func prefixed(_ name: UnsafeRawBufferPointer) -> KnownField {
        if name.count > 12, Syntax.equalsFolded(.init(rebasing: name[..<12]), "x-forwarded-") {
            return .xForwardedOther
        }
        if name.count > 12, Syntax.equalsFolded(.init(rebasing: name[..<12]), "x-gatehouse-") {
            return .gatehouseOther
        }
        if name.count > 4, Syntax.equalsFolded(.init(rebasing: name[..<4]), "mcp-") {
            return .mcpOther
        }
        return .other
    }
}
