import CGatehouse

/// The walk of body chunks through the policies that asked for them.
extension ExchangeRun {
    /// A part of the request's body; `isEnd` with the last one (which may be empty).
    ///
    /// Answers `.proceed`, `.absorbed`, `.proceedWhole`, `.paused` (keep the chunk), `.respond`,
    /// `.streaming` or `.fault`. The bytes are borrowed until the call returns or, after `.paused`,
    /// until the pause is over; no further chunk comes before that.
    public func requestBody(_ chunk: UnsafeRawBufferPointer, isEnd: Bool) -> Step {
        guard isLive else { return .paused }
        return walkBody(.request, from: 0, chunk, isEnd: isEnd)
    }

    /// A part of the upstream's response body; as `requestBody`.
    ///
    /// After the head has left, a `.fault` means: cut the response short.
    public func responseBody(_ chunk: UnsafeRawBufferPointer, isEnd: Bool) -> Step {
        guard isLive else { return .paused }
        return walkBody(.response, from: origin - 1, chunk, isEnd: isEnd)
    }

    /// Whether any policy reads the body of this direction; if not, bodies pass by.
    public func wantsBody(_ direction: Direction) -> Bool {
        switch direction {
        case .request:
            requestWishes.any & ran & ~done != 0
                && (source == .nowhere || stream.isStarted
                    || source == .upstream)
        case .response:
            source == .upstream && responseWishes.any & ran & ~done & outside(origin) != 0
        }
    }

    /// The whole body that a policy asked for, after `.proceedWhole`; valid until `end`.
    public func wholeBody(_ direction: Direction) -> UnsafeRawBufferPointer {
        direction == .request ? requestWhole.bytes : responseWhole.bytes
    }

    func walkBody(
        _ direction: Direction, from first: Int, _ given: UnsafeRawBufferPointer, isEnd: Bool,
        isWhole wasWhole: Bool = false
    ) -> Step {
        var chunk = given
        var isWhole = wasWhole
        var next = first
        while let place = reader(direction, from: next) {
            let wishes = direction == .request ? requestWishes : responseWishes
            if wishes.whole & bit(place) != 0, !isWhole {
                guard absorb(chunk, direction, place) else { return tooLarge(direction, place) }
                if !isEnd { return .absorbed }
                chunk = wholeBody(direction)
                isWhole = true
            }
            let canHold = wishes.observe & bit(place) == 0
            switch callBody(direction, place, chunk, isEnd: isEnd) {
            case .next: break
            case .pause where canHold:
                hold(direction, place, chunk, isEnd: isEnd, isWhole: isWhole)
                return .paused
            case .pause: return pluginFault(place, "an observer cannot pause")
            case .responded:
                return walkResponse(from: place - 1)
            case .fail(let reason): return pluginFault(place, reason)
            }
            next = direction == .request ? place + 1 : place - 1
        }
        return bodyPassed(direction, isWhole: isWhole, isEnd: isEnd)
    }

    private func bodyPassed(_ direction: Direction, isWhole: Bool, isEnd: Bool) -> Step {
        switch direction {
        case .request:
            if view.claim != nil, isEnd { return notClaimed() }
            return isWhole && view.hasBody ? .proceedWhole : .proceed
        case .response:
            guard source == .upstream else { return .respond }
            return isWhole && response.hasBody ? .proceedWhole : .proceed
        }
    }

    /// The next policy that reads this body, at or after `first` in the direction of the walk.
    private func reader(_ direction: Direction, from first: Int) -> Int? {
        switch direction {
        case .request:
            let readers = requestWishes.any & ran & ~done
            guard first < 64 else { return nil }
            let ahead = readers & ~outside(first)
            return ahead == 0 ? nil : ahead.trailingZeroBitCount
        case .response:
            let readers = responseWishes.any & ran & ~done & outside(min(origin, first + 1))
            return readers == 0 ? nil : 63 - readers.leadingZeroBitCount
        }
    }

    private func absorb(
        _ chunk: UnsafeRawBufferPointer, _ direction: Direction, _ place: Int
    ) -> Bool {
        let limit = memory.wholeMax[
            direction == .request ? place : place + Limits.policiesPerRouteMax]
        guard chunk.count <= limit - min(limit, wholeBody(direction).count) else { return false }
        if direction == .request {
            requestWhole.append(chunk)
        } else {
            responseWhole.append(chunk)
        }
        return true
    }

    private func tooLarge(_ direction: Direction, _ place: Int) -> Step {
        if direction == .response { origin = min(origin, place + 1) }
        return fault(
            .bodyTooLarge, direction == .request ? 413 : 502, place,
            "the body is larger than the policy may read whole")
    }

    private func hold(
        _ direction: Direction, _ place: Int, _ chunk: UnsafeRawBufferPointer, isEnd: Bool,
        isWhole: Bool
    ) {
        let phase = direction == .request ? GH_PHASE_REQUEST_BODY : GH_PHASE_RESPONSE_BODY
        let pause = Pause(
            policy: place, phase: UInt32(phase), chunk: chunk, isEnd: isEnd, isWhole: isWhole)
        if direction == .request { requestPause = pause } else { responsePause = pause }
    }

    private func callBody(
        _ direction: Direction, _ place: Int, _ chunk: UnsafeRawBufferPointer, isEnd: Bool
    ) -> Verdict {
        let entry = entries[place]
        let call = direction == .request ? entry.requestBody : entry.responseBody
        guard let call else { return .next }
        var bytes = gh_str(chunk)
        acting = place
        actingPhase = UInt32(
            direction == .request ? GH_PHASE_REQUEST_BODY : GH_PHASE_RESPONSE_BODY)
        hasResponded = false
        lentBody = chunk
        let action = withUnsafePointer(to: &bytes) { chunks -> gh_action in
            var body = gh_body()
            body.struct_size = UInt32(MemoryLayout<gh_body>.size)
            body.end_of_message = isEnd ? 1 : 0
            body.chunks = chunks
            body.chunk_count = chunk.isEmpty ? 0 : 1
            return call(
                entry.instance, loopState(place), handle.raw, &body, memory.states + place)
        }
        lentBody = UnsafeRawBufferPointer(start: nil, count: 0)
        acting = -1
        return verdict(action, place)
    }
}
