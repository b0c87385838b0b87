extension RequestHead {
    /// What the fields mean for the request: framing first, then Host, then the rest.
    mutating func take(
        _ framing: FramingFields, _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex
    ) -> HTTPFault? {
        nominatesFields = framing.nominates
        if framing.transfer == .chunked {
            // RFC 9112 §6.1: a Transfer-Encoding in HTTP/1.0 is faulty framing.
            guard minorVersion == 1 else { return HTTPFault(400, .ambiguousFraming) }
            self.framing = .chunked
        } else if let length = framing.length {
            self.framing = .length(length)
        }
        keepAlive = !framing.closes && (minorVersion == 1 || framing.keepsAlive)
        asksUpgrade = minorVersion == 1 && framing.upgrades && fields.has(.upgrade)
        if let fault = readHost(bytes, fields) { return fault }
        if fields.has(.authorization), !Credentials.areSingle(bytes, fields) {
            return HTTPFault(400, .authorization)
        }
        if method == .options, fields.has(.maxForwards) {
            guard !fields.isRepeated(.maxForwards),
                let value = fields.value(.maxForwards, in: bytes), let left = Syntax.decimal(value)
            else { return HTTPFault(400, .maxForwards) }
            isLastHop = left == 0
        }
        if fields.has(.te), let value = fields.value(.te, in: bytes) {
            acceptsTrailers = minorVersion == 1 && Syntax.equalsFolded(value, "trailers")
        }
        guard fields.has(.expect), minorVersion == 1 else { return nil }
        guard !fields.isRepeated(.expect), let value = fields.value(.expect, in: bytes),
            Syntax.equalsFolded(value, "100-continue")
        else { return HTTPFault(417, .expectation) }
        expectsContinue = self.framing != .none && self.framing != .length(0)
        return nil
    }

    /// Exactly one valid Host in HTTP/1.1 (RFC 9112 §3.2); an absolute target decides (§3.2.2),
    /// and one that names another host is refused, because a server behind may read the other.
    private mutating func readHost(
        _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex
    ) -> HTTPFault? {
        let fault = HTTPFault(400, .host)
        var stated: Authority?
        if let at = fields.first(.host) {
            authority = fields[at].value
            guard !fields.isRepeated(.host), let parsed = Authority(bytes[authority]) else {
                return fault
            }
            stated = parsed
            take(parsed)
        } else if minorVersion == 1 {
            return fault
        }
        guard !target.authority.isEmpty else {
            // `http:///p`: an absolute target must name a host (RFC 9110 §4.2.1).
            return target.form == .absolute ? HTTPFault(400, .target) : nil
        }
        let statedHost = host
        authority = target.authority
        guard let asked = Authority(bytes[authority]) else { return HTTPFault(400, .target) }
        take(asked)
        if let stated {
            guard Syntax.equalsFolded(bytes[host], bytes[statedHost]), stated.port == asked.port
            else { return fault }
        }
        return nil
    }

    private mutating func take(_ parsed: Authority) {
        host = ByteRange(start: authority.start + parsed.host.start, count: parsed.host.count)
        port = parsed.port
    }

    /// The path in `bytes`: `/` where an absolute target had none, `*` for the asterisk form.
    public func path(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        if target.form == .asterisk { return StaticBytes.asterisk }
        return target.path.isEmpty ? StaticBytes.slash : bytes[target.path]
    }
}

/// Bytes that live as long as the process.
enum StaticBytes {
    static var slash: UnsafeRawBufferPointer { of("/") }
    static var asterisk: UnsafeRawBufferPointer { of("*") }

    @inline(__always)
    static func of(_ text: StaticString) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }
}
