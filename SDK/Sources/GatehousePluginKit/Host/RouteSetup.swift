internal import CGatehouse
public import GatehouseJSON

/// A field that an instance asked for: `head[slot]` gives its value without a search.
public struct FieldSlot: Sendable, Hashable { let index: UInt32 }

/// Fields that an instance asked for one after another: `head.hasAny(of:)` looks at all of them at
/// the cost of one.
public struct FieldSlots: Sendable, Hashable {
    let first: UInt32
    let last: UInt32

    /// The slots from the least to the greatest of these; none where there are none.
    public init(_ slots: [FieldSlot]) {
        first = slots.map(\.index).min() ?? 1
        last = slots.map(\.index).max() ?? 0
    }
}

/// A note that an instance declared.
public struct Note: Sendable, Hashable { let id: UInt32 }

/// A path that an instance claimed; `head.claim` equals it where the request came by that path.
public struct Claim: Sendable, Hashable {
    let id: UInt32

    /// Whether the request came by this path.
    public func matches(_ head: MessageHead) -> Bool { head.claimID == id }
}

/// The route of an instance. [control], while the instance is created.
public struct RouteSetup {
    let host: Host

    private var table: UnsafePointer<gh_host_route>? { host.tables.pointee.route }

    /// Asks for a field, by its name in lower case; at most 32 in a direction.
    public func wantField(
        _ name: String, _ direction: Direction = .request
    ) throws(HostError) -> FieldSlot {
        guard let want = table?.pointee.want_field else { throw .unsupported }
        var slot: UInt32 = 0
        try HostError.check(
            borrowing(name) { want(host.instance, direction.rawValue, $0, &slot) })
        return FieldSlot(index: slot)
    }

    /// Claims a further path of the route on its hosts; the upstream is never reached there.
    ///
    /// - Parameter isPrefix: whether paths below it are claimed as well.
    public func claimPath(_ path: String, isPrefix: Bool = false) throws(HostError) -> Claim {
        guard let claim = table?.pointee.claim_path else { throw .unsupported }
        var id: UInt32 = 0
        let match = isPrefix ? GH_MATCH_PREFIX : GH_MATCH_EXACT
        try HostError.check(
            borrowing(path) { claim(host.instance, UInt32(match), $0, 0, &id) })
        return Claim(id: id)
    }

    /// Declares a note, seen by later policies as `plugin/name`.
    public func declareNote(_ name: String, isLogged: Bool = false) throws(HostError) -> Note {
        guard let declare = table?.pointee.declare_note else { throw .unsupported }
        var id: UInt32 = 0
        let flags = isLogged ? UInt32(GH_NOTE_LOGGED) : 0
        try HostError.check(borrowing(name) { declare(host.instance, $0, flags, &id) })
        return Note(id: id)
    }

    /// The route: `matches`, `hosts`, `publicUrl`, `upstreams`, `siblings`, `policies`.
    public func describe() throws(HostError) -> JSONValue {
        guard let describe = table?.pointee.describe else { throw .unsupported }
        let bytes = try collecting(atMost: 1 << 20) { describe(host.instance, $0) }
        do throws(JSONError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw .internal
        }
    }
}
