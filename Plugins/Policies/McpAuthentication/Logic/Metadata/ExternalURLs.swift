/// The URLs by which clients know a route, from what is configured and where they came in.
struct ExternalURLs: Sendable, Equatable {
    /// The origin of the configured `resource`; `nil` takes the exchange's external base.
    let configuredBase: String?
    /// The configured `resource`, served as written.
    let configuredResource: String?

    init(resource: String?) {
        configuredResource = resource
        configuredBase = resource.flatMap(HTTPURL.init)?.origin
    }

    /// `scheme://authority` of everything that is published for an exchange (G37).
    ///
    /// - Parameter exchangeBase: the host's attribute: `publicUrl`, else scheme and `Host`.
    func base(_ exchangeBase: String) -> String {
        if let configuredBase { return configuredBase }
        return exchangeBase.hasSuffix("/") ? String(exchangeBase.dropLast()) : exchangeBase
    }

    /// The metadata URL of the path that a client asked for, path-inserted and absolute (G29).
    func metadataURL(exchangeBase: String, path: String) -> String {
        base(exchangeBase) + WellKnownKind.protectedResourcePath + Self.safePath(path)
    }

    /// The resource identifier of a path: as configured, else in the slash form asked for (G24).
    func resource(exchangeBase: String, path: String) -> String {
        configuredResource ?? (base(exchangeBase) + Self.safePath(path))
    }

    /// The issuer that the gateway publishes for a protected path as an authorization server: no
    /// slash at its end, the same in every document (G40).
    func issuer(exchangeBase: String, protected: String, layout: Layout) -> String {
        layout == .origin ? base(exchangeBase) : base(exchangeBase) + Self.safePath(protected)
    }

    /// Where the provider redirects to in relay and broker delivery: one URL in every layout.
    func callback(exchangeBase: String, protected: String) -> String {
        base(exchangeBase) + Self.safePath(protected) + "/callback"
    }

    /// `path` with every byte that RFC 3986 §3.3 does not allow in one percent-encoded.
    static func safePath(_ path: String) -> String {
        if path.utf8.allSatisfy({ isPathByte($0) }) { return path }
        let hex = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in path.utf8 {
            if isPathByte(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isPathByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "/%-._~!$&'()*+,;=:@".utf8.contains(byte)
        }
    }
}
