import CGatehouse

/// One place of a chain as the hot path reads it: function pointers and indices, no objects.
struct ChainEntry {
    typealias HeadCall =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, gh_exchange,
            UnsafePointer<gh_head>?,
            UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> gh_action
    typealias BodyCall =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, gh_exchange,
            UnsafePointer<gh_body>?,
            UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> gh_action
    typealias ResumedCall =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, gh_exchange, UInt64,
            UnsafePointer<gh_result>?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> gh_action
    typealias EndedCall =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, gh_exchange, UInt32,
            UnsafeMutableRawPointer?
        ) -> Void

    /// The plugin's pointer; nil for a stand-in.
    var instance: UnsafeMutableRawPointer?
    /// Where the loop keeps this instance's state; -1: a stand-in.
    var loopIndex = -1
    var isBackend = false
    var requestHead: HeadCall?
    var requestBody: BodyCall?
    var responseHead: HeadCall?
    var responseBody: BodyCall?
    var resumed: ResumedCall?
    var ended: EndedCall?
    var requestSlots = 0
    var requestSlotCount: UInt32 = 0
    var responseSlots = 0
    var responseSlotCount: UInt32 = 0
    var firstNote = 0
    var noteCount = 0
    /// The instance's handle, by which it names itself in calls.
    var handle: UInt64 = 0
}

/// The policies of one route, outermost first, as a flat array of function pointers.
///
/// **Immutable**, any thread. The host keeps it until it is retired; exchanges in flight count it
/// per loop, so the hot path touches no reference count.
public final class PolicyChain: @unchecked Sendable {
    // Safety: everything is written in `init`.

    /// One place of a chain.
    public enum Member: Sendable {
        /// A policy or backend that works.
        case instance(PluginInstance)
        /// A policy that is missing or faulty: the chain fails at its place with 503.
        case standIn(name: String, orderClass: OrderClass, reason: String)

        var orderClass: OrderClass {
            switch self {
            case .instance(let instance): instance.functions.orderClass
            case .standIn(_, let orderClass, _): orderClass
            }
        }
    }

    /// A path that a policy claimed for this route.
    public struct Claim: Sendable, Hashable {
        /// The path, or its prefix.
        public var path: String
        /// Whether `path` is a prefix (of whole segments) and not the exact path.
        public var isPrefix: Bool
        /// The flags of claim_path.
        public var flags: UInt32
        /// The id that the claimer knows it by.
        public var id: UInt32
        /// The claimer's place in the chain.
        public var policy: Int
        /// The claimer's name.
        public var policyName: String
    }

    /// A note that a policy of the chain may set.
    struct Note: Sendable {
        var policy: String
        var name: String
        var isLogged: Bool
    }

    /// The claims of all policies of the route, for the router.
    public let claims: [Claim]
    /// The names of the stand-ins, for the message at the start.
    public let standIns: [String]
    /// Whether the chain ends in a backend instead of an upstream.
    public let endsInBackend: Bool
    /// The instances, outermost first.
    public let instances: [PluginInstance]

    let entries: UnsafeMutableBufferPointer<ChainEntry>
    let requestSlots: SlotProgram
    let responseSlots: SlotProgram
    let notes: [Note]
    let members: [Member]
    let index: Int

    /// Sorts by order class, keeping the configured order within a class, and flattens.
    /// - Throws: when a route has more than `Limits.policiesPerRouteMax` policies.
    public init(host: PluginHost, members unsorted: [Member]) throws(PluginHostError) {
        guard unsorted.count <= Limits.policiesPerRouteMax else {
            throw PluginHostError(
                description: "a route has at most \(Limits.policiesPerRouteMax) policies")
        }
        let members = PolicyChain.sorted(unsorted)
        self.members = members
        var instances: [PluginInstance] = []
        var standIns: [String] = []
        var claims: [Claim] = []
        var notes: [Note] = []
        var layout = Layout()
        entries = .allocate(capacity: members.count)
        for (place, member) in members.enumerated() {
            var entry = ChainEntry()
            switch member {
            case .standIn(let name, _, _):
                standIns.append(name)
                layout.add(nil)
            case .instance(let instance):
                instances.append(instance)
                let setup = instance.setup
                claims += setup.claims.map { $0.claim(policy: place, name: instance.name) }
                entry = ChainEntry(instance, setup, layout, firstNote: notes.count)
                layout.add(setup)
                notes += setup.notes.map {
                    Note(policy: instance.name, name: $0.name, isLogged: $0.isLogged)
                }
            }
            entries.initializeElement(at: place, to: entry)
        }
        self.instances = instances
        self.standIns = standIns
        self.claims = claims
        self.notes = notes
        endsInBackend = members.last?.orderClass == .backend
        requestSlots = SlotProgram(wanted: layout.request)
        responseSlots = SlotProgram(wanted: layout.response)
        index = host.takeChainIndex()
        host.keep(self)
    }

    deinit {
        entries.deallocate()
        requestSlots.deallocate()
        responseSlots.deallocate()
    }

    /// Cors, authentication, everything else, the backend; the given order within a class.
    static func sorted(_ members: [Member]) -> [Member] {
        members.enumerated().sorted { a, b in
            a.element.orderClass == b.element.orderClass
                ? a.offset < b.offset : a.element.orderClass < b.element.orderClass
        }.map(\.element)
    }

    /// The name of a place, for log and messages.
    func name(at place: Int) -> String {
        guard members.indices.contains(place) else { return "" }
        switch members[place] {
        case .instance(let instance): return instance.name
        case .standIn(let name, _, _): return name
        }
    }

    /// The wanted fields of the places so far.
    struct Layout {
        var request: [[[UInt8]]] = []
        var response: [[[UInt8]]] = []
        var requestCount: Int { request.reduce(0) { $0 + $1.count } }
        var responseCount: Int { response.reduce(0) { $0 + $1.count } }

        mutating func add(_ setup: InstanceSetup?) {
            request.append(setup?.wantedRequest ?? [])
            response.append(setup?.wantedResponse ?? [])
        }
    }
}

extension ChainEntry {
    init(
        _ instance: PluginInstance, _ setup: InstanceSetup, _ layout: PolicyChain.Layout,
        firstNote: Int
    ) {
        self.instance = instance.pointer
        loopIndex = instance.index
        isBackend = instance.functions.kind == .backend
        handle = instance.handle.raw
        requestSlots = layout.requestCount
        requestSlotCount = UInt32(setup.wantedRequest.count)
        responseSlots = layout.responseCount
        responseSlotCount = UInt32(setup.wantedResponse.count)
        self.firstNote = firstNote
        noteCount = setup.notes.count
        guard let table = instance.functions.policy?.pointee else { return }
        requestHead = table.request_head
        requestBody = table.request_body
        responseHead = table.response_head
        responseBody = table.response_body
        resumed = table.resumed
        ended = table.ended
    }
}
