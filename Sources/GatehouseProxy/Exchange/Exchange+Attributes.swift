import GatehouseHTTP
import GatehousePluginHost
import NIOCore

/// What the exchange knows about the client and about its own address, as plugins may ask for it.
extension Exchange {
    func describe(
        _ attribute: DescribedAttribute, into sink: (UnsafeRawBufferPointer) -> Void
    ) {
        switch attribute {
        case .externalBase: externalBase.withUnsafeBytes(sink)
        case .peerAddress: clientAddress.withUnsafeBytes(sink)
        case .peerPort: Array("\(connection?.peer.port ?? 0)".utf8).withUnsafeBytes(sink)
        }
    }

    /// publicUrl, or scheme and authority: of the request, and behind a trusted proxy what that
    /// proxy says it was asked for.
    private var externalBase: [UInt8] {
        if let route, route.publicURL != nil { return route.publicURLBytes }
        return headBytes.withUnsafeReadableBytes { bytes in
            var base = Array(isExternallySecure(bytes) ? Text.https : Text.http)
            base += Array("://".utf8)
            if trustsPeer, let stated = single(.xForwardedHost, bytes), Authority(stated) != nil {
                return base + Array(stated)
            }
            return base + Array(head.map { bytes[$0.authority] } ?? Text.of(""))
        }
    }

    /// Whether the client used https, as a trusted proxy says.
    func isExternallySecure(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard fields.has(.xForwardedProto), trustsPeer,
            let stated = single(.xForwardedProto, bytes)
        else { return false }
        return Bytes.equalFolded(stated, lower: Array("https".utf8))
    }

    /// The value of a field that may stand once.
    private func single(
        _ known: KnownField, _ bytes: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        fields.isRepeated(known) ? nil : fields.value(known, in: bytes)
    }

    /// The peer's address, or behind trusted proxies the last address in X-Forwarded-For that is
    /// not one of them.
    private var clientAddress: [UInt8] {
        guard let connection else { return [] }
        guard trustsPeer, let snapshot, fields.has(.xForwardedFor) else {
            return connection.peer.text
        }
        let trusted = snapshot.listeners[connection.listener].trustedProxies
        let client = headBytes.withUnsafeReadableBytes { bytes in
            ForwardedFor.client(forwardedValues(bytes), trusted: trusted)
        }
        return client.map { Array($0.description.utf8) } ?? connection.peer.text
    }

    private func forwardedValues(_ bytes: UnsafeRawBufferPointer) -> [String] {
        (0..<fields.count).filter { fields[$0].known == .xForwardedFor }.map {
            String(decoding: bytes[fields[$0].value], as: UTF8.self)
        }
    }
}
