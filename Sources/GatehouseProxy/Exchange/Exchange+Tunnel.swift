import GatehouseHTTP
import GatehousePluginHost
import NIOCore

/// What has ended within a tunnel.
struct TunnelEnds: OptionSet {
    let rawValue: UInt8

    /// The client sends no more.
    static let clientInput = TunnelEnds(rawValue: 1)
    /// The upstream sends no more.
    static let upstreamInput = TunnelEnds(rawValue: 2)
    /// All that was for the client has left, and our end with it.
    static let clientOutput = TunnelEnds(rawValue: 4)
    /// All that was for the upstream has left, and our end with it.
    static let upstreamOutput = TunnelEnds(rawValue: 8)

    /// That end has been asked for.
    static let clientEnding = TunnelEnds(rawValue: 16)

    static let bothOutputs: TunnelEnds = [.clientOutput, .upstreamOutput]

    /// Whether a client whose connection is gone now had no more to get: a channel whose own
    /// direction has ended does not tell of the peer's end but closes.
    var isOver: Bool {
        contains(.upstreamInput) && !isDisjoint(with: [.clientInput, .clientOutput])
    }
}

/// A connection that switches to another protocol (RFC 9110 §7.8), such as WebSocket (RFC 6455).
///
/// The request passes the policies as any other. What the client sends behind it is held until the
/// upstream has switched to the very protocol that was asked for; with every other answer those
/// bytes are no request of anybody's and the connection closes. From the 101 on bytes go both ways
/// as they come, with back-pressure; the end of one direction is carried over.
extension Exchange {
    /// Notes whether the request is to be passed on with its Upgrade: GET, and one protocol, which
    /// the route allows. Otherwise it goes on without.
    func prepareUpgrade(_ head: RequestHead, _ route: Route) {
        guard !route.upgrades.isEmpty, head.method == .get, !fields.isRepeated(.upgrade) else {
            return
        }
        asksUpgrade = headBytes.withUnsafeReadableBytes { bytes in
            guard let asked = fields.value(.upgrade, in: bytes) else { return false }
            return route.upgrades.contains { Bytes.equalFolded(asked, lower: $0) }
        }
        // What follows may be the other protocol already: nobody may read it as HTTP.
        if asksUpgrade { keepsAlive = false }
    }

    /// Whether a 101 switches to the protocol that was asked for.
    func answersUpgrade(_ response: ResponseHead) -> Bool {
        guard asksUpgrade, response.upgrades, !responseFields.isRepeated(.upgrade), let route
        else { return false }
        return headBytes.withUnsafeReadableBytes { request in
            responseInput.withUnsafeReadableBytes { bytes in
                guard let asked = fields.value(.upgrade, in: request),
                    let given = responseFields.value(.upgrade, in: bytes)
                else { return false }
                return route.upgrades.contains {
                    Bytes.equalFolded(asked, lower: $0) && Bytes.equalFolded(given, lower: $0)
                }
            }
        }
    }

    // MARK: Bytes

    /// Writes the 101, and lets the bytes through.
    func openTunnel(_ response: ResponseHead, _ head: RequestHead) {
        guard let connection, let upstreamConnection else { return }
        if let status = run?.responseStatus, status >= 200 {
            reason = "a policy changed the status of a switch of protocols"
            cause = .policyFault
            return fail(502, .upstreamFailed)
        }
        var forwarding = ResponseForwarding(response, to: head, keepAlive: false)
        forwarding.forwardsUpgrade = true
        keepsAlive = false
        responsePhase = .tunnel
        worker.downstreamOut.clear()
        writeHead(response, forwarding, responseHeadBytes)
        run?.headSent(.response)
        let early = responseInput
        responseInput = worker.none
        responseBytes = UInt64(early.readableBytes)
        worker.downstreamOut.append(early)
        connection.send(worker.downstreamOut)
        guard responsePhase == .tunnel, self.connection === connection else { return }
        connection.allowHalfClosure()
        upstreamConnection.allowHalfClosure()
        upstreamConnection.setReading(connection.isWritable)
        tunnelMoved()
        connection.inputWanted()
    }

    /// Something moved: the time of silence begins anew.
    private func tunnelMoved() {
        connection?.deadlineNs = worker.after(route?.timeouts.upgradedMs ?? 0)
    }

    func tunnelToUpstream() {
        guard let connection else { return }
        let bytes = connection.takeInput()
        requestBytes &+= UInt64(bytes.readableBytes)
        tunnelMoved()
        guard let upstreamConnection else { return }
        upstreamConnection.send(bytes)
        if self.upstreamConnection === upstreamConnection, !upstreamConnection.isWritable {
            connection.setReading(false)
        }
    }

    func tunnelToClient(_ bytes: ByteBuffer) {
        guard let connection else { return }
        responseBytes &+= UInt64(bytes.readableBytes)
        tunnelMoved()
        connection.send(bytes)
        if self.connection === connection, !connection.isWritable {
            upstreamConnection?.setReading(false)
        }
    }

    // MARK: Ends

    /// The client has sent its FIN, and all before it was passed on.
    func clientInputClosed() {
        guard !tunnelEnds.contains(.clientInput) else { return }
        tunnelEnds.insert(.clientInput)
        guard let upstreamConnection else { return }
        finish(upstreamConnection, .upstreamOutput)
    }

    /// The upstream has sent its FIN.
    func tunnelInputClosed() {
        worker.touch()
        guard responsePhase == .tunnel, !tunnelEnds.contains(.upstreamInput) else { return }
        tunnelEnds.insert(.upstreamInput)
        // With both its directions ended the client's connection is gone: what is on the way to
        // the upstream goes first.
        if tunnelEnds.contains(.clientInput), !tunnelEnds.contains(.upstreamOutput) { return }
        finishClient()
    }

    private func finishClient() {
        guard !tunnelEnds.contains(.clientEnding), let connection else { return }
        tunnelEnds.insert(.clientEnding)
        finish(connection, .clientOutput)
    }

    /// The connection to the upstream is no more.
    func tunnelUpstreamGone(_ failure: UpstreamFailure) {
        guard failure == .closed || tunnelEnds.contains(.upstreamInput) else {
            reason = "the upstream's connection broke"
            cause = .upstreamTruncated
            return cut(.upstreamFailed)
        }
        tunnelEnds.formUnion([.upstreamInput, .upstreamOutput])
        finishClient()
        endTunnel()
    }

    private func finish(_ end: SocketConnection, _ what: TunnelEnds) {
        let serial = number
        end.finishOutput { [self] in
            guard isLive(serial), responsePhase == .tunnel else { return }
            worker.touch()
            tunnelEnds.insert(what)
            if tunnelEnds.contains(.upstreamInput) { finishClient() }
            endTunnel()
        }
    }

    /// Both ends have left.
    private func endTunnel() {
        guard responsePhase == .tunnel, tunnelEnds.isSuperset(of: .bothOutputs) else { return }
        leaveUpstream(isReusable: false)
        record(.complete)
        connection?.leave()
    }
}
