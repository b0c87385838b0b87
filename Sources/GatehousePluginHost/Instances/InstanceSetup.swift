/// What an instance declared in create(): open until it returns, read by chains afterwards.
struct InstanceSetup: Sendable {
    struct Claim: Sendable {
        var path: String
        var isPrefix: Bool
        var flags: UInt32
        var id: UInt32

        func claim(policy: Int, name: String) -> PolicyChain.Claim {
            PolicyChain.Claim(
                path: path, isPrefix: isPrefix, flags: flags, id: id, policy: policy,
                policyName: name)
        }
    }

    struct Note: Sendable {
        var name: String
        var isLogged: Bool
    }

    var isOpen = false
    var wantedRequest: [[UInt8]] = []
    var wantedResponse: [[UInt8]] = []
    var claims: [Claim] = []
    var notes: [Note] = []

    /// The slot of a field in a direction, taken or found; nil at the bound.
    mutating func want(_ name: [UInt8], _ direction: Direction) -> UInt32? {
        var wanted = direction == .request ? wantedRequest : wantedResponse
        let folded = name.map(FieldNames.lower)
        if let found = wanted.firstIndex(of: folded) { return UInt32(found) }
        guard wanted.count < Limits.wantedFieldsMax else { return nil }
        wanted.append(folded)
        if direction == .request { wantedRequest = wanted } else { wantedResponse = wanted }
        return UInt32(wanted.count - 1)
    }

    /// The id of a claim, from 1; nil at the bound. The same claim twice is one.
    mutating func claim(_ path: String, isPrefix: Bool, flags: UInt32) -> UInt32? {
        if let known = claims.first(where: { $0.path == path && $0.isPrefix == isPrefix }) {
            return known.id
        }
        guard claims.count < Limits.claimsPerInstanceMax else { return nil }
        let id = UInt32(claims.count + 1)
        claims.append(Claim(path: path, isPrefix: isPrefix, flags: flags, id: id))
        return id
    }

    /// The number of a note; nil at the bound.
    mutating func note(_ name: String, isLogged: Bool) -> UInt32? {
        if let known = notes.firstIndex(where: { $0.name == name }) { return UInt32(known) }
        guard notes.count < Limits.notesPerInstanceMax else { return nil }
        notes.append(Note(name: name, isLogged: isLogged))
        return UInt32(notes.count - 1)
    }
}
