import CGatehouse

/// Pauses and what ends them.
extension ExchangeRun {
    /// An operation of a policy is over, a channel was rung, or a stream can be written again.
    func resume(policy place: Int, token: UInt64, _ outcome: OperationOutcome) {
        guard isLive, acting < 0, entries.indices.contains(place) else { return }
        let direction = pausedDirection(place)
        let pause = direction.map { $0 == .request ? requestPause : responsePause }
        guard let call = entries[place].resumed else {
            if let direction { leave(direction, pluginFault(place, "it cannot be resumed")) }
            return
        }
        acting = place
        actingPhase = pause?.phase ?? UInt32(GH_PHASE_NONE)
        hasResponded = false
        let entry = entries[place]
        let action = outcome.lend(phase: actingPhase) { result in
            call(
                entry.instance, loopState(place), handle.raw, token, result,
                memory.states + place)
        }
        acting = -1
        if let direction, let pause {
            continuePaused(action, place, direction, pause)
        } else {
            afterFree(action, place)
        }
    }

    private func pausedDirection(_ place: Int) -> Direction? {
        if requestPause.policy == place { return .request }
        if responsePause.policy == place { return .response }
        return nil
    }

    private func continuePaused(
        _ action: gh_action, _ place: Int, _ direction: Direction, _ pause: Pause
    ) {
        if action == GH_PAUSE, !hasResponded, carriesPause(place) { return }
        if direction == .request { requestPause = Pause() } else { responsePause = Pause() }
        switch verdict(action, place) {
        case .next: leave(direction, continueWalk(pause))
        case .pause: leave(direction, pluginFault(place, "it paused without a live operation"))
        case .responded: leave(direction, walkResponse(from: place - 1))
        case .fail(let reason): leave(direction, pluginFault(place, reason))
        }
    }

    private func continueWalk(_ pause: Pause) -> Step {
        switch Int(pause.phase) {
        case GH_PHASE_REQUEST_HEAD: walkRequestAfter(pause.policy)
        case GH_PHASE_REQUEST_BODY:
            walkBody(
                .request, from: pause.policy + 1, pause.chunk, isEnd: pause.isEnd,
                isWhole: pause.isWhole)
        case GH_PHASE_RESPONSE_HEAD: walkResponse(from: pause.policy - 1)
        default:
            walkBody(
                .response, from: pause.policy - 1, pause.chunk, isEnd: pause.isEnd,
                isWhole: pause.isWhole)
        }
    }

    private func walkRequestAfter(_ place: Int) -> Step {
        if entries[place].isBackend {
            return pluginFault(place, "a backend has to answer, it did not")
        }
        return walkRequest(from: place + 1)
    }

    /// Hands the step of a resumed direction to the proxy, unless the walk paused again.
    private func leave(_ direction: Direction, _ step: Step) {
        guard step != .paused, let owner else { return }
        owner.exchange(self, resumed: direction, with: step)
    }

    /// Outside a pause a policy may only go on, leave, finish the response, or give up.
    private func afterFree(_ action: gh_action, _ place: Int) {
        var fault = Fault(
            kind: .plugin, status: 500, policy: chain?.name(at: place) ?? "",
            reason: "outside a pause it can only continue, finish or fail")
        switch Int(action) {
        case GH_CONTINUE where !hasResponded: return
        case GH_DONE where !hasResponded:
            let reading = requestWishes.whole | responseWishes.whole
            if reading & bit(place) == 0 { done |= bit(place) }
            return
        case GH_FINISH where !hasResponded:
            fault.kind = .finished
            fault.status = 503
            fault.reason = "it finished the response"
        case GH_FAIL: fault.reason = "it gave the exchange up"
        default: break
        }
        origin = min(origin, place)
        if fault.kind == .plugin { countFault(place) }
        owner?.exchangeFailed(self, with: fault)
    }

    /// The core answers: who is still being waited for is not waited for any more.
    func abandonPauses() {
        let held = [requestPause.policy, responsePause.policy]
        if responsePause.policy >= 0 { origin = min(origin, responsePause.policy) }
        requestPause = Pause()
        responsePause = Pause()
        for operation in operations.reversed() where held.contains(operation.policy) {
            loop.endOperation(operation)
        }
    }

    /// The streamed response can be written again.
    ///
    /// Called whenever the connection becomes writable; a policy hears of it only where one of its
    /// writes was refused.
    public func writable() {
        guard isLive, stream.owesWake, responderPlace >= 0 else { return }
        stream.owesWake = false
        resume(
            policy: responderPlace, token: stream.writableToken,
            OperationOutcome(status: gh_status(GH_OK)))
    }

    /// What a streamed response wrote before its head could leave, and whether it has finished.
    ///
    /// Called once after `.streaming`, when the head was written: from now on bytes come by
    /// `ExchangeOwner.exchange(_:write:)`.
    public func takeBacklog() -> (bytes: [UInt8], isFinished: Bool) {
        stream.isFlowing = true
        defer { stream.backlog = [] }
        return (stream.backlog, stream.isFinished)
    }
}
