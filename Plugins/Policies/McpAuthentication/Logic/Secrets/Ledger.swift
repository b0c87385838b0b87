import Synchronization

/// What a process knows about sealed texts beyond what is in them: which were used, the newest
/// refresh token of each authorization, which tokens were revoked (docs/adr/0007).
///
/// One for each process, shared by all instances and loops. [any]; under a lock that is held for
/// microseconds, and that the OAuth endpoints alone take: the way of a request reads ``revision``,
/// which is one atomic load. Bounded: beyond ``bound`` entries of a kind, the one that expires
/// first is forgotten. Identifiers are random or hashes. Times are seconds since 1970.
///
/// Across processes nothing is shared: there, lives bound what is exact here.
final class Ledger: Sendable {
    /// The process's ledger.
    static let shared = Ledger()

    /// Entries of each kind.
    static let bound = 100_000

    private struct State {
        /// False: nothing came of it.
        var used: ExpiringTable<Bool>
        var revoked: ExpiringTable<Void>
        var families: RefreshFamilies
    }

    private let state: Mutex<State>
    private let revisions = Atomic<UInt64>(0)

    init(bound: Int = Ledger.bound) {
        state = Mutex(
            State(
                used: ExpiringTable(bound: bound), revoked: ExpiringTable(bound: bound),
                families: RefreshFamilies(bound: bound)))
    }

    /// Grows with everything that is revoked, once: who knows it by its former value asks again.
    /// [any], lock-free.
    var revision: UInt64 { revisions.load(ordering: .acquiring) }

    // MARK: Single use

    /// Whether this is the first use of what is good until `until`; one of any number of
    /// concurrent calls gets true.
    func use(_ id: [UInt8], until: Int64, now: Int64) -> Bool {
        state.withLock { state in
            guard state.used.value(id, now: now) == nil else { return false }
            state.used.set(id, true, until: until, now: now)
            return true
        }
    }

    /// Notes that nothing came of a use: no token exists that a second use would give reason to
    /// revoke.
    func waste(_ id: [UInt8], until: Int64, now: Int64) {
        state.withLock { $0.used.set(id, false, until: until, now: now) }
    }

    /// Whether something came of what was used, or still may.
    func isFruitful(_ id: [UInt8], now: Int64) -> Bool {
        state.withLock { $0.used.value(id, now: now) ?? true }
    }

    /// Takes a use back: what was used for could not be done, and may be tried again.
    func release(_ id: [UInt8]) {
        state.withLock { $0.used.remove(id) }
    }

    // MARK: Refresh tokens

    /// A client presents a refresh token; a reuse that is found revokes the family.
    func beginRefresh(
        _ family: [UInt8], generation: Int64, until: Int64, now: Int64
    ) -> RefreshStart {
        let start = state.withLock {
            $0.families.begin(family, generation: generation, until: until, now: now)
        }
        if start == .reused { revisions.add(1, ordering: .releasing) }
        return start
    }

    /// The end of what ``beginRefresh(_:generation:until:now:)`` let proceed; without an answer
    /// the token that was presented stays good.
    func endRefresh(
        _ family: [UInt8], generation: Int64, answer: [UInt8]?, until: Int64, now: Int64
    ) {
        state.withLock {
            $0.families.end(
                family, generation: generation, answer: answer, until: until, now: now)
        }
    }

    // MARK: Revocation

    /// Revokes the refresh tokens of a family and the access tokens that name it.
    func revokeFamily(_ family: [UInt8], until: Int64, now: Int64) {
        let isNew = state.withLock { state in
            let wasRevoked = state.families.isRevoked(family, now: now)
            state.families.revoke(family, until: until, now: now)
            return !wasRevoked
        }
        if isNew { revisions.add(1, ordering: .releasing) }
    }

    /// Revokes one token.
    func revoke(_ id: [UInt8], until: Int64, now: Int64) {
        let isNew = state.withLock { state in
            let wasRevoked = state.revoked.value(id, now: now) != nil
            state.revoked.set(id, (), until: until, now: now)
            return !wasRevoked
        }
        if isNew { revisions.add(1, ordering: .releasing) }
    }

    /// Whether the token, or the family that it belongs to, was revoked.
    func isRevoked(_ id: [UInt8], family: [UInt8]?, now: Int64) -> Bool {
        state.withLock { state in
            state.revoked.value(id, now: now) != nil
                || family.map { state.families.isRevoked($0, now: now) } ?? false
        }
    }
}
