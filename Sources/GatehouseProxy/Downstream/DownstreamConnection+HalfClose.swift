import GatehouseHTTP
import NIOCore

/// What the client's FIN means. On the wire a client that only says "this was all" (RFC 9112 §9.6)
/// looks like one that has left until something is sent to it: then the kernel of the one that left
/// answers with a reset, and the connection ends.
///
/// - In a tunnel it is carried over to the upstream.
/// - Between two exchanges, or within a request: the client has left.
/// - Behind a complete request it is still interested. Where no byte of the response has left after
///   `ProxyLimits.halfClosedMs`, an interim 100 is sent, which every client of HTTP/1.1 skips
///   (RFC 9110 §15.2.1) and to which one that left answers with a reset.
/// - Within a response the bytes of the body do the same. Where none follow in that time, nothing
///   tells the two apart, and the client has left: to close the stream is how an MCP client
///   cancels.
extension DownstreamConnection {
    func inputClosed() {
        worker.touch()
        isInputClosed = true
        process()
    }

    /// Everything that came has been read, as far as it can be for the moment.
    func endOfInput() {
        guard !isClosing else { return }
        guard isRunning, let exchange else { return close(lingers: false) }
        if exchange.responsePhase == .tunnel { return exchange.clientInputClosed() }
        guard exchange.isRequestComplete else {
            // What is held back for a pause or for the upstream may hold the rest.
            return exchange.wantsInput ? leave() : ()
        }
        guard watched != exchange.number else { return }
        watched = exchange.number
        if !hasInput { exchange.keepsAlive = false }
        let (serial, mark) = (exchange.number, exchange.sentSoFar)
        _ = worker.startTimer(afterMs: ProxyLimits.halfClosedMs) { [weak self] in
            self?.look(serial, mark)
        }
    }

    /// Whether the client of this exchange shows that it is there.
    private func look(_ serial: UInt64, _ mark: UInt64) {
        guard !isClosing, isRunning, let exchange, exchange.number == serial else { return }
        switch exchange.responsePhase {
        case .waiting, .held: exchange.sendProbe()
        case .streaming, .local: if exchange.sentSoFar == mark { leave() }
        case .discarding, .tunnel: break
        }
    }
}

extension Exchange {
    /// Grows with each byte of the response; 0: not even the head has left.
    var sentSoFar: UInt64 { sentStatus == 0 ? 0 : 1 &+ responseBytes }

    /// An interim response that means nothing.
    func sendProbe() {
        guard let head, head.minorVersion > 0 else { return }
        worker.downstreamOut.clear()
        worker.downstreamOut.compose(32) { LocalResponse.writeContinue(into: &$0) }
        connection?.send(worker.downstreamOut)
    }
}
