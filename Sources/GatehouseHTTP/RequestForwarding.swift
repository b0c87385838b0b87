/// How a request is written to the upstream; every buffer is borrowed for the call.
public struct RequestForwarding {
    /// The value of Host: the upstream's authority.
    public var host: UnsafeRawBufferPointer
    /// A path that takes the place of the received one, or nil; the query stays.
    public var path: UnsafeRawBufferPointer?
    /// What takes the place of the received query, or nil; empty leaves none.
    public var query: UnsafeRawBufferPointer?
    /// The address of the peer as text, for X-Forwarded-For.
    public var peer: UnsafeRawBufferPointer
    /// `http` or `https`, as the listener received it.
    public var scheme: UnsafeRawBufferPointer
    /// Whether the peer is one of `trustedProxies`, so that its X-Forwarded-* fields are kept.
    public var trustsPeer = false
    /// Our name in Via (RFC 9110 §7.6.3); empty for none.
    public var via: UnsafeRawBufferPointer = StaticBytes.of("gatehouse")
    /// How the body is framed to the upstream; the received framing unless a policy changed it.
    public var framing: BodyFraming
    /// Whether Upgrade is passed on: only where the route allows it.
    public var forwardsUpgrade = false
    /// Whether `Expect: 100-continue` is passed on; otherwise the gateway answers it itself.
    public var forwardsExpect = false
    /// Whether the Origin field is left out, after it was checked here.
    public var removesOrigin = false
    /// The edits of the policies.
    public var edits: EditList?

    /// A request as it came, to `host`, from `peer`.
    public init(
        host: UnsafeRawBufferPointer, peer: UnsafeRawBufferPointer,
        scheme: UnsafeRawBufferPointer, framing: BodyFraming
    ) {
        self.host = host
        self.peer = peer
        self.scheme = scheme
        self.framing = framing
    }
}

extension RequestHead {
    /// Writes the head for the upstream, from the received `bytes` straight into `sink`.
    ///
    /// Always HTTP/1.1 (RFC 9112 §2.3), target in origin form (§3.2.1), one Host, framing computed
    /// and never copied, hop-by-hop and nominated fields removed, X-Forwarded-* set.
    public func write<Sink: ByteSink>(
        _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex,
        as forwarding: borrowing RequestForwarding, into sink: inout Sink
    ) {
        writeRequestLine(bytes, forwarding, &sink)
        sink.appendField("Host", forwarding.host)
        for at in 0..<fields.count {
            let field = fields[at]
            guard !field.isHopByHop, isCopied(field.known, forwarding) else { continue }
            let name = bytes[field.name]
            if let edits = forwarding.edits, edits.isHidden(name) { continue }
            if field.known == .maxForwards {
                writeMaxForwards(name, bytes[field.value], &sink)
            } else {
                sink.appendLine(field, of: bytes)
            }
        }
        writeForwarded(bytes, fields, forwarding, &sink)
        writeFraming(forwarding, &sink)
        if forwarding.forwardsUpgrade, asksUpgrade, let value = fields.value(.upgrade, in: bytes) {
            sink.append("Connection: upgrade\r\n" as StaticString)
            sink.appendField("Upgrade", value)
        }
        forwarding.edits?.writeAdditions(into: &sink)
        sink.append("\r\n" as StaticString)
    }

    private func writeRequestLine<Sink: ByteSink>(
        _ bytes: UnsafeRawBufferPointer, _ forwarding: borrowing RequestForwarding,
        _ sink: inout Sink
    ) {
        sink.append(bytes[methodBytes])
        sink.append(Syntax.space)
        sink.append(forwarding.path ?? path(in: bytes))
        if let query = forwarding.query {
            if !query.isEmpty { sink.append(0x3F) }
            sink.append(query)
        } else if let query = target.query {
            sink.append(0x3F)
            sink.append(bytes[query])
        }
        sink.append(" HTTP/1.1\r\n" as StaticString)
    }

    /// Whether a field that is not hop-by-hop is copied as it is.
    private func isCopied(
        _ known: KnownField, _ forwarding: borrowing RequestForwarding
    ) -> Bool {
        switch known {
        case .host, .contentLength, .xForwardedFor: false
        case .expect: forwarding.forwardsExpect
        case .origin: !forwarding.removesOrigin
        // What only a trusted proxy may say of the client; `Forwarded` would contradict ours.
        case .xForwardedProto, .xForwardedHost, .xForwardedOther, .xRealIP: forwarding.trustsPeer
        case .forwarded: false
        default: true
        }
    }

    /// OPTIONS only: counted down (RFC 9110 §7.6.2); the proxy answers 0 itself.
    private func writeMaxForwards<Sink: ByteSink>(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ sink: inout Sink
    ) {
        guard method == .options, let left = Syntax.decimal(value) else {
            sink.appendField(name, value)
            return
        }
        sink.append("Max-Forwards: " as StaticString)
        sink.append(decimal: left == 0 ? 0 : left - 1)
        sink.append("\r\n" as StaticString)
    }

    private func writeForwarded<Sink: ByteSink>(
        _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex,
        _ forwarding: borrowing RequestForwarding, _ sink: inout Sink
    ) {
        sink.append("X-Forwarded-For: " as StaticString)
        if forwarding.trustsPeer, fields.has(.xForwardedFor) {
            for at in 0..<fields.count where fields[at].known == .xForwardedFor {
                guard !fields[at].value.isEmpty else { continue }
                sink.append(bytes[fields[at].value])
                sink.append(", " as StaticString)
            }
        }
        sink.append(forwarding.peer)
        sink.append("\r\n" as StaticString)
        if !forwarding.trustsPeer || !fields.has(.xForwardedProto) {
            sink.appendField("X-Forwarded-Proto", forwarding.scheme)
        }
        if !authority.isEmpty, !forwarding.trustsPeer || !fields.has(.xForwardedHost) {
            sink.appendField("X-Forwarded-Host", bytes[authority])
        }
        guard !forwarding.via.isEmpty else { return }
        sink.append(minorVersion == 0 ? "Via: 1.0 " as StaticString : "Via: 1.1 ")
        sink.append(forwarding.via)
        sink.append("\r\n" as StaticString)
    }

    private func writeFraming<Sink: ByteSink>(
        _ forwarding: borrowing RequestForwarding, _ sink: inout Sink
    ) {
        switch forwarding.framing {
        case .length(let count):
            sink.append("Content-Length: " as StaticString)
            sink.append(decimal: count)
            sink.append("\r\n" as StaticString)
        case .chunked, .untilClose:
            sink.append("Transfer-Encoding: chunked\r\n" as StaticString)
        case .none:
            // RFC 9110 §8.6: a method that gives content a meaning says that there is none.
            guard method == .post || method == .put || method == .patch else { return }
            sink.append("Content-Length: 0\r\n" as StaticString)
        }
    }
}
