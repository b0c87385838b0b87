import CGatehouse
import GatehouseHTTP

/// The walk of one exchange through its route's chain.
///
/// The proxy gets one from `LoopHost.begin`, feeds it what arrives, performs the `Step` that each
/// call answers, and gives it back with `end`. Objects come from a free list of the loop: an
/// exchange whose policies only continue allocates nothing.
///
/// Order of calls: `requestHead`, `requestBody` while `wantsBody(.request)`, then either
/// `responseHead` (an upstream's response) or `coreResponse` (the proxy's own), `responseBody`
/// while `wantsBody(.response)`, and `end` once, always. `headSent` says when a head has left.
///
/// The request walks the chain from place 0 inwards, the response outwards. `origin` is the place
/// at which the response came into being: only policies outside of it, whose request phase ran,
/// see the response. It only ever moves outwards, so a fault in a response phase ends the walk
/// after at most as many rounds as there are policies.
///
/// **Confined to:** the exchange's loop. No access to a stored struct spans a plugin's callback:
/// callbacks come back through the host tables.
public final class ExchangeRun {
    /// Where the response comes from.
    enum Source {
        case nowhere
        case upstream
        case policy
        case core
    }

    /// Which policies read the bodies of one direction, by bits of their places.
    struct BodyWishes {
        var observe: UInt64 = 0
        var stream: UInt64 = 0
        var whole: UInt64 = 0
        var any: UInt64 { observe | stream | whole }
    }

    /// A held direction: who holds it, in which phase, and the body's chunk that waits.
    struct Pause {
        var policy = -1
        var phase = UInt32(GH_PHASE_NONE)
        var chunk = UnsafeRawBufferPointer(start: nil, count: 0)
        var isEnd = false
        var isWhole = false
    }

    // MARK: The exchange

    // Safety: the loop owns its exchanges, and detaches them when it goes without a shutdown.
    unowned(unsafe) let loop: LoopHost
    /// What the proxy knows of the request.
    public internal(set) var view = ExchangeView()
    var handle = Handle(raw: 0)
    private var place = 0
    // Safety: the host keeps a chain while any exchange of it is in flight.
    private var chainReference: Unmanaged<PolicyChain>?
    private var chainIndex = 0
    var requestProgram = SlotProgram.empty
    var responseProgram = SlotProgram.empty
    var entries = UnsafeMutableBufferPointer<ChainEntry>(start: nil, count: 0)
    var owner: (any ExchangeOwner)?
    private var isEnding = false

    // MARK: The walk

    /// How far inwards the request goes: the whole chain, or up to the claimer.
    var requestEnd = 0
    var origin = 0
    var ran: UInt64 = 0
    var done: UInt64 = 0
    var requestWishes = BodyWishes()
    var responseWishes = BodyWishes()
    var requestPause = Pause()
    var responsePause = Pause()
    var operations: ContiguousArray<LoopOperation> = []
    var isRequestSent = false
    var isResponseSent = false

    // MARK: The callback that runs

    /// The place whose callback runs; -1: none.
    var acting = -1
    var actingPhase = UInt32(GH_PHASE_NONE)
    var hasResponded = false
    var lentBody = UnsafeRawBufferPointer(start: nil, count: 0)

    // MARK: The response

    var source = Source.nowhere
    var response = ResponseView(status: 0, hasBody: false, fields: HeadFields())
    var localFields: ContiguousArray<gh_field> = []
    var localBody = UnsafeRawBufferPointer(start: nil, count: 0)
    var localReason = UnsafeRawBufferPointer(start: nil, count: 0)
    var responderPlace = -1
    var stream = StreamedResponse()

    // MARK: Memory that stays with the object

    var arena = ByteArena()
    let requestEdits = EditList()
    /// What takes the place of the target's query; nil: it stays. Empty: none.
    public internal(set) var queryEdit: UnsafeRawBufferPointer?
    let responseEdits = EditList()
    var requestWhole = WholeBody()
    var responseWhole = WholeBody()
    var areRequestSlotsStale = true
    var areResponseSlotsStale = true
    let memory = RunMemory()

    init(loop: LoopHost) { self.loop = loop }

    deinit {
        arena.deallocate()
        requestWhole.reset()
        responseWhole.reset()
    }

    var chain: PolicyChain? { chainReference?.takeUnretainedValue() }
    var isLive: Bool { handle.raw != 0 && !isEnding }

    // MARK: Life

    func begin(
        handle: Handle, chain: PolicyChain, view: ExchangeView, owner: any ExchangeOwner,
        place: Int
    ) {
        self.handle = handle
        self.place = place
        self.view = view
        self.owner = owner
        chainReference = Unmanaged.passUnretained(chain)
        chainIndex = chain.index
        requestProgram = chain.requestSlots
        responseProgram = chain.responseSlots
        entries = chain.entries
        requestEnd = chain.entries.count
        if let claim = view.claim, chain.claims.indices.contains(claim) {
            requestEnd = min(requestEnd, chain.claims[claim].policy + 1)
        }
        origin = requestEnd
        memory.reserve(
            requestSlots: chain.requestSlots.slotCount,
            responseSlots: chain.responseSlots.slotCount, notes: chain.notes.count)
        memory.clear(places: chain.entries.count, notes: chain.notes.count)
    }

    func moved(to place: Int) { self.place = place }

    /// The exchange is over: `ended()` of the policies, operations die, the object is reused.
    ///
    /// Exactly once; the reference must not be used afterwards. Not inside a callback of the
    /// owner that a policy's call led to (`exchange(_:write:)`): there it takes effect later.
    public func end(_ reason: EndReason) {
        guard isLive else { return }
        guard acting < 0 else {
            let handle = self.handle
            let end: @Sendable (LoopHost) -> Void = { loop in loop.run(handle)?.end(reason) }
            _ = loop.mailbox.post(.task(end), isBounded: false)
            return
        }
        isEnding = true
        while let operation = operations.last { loop.endOperation(operation) }
        tellEnded(reason)
        let handle = self.handle
        reset()
        loop.ended(self, handle: handle, place: place, chain: chainIndex)
    }

    /// The loop goes without a shutdown: the exchange is over, nobody is told.
    func detach() { handle = Handle(raw: 0) }

    private func tellEnded(_ reason: EndReason) {
        for place in entries.indices.reversed() where ran & bit(place) != 0 {
            let state = memory.states[place]
            memory.states[place] = nil
            guard done & bit(place) == 0 || state != nil, let call = entries[place].ended else {
                continue
            }
            call(
                entries[place].instance, loopState(place), handle.raw, reason.rawValue, state)
        }
    }

    private func reset() {
        handle = Handle(raw: 0)
        chainReference = nil
        entries = UnsafeMutableBufferPointer(start: nil, count: 0)
        owner = nil
        view = ExchangeView()
        ran = 0
        done = 0
        requestWishes = BodyWishes()
        responseWishes = BodyWishes()
        requestPause = Pause()
        responsePause = Pause()
        isRequestSent = false
        isResponseSent = false
        isEnding = false
        source = .nowhere
        response = ResponseView(status: 0, hasBody: false, fields: HeadFields())
        localFields.removeAll(keepingCapacity: true)
        localBody = UnsafeRawBufferPointer(start: nil, count: 0)
        localReason = localBody
        responderPlace = -1
        stream = StreamedResponse()
        arena.reset()
        requestEdits.reset()
        queryEdit = nil
        responseEdits.reset()
        requestWhole.reset()
        responseWhole.reset()
        areRequestSlotsStale = true
        areResponseSlotsStale = true
    }

    // MARK: Small things

    @inline(__always)
    func bit(_ place: Int) -> UInt64 { 1 << UInt64(place & 63) }

    @inline(__always)
    func loopState(_ place: Int) -> UnsafeMutableRawPointer? {
        let index = entries[place].loopIndex
        return index < 0 ? nil : loop.states[index].pointer
    }

    func forget(_ operation: LoopOperation) {
        if let at = operations.firstIndex(where: { $0 === operation }) {
            operations.remove(at: at)
        }
    }

    func fault(_ kind: Fault.Kind, _ status: UInt32, _ place: Int, _ reason: String) -> Step {
        .fault(
            Fault(
                kind: kind, status: status, policy: chain?.name(at: place) ?? "",
                reason: reason))
    }

    /// The plugin broke the contract or could not decide: the exchange fails closed with 500.
    func pluginFault(_ place: Int, _ reason: String) -> Step {
        origin = min(origin, place)
        countFault(place)
        return fault(.plugin, 500, place, reason)
    }

    func countFault(_ place: Int) {
        guard let chain, chain.members.indices.contains(place) else { return }
        if case .instance(let instance) = chain.members[place] { instance.countFault() }
    }
}

extension LoopHost {
    /// The live exchange of a handle. **Thread:** the loop.
    func run(_ handle: Handle) -> ExchangeRun? {
        guard let found = domain.slots.find(.exchange, handle) else { return nil }
        return unsafeDowncast(found.takeUnretainedValue(), to: ExchangeRun.self)
    }
}

/// The raw arrays of a pooled exchange, by place in the chain.
final class RunMemory {
    /// The policies' own pointers.
    let states: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    /// The bits of `gh_head.repeated`.
    let requestRepeated: UnsafeMutablePointer<UInt32>
    let responseRepeated: UnsafeMutablePointer<UInt32>
    /// How much of a body a policy reads whole, bytes; request, then response.
    let wholeMax: UnsafeMutablePointer<Int>
    private(set) var requestSlots: UnsafeMutablePointer<gh_str>
    private(set) var responseSlots: UnsafeMutablePointer<gh_str>
    private(set) var notes: UnsafeMutablePointer<gh_str>
    private var requestCapacity = 0
    private var responseCapacity = 0
    private var noteCapacity = 0

    init() {
        let places = Limits.policiesPerRouteMax
        states = .allocate(capacity: places)
        states.initialize(repeating: nil, count: places)
        requestRepeated = .allocate(capacity: places)
        requestRepeated.initialize(repeating: 0, count: places)
        responseRepeated = .allocate(capacity: places)
        responseRepeated.initialize(repeating: 0, count: places)
        wholeMax = .allocate(capacity: 2 * places)
        wholeMax.initialize(repeating: 0, count: 2 * places)
        requestSlots = .allocate(capacity: 0)
        responseSlots = .allocate(capacity: 0)
        notes = .allocate(capacity: 0)
    }

    deinit {
        states.deallocate()
        requestRepeated.deallocate()
        responseRepeated.deallocate()
        wholeMax.deallocate()
        requestSlots.deallocate()
        responseSlots.deallocate()
        notes.deallocate()
    }

    /// Makes room for a chain; grows once, then stays.
    func reserve(requestSlots request: Int, responseSlots response: Int, notes count: Int) {
        if request > requestCapacity {
            requestSlots.deallocate()
            requestSlots = RunMemory.slots(request)
            requestCapacity = request
        }
        if response > responseCapacity {
            responseSlots.deallocate()
            responseSlots = RunMemory.slots(response)
            responseCapacity = response
        }
        if count > noteCapacity {
            notes.deallocate()
            notes = RunMemory.slots(count)
            noteCapacity = count
        }
    }

    func clear(places: Int, notes count: Int) {
        for place in 0..<places { states[place] = nil }
        for note in 0..<count { notes[note] = gh_str(ptr: nil, len: 0) }
    }

    private static func slots(_ count: Int) -> UnsafeMutablePointer<gh_str> {
        let slots = UnsafeMutablePointer<gh_str>.allocate(capacity: count)
        slots.initialize(repeating: gh_str(ptr: nil, len: 0), count: count)
        return slots
    }
}
