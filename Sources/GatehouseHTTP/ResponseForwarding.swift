/// How a response is written to the client; every buffer is borrowed for the call.
public struct ResponseForwarding {
    /// How the body is framed to the client.
    public var framing: BodyFraming
    /// Whether the client connection stays open behind this response.
    public var keepAlive: Bool
    /// The minor version of the request that is answered.
    public var minorVersion: UInt8
    /// An HTTP date, written where the upstream sent none (RFC 9110 §6.6.1); empty for none.
    public var date = StaticBytes.of("")
    /// Whether Upgrade is passed on, behind 101.
    public var forwardsUpgrade = false
    /// The edits of the policies.
    public var edits: EditList?

    /// A response framed as `framing` for the client of `request`. Chunks are never sent to
    /// HTTP/1.0 (RFC 9112 §6.1): there, a body of unknown length ends with the connection.
    public init(_ response: ResponseHead, to request: RequestHead, keepAlive: Bool) {
        minorVersion = request.minorVersion
        switch response.framing {
        case .none, .length: framing = response.framing
        case .chunked, .untilClose: framing = request.minorVersion == 1 ? .chunked : .untilClose
        }
        self.keepAlive = keepAlive && request.keepAlive && framing != .untilClose
    }
}

extension ResponseHead {
    /// Writes the head for the client, from the received `bytes` straight into `sink`: hop-by-hop
    /// and nominated fields removed, framing computed and never copied, Date added.
    public func write<Sink: ByteSink>(
        _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex,
        as forwarding: borrowing ResponseForwarding, into sink: inout Sink
    ) {
        sink.append("HTTP/1.1 " as StaticString)
        sink.append(decimal: UInt64(status))
        sink.append(Syntax.space)
        sink.append(bytes[reason])
        sink.append("\r\n" as StaticString)
        for at in 0..<fields.count {
            let field = fields[at]
            guard !field.isHopByHop, field.known != .contentLength else { continue }
            if let edits = forwarding.edits, edits.isHidden(bytes[field.name]) { continue }
            sink.appendLine(field, of: bytes)
        }
        if !isInterim, !forwarding.date.isEmpty, !fields.has(.date) {
            sink.appendField("Date", forwarding.date)
        }
        forwarding.edits?.writeAdditions(into: &sink)
        writeFraming(forwarding, &sink)
        if forwarding.forwardsUpgrade, status == 101,
            let value = fields.value(.upgrade, in: bytes)
        {
            sink.append("Connection: upgrade\r\n" as StaticString)
            sink.appendField("Upgrade", value)
        }
        sink.append("\r\n" as StaticString)
    }

    private func writeFraming<Sink: ByteSink>(
        _ forwarding: borrowing ResponseForwarding, _ sink: inout Sink
    ) {
        guard status >= 200 else { return }
        // 204 has no Content-Length (RFC 9110 §8.6); HEAD and 304 keep the one that was stated.
        var length = status == 204 ? nil : statedLength
        if framing != .none { length = nil }
        if case .length(let count) = forwarding.framing { length = count }
        if let length {
            sink.append("Content-Length: " as StaticString)
            sink.append(decimal: length)
            sink.append("\r\n" as StaticString)
        } else if forwarding.framing == .chunked {
            sink.append("Transfer-Encoding: chunked\r\n" as StaticString)
        }
        ConnectionField.write(forwarding.keepAlive, forwarding.minorVersion, &sink)
    }
}

/// What Connection says to a client (RFC 9112 §9.3, §9.6).
enum ConnectionField {
    static func write<Sink: ByteSink>(
        _ keepAlive: Bool, _ minorVersion: UInt8, _ sink: inout Sink
    ) {
        if !keepAlive {
            sink.append("Connection: close\r\n" as StaticString)
        } else if minorVersion == 0 {
            sink.append("Connection: keep-alive\r\n" as StaticString)
        }
    }
}
