import CGatehouse
import GatehouseHTTP

/// The walk of the heads: inwards for the request, outwards for the response.
extension ExchangeRun {
    /// What a callback's answer means, after the contract was checked.
    enum Verdict {
        case next
        case pause
        case responded
        case fail(String)
    }

    /// The request's head is complete: runs the request phase of the policies.
    ///
    /// Answers `.proceed`, `.awaitBody`, `.paused`, `.respond`, `.streaming` or `.fault`.
    public func requestHead() -> Step {
        guard isLive else { return .paused }
        return walkRequest(from: 0)
    }

    /// The upstream's final response head is complete: runs the response phases, inside out.
    ///
    /// Answers `.proceed`, `.awaitBody`, `.paused`, `.respond`, `.streaming` or `.fault`.
    public func responseHead(_ response: ResponseView) -> Step {
        guard isLive else { return .paused }
        self.response = response
        source = .upstream
        origin = requestEnd
        startResponse()
        return walkResponse(from: origin - 1)
    }

    /// The proxy answers by itself: a fault, a claim's 404, 413, 502, 503, 504.
    ///
    /// Runs the response phases of the policies that ran and stand outside the response's origin.
    /// Values and body are copied. Answers `.respond`, `.streaming`, `.paused` or `.fault`.
    public func coreResponse(
        status: UInt32, fields: [(name: StaticString, value: String)], body: [UInt8]
    ) -> Step {
        guard isLive else { return .paused }
        abandonPauses()
        source = .core
        responderPlace = -1
        stream = StreamedResponse()
        startResponse()
        localFields.removeAll(keepingCapacity: true)
        for field in fields {
            let name = UnsafeRawBufferPointer(
                start: field.name.utf8Start, count: field.name.utf8CodeUnitCount)
            lending(field.value) { value in
                if let copy = arena.copy(value.bytes) {
                    localFields.append(gh_field(name: gh_str(name), value: gh_str(copy)))
                }
            }
        }
        localBody = body.withUnsafeBytes { arena.copy($0) } ?? SlotProgram.emptyBytes
        localReason = UnsafeRawBufferPointer(start: nil, count: 0)
        response = ResponseView(
            status: status, hasBody: !body.isEmpty, fields: HeadFields())
        return walkResponse(from: origin - 1)
    }

    /// A new response head: what was edited in an earlier one is gone.
    func startResponse() {
        responseEdits.reset()
        areResponseSlotsStale = true
    }

    // MARK: Inwards

    func walkRequest(from first: Int) -> Step {
        var place = first
        while place < requestEnd {
            let loopIndex = entries[place].loopIndex
            guard loopIndex >= 0, loop.states[loopIndex].isStarted else {
                origin = place
                return fault(.standIn, 503, place, "the plugin is missing or not usable")
            }
            ran |= bit(place)
            if let call = entries[place].requestHead {
                switch callHead(place, UInt32(GH_PHASE_REQUEST_HEAD), call) {
                case .next: break
                case .pause:
                    requestPause = Pause(policy: place, phase: UInt32(GH_PHASE_REQUEST_HEAD))
                    return .paused
                case .responded: return walkResponse(from: place - 1)
                case .fail(let reason): return pluginFault(place, reason)
                }
            }
            if entries[place].isBackend {
                return pluginFault(place, "a backend has to answer, it did not")
            }
            place += 1
        }
        return requestPassed()
    }

    /// Every policy has let the request's head pass.
    private func requestPassed() -> Step {
        // A claimer that reads the whole body answers when it has come.
        if view.claim != nil, requestWishes.whole & ran & ~done & bit(requestEnd - 1) == 0 {
            return notClaimed()
        }
        guard requestWishes.any & ran & ~done != 0 else { return .proceed }
        guard view.hasBody else {
            return walkBody(.request, from: 0, SlotProgram.emptyBytes, isEnd: true)
        }
        return requestWishes.whole & ran & ~done != 0 ? .awaitBody : .proceed
    }

    /// Nobody answered on a claimed path, which never reaches the upstream.
    func notClaimed() -> Step {
        fault(.notClaimed, 404, requestEnd - 1, "the claimer let its path pass")
    }

    // MARK: Outwards

    func walkResponse(from first: Int) -> Step {
        var place = first
        while place >= 0 {
            if ran & ~done & bit(place) != 0, let call = entries[place].responseHead {
                switch callHead(place, UInt32(GH_PHASE_RESPONSE_HEAD), call) {
                case .next: break
                case .pause:
                    responsePause = Pause(policy: place, phase: UInt32(GH_PHASE_RESPONSE_HEAD))
                    return .paused
                case .responded: break
                case .fail(let reason): return pluginFault(place, reason)
                }
            }
            place -= 1
        }
        return responsePassed()
    }

    /// Every policy outside the origin has seen the response's head.
    private func responsePassed() -> Step {
        if stream.isStarted { return .streaming }
        let wishes = responseWishes.any & ran & ~done & outside(origin)
        guard source == .upstream else {
            guard wishes != 0 else { return .respond }
            return walkBody(.response, from: origin - 1, localBody, isEnd: true)
        }
        guard wishes != 0 else { return .proceed }
        guard response.hasBody else {
            return walkBody(.response, from: origin - 1, SlotProgram.emptyBytes, isEnd: true)
        }
        return responseWishes.whole & wishes != 0 ? .awaitBody : .proceed
    }

    /// The bits of the places outside of one.
    @inline(__always)
    func outside(_ place: Int) -> UInt64 {
        place <= 0 ? 0 : place >= 64 ? .max : (1 << UInt64(place)) - 1
    }

    // MARK: One callback

    @inline(__always)
    private func callHead(
        _ place: Int, _ phase: UInt32, _ call: ChainEntry.HeadCall
    ) -> Verdict {
        let entry = entries[place]
        var head = gh_head()
        head.struct_size = UInt32(MemoryLayout<gh_head>.size)
        head.method = view.methodID
        head.unix_ns = loop.services.unixNs
        head.claim = claim(for: place)
        if phase == GH_PHASE_REQUEST_HEAD {
            head.flags = view.hasBody ? 0 : UInt32(GH_HEAD_NO_BODY)
            if areRequestSlotsStale, entry.requestSlotCount > 0 { fillRequestSlots() }
            head.slots = UnsafePointer(memory.requestSlots + entry.requestSlots)
            head.slot_count = entry.requestSlotCount
            head.repeated = memory.requestRepeated[place]
        } else {
            head.flags = responseFlags
            head.status = response.status
            if areResponseSlotsStale, entry.responseSlotCount > 0 { fillResponseSlots() }
            head.slots = UnsafePointer(memory.responseSlots + entry.responseSlots)
            head.slot_count = entry.responseSlotCount
            head.repeated = memory.responseRepeated[place]
        }
        acting = place
        actingPhase = phase
        hasResponded = false
        let action = call(
            entry.instance, loopState(place), handle.raw, &head, memory.states + place)
        acting = -1
        return verdict(action, place)
    }

    private var responseFlags: UInt32 {
        var flags = response.hasBody || stream.isStarted ? 0 : UInt32(GH_HEAD_NO_BODY)
        if source == .policy { flags |= UInt32(GH_HEAD_BY_POLICY) }
        if source == .core { flags |= UInt32(GH_HEAD_BY_CORE) }
        return flags
    }

    /// The claim as a policy sees it: its own id, or "somebody else's".
    private func claim(for place: Int) -> UInt32 {
        guard let index = view.claim, let chain, chain.claims.indices.contains(index) else {
            return 0
        }
        let claim = chain.claims[index]
        return claim.policy == place ? claim.id : UInt32.max
    }

    /// Checks an answer against the contract.
    func verdict(_ action: gh_action, _ place: Int) -> Verdict {
        switch Int(action) {
        case GH_CONTINUE, GH_DONE:
            if hasResponded { return .fail("it responded and did not say so") }
            if action == GH_DONE { done |= bit(place) }
            return .next
        case GH_PAUSE:
            if hasResponded { return .fail("it responded and paused") }
            if requestPause.policy == place || responsePause.policy == place {
                return .fail("it paused a second time")
            }
            return carriesPause(place) ? .pause : .fail("it paused without a live operation")
        case GH_RESPONDED:
            return hasResponded ? .responded : .fail("it said that it responded, and did not")
        case GH_FAIL: return .fail("it could not decide")
        case GH_FINISH: return .fail("it finished a response outside of resumed(), or in a pause")
        default: return .fail("it answered \(action), which is no action")
        }
    }

    /// Whether an operation of this policy with a deadline is live.
    func carriesPause(_ place: Int) -> Bool {
        operations.contains { $0.policy == place && $0.kind != .channel }
    }
}
