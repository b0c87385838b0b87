import GatehouseJOSE
import GatehouseJSON

/// What one loop keeps: nothing in it is shared, so nothing in it is locked.
public final class AuthenticationLoop {
    /// What a turn of the loop may spend on signatures, in units of `VerificationKey.cost`: about
    /// five milliseconds, which is how long others wait for the loop at most. A token that is put
    /// off costs 8 us more: with 128, 64 clients with new tokens of Ed25519 paid for it.
    static let verificationCostPerTurn = 320
    /// How many tokens a millisecond of waiting is for, so that they come back one after another.
    static let deferredPerMillisecond = 16
    /// Verified tokens that are kept.
    static let tokens = 4096
    /// Nanoseconds between two demands for another key set.
    static let demandInterval: Int64 = 30_000_000_000

    var cache: TokenCache
    var refusals: RefusalCache
    /// By issuer, the main one first; `nil` until one was loaded, and when the last is too old.
    private(set) var keys: [KeySet?]
    private(set) var document: LoopNotice?
    /// The issuer's document, parsed; `nil` in direct delivery, where its bytes are relayed.
    private(set) var provider: JSONValue?
    /// The judge by the issuer's document of now; `nil`: to be made.
    var judge: TokenJudge?
    /// What was said about the token of the exchange that goes on now.
    var remote: RemoteAnswer?
    private var keysBytes: [[UInt8]?]
    private var generation: UInt64 = 0
    private var turn: Int64 = .min
    /// By issuer: when another key set was asked for last, and whether it is on its way.
    private var demands: [(last: Int64?, isOpen: Bool)]
    /// The revision of the gateway's own tokens that the entries were judged by.
    private(set) var revision: UInt64 = 0
    /// Accepted tokens that were not yet counted at the host.
    var accepted: UInt64 = 0
    /// What this turn may still spend; the last token of a turn may overdraw it.
    var budget = AuthenticationLoop.verificationCostPerTurn
    /// The tokens that this turn put off.
    private var deferred = 0
    /// The rewritten document for the issuer that was asked for last.
    var rewritten: (gateway: String, document: JSONValue)?

    /// - Parameters:
    ///   - random: 32 bytes that nobody can guess.
    ///   - issuers: of how many issuers tokens are taken.
    init(random: [UInt8], issuers: Int = 1) {
        func word(_ at: Int) -> UInt64 {
            random.dropFirst(at).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
        cache = TokenCache(capacity: Self.tokens, key: (word(0), word(8)))
        refusals = RefusalCache(key: (word(16), word(24)))
        keys = Array(repeating: nil, count: issuers)
        keysBytes = Array(repeating: nil, count: issuers)
        demands = Array(repeating: (nil, false), count: issuers)
    }

    /// A new turn may verify again.
    func begin(turn now: Int64) {
        guard now != turn else { return }
        turn = now
        budget = Self.verificationCostPerTurn
        deferred = 0
    }

    /// How many milliseconds a token waits that this turn puts off.
    func deferral() -> UInt32 {
        deferred += 1
        return UInt32(clamping: 1 + (deferred - 1) / Self.deferredPerMillisecond)
    }

    /// Whether a request may wait for another key set of an issuer: for the one that this loop asks
    /// for now, or for the one that is on its way. If the former, it counts as asked.
    func mayDemand(at now: Int64, issuer: Int = 0) -> Bool {
        guard demands.indices.contains(issuer) else { return false }
        if let last = demands[issuer].last, now >= last, now - last < Self.demandInterval {
            return demands[issuer].isOpen
        }
        demands[issuer] = (now, true)
        return true
    }

    /// Whoever waited for another key set goes on: from now on there is nothing to wait for.
    func demandAnswered(issuer: Int = 0) {
        if demands.indices.contains(issuer) { demands[issuer].isOpen = false }
    }

    /// Takes what the keeper of an issuer told.
    func take(_ notice: LoopNotice, issuer: Int = 0) {
        guard keys.indices.contains(issuer) else { return }
        switch notice {
        case .keys(let bytes):
            guard bytes != keysBytes[issuer] else { return }
            // The keeper has read it before; a set that cannot be read replaces nothing.
            guard let set = try? KeySet(parsing: bytes) else { return }
            keys[issuer] = set
            keysBytes[issuer] = bytes
            forget()
        case .noKeys:
            keys[issuer] = nil
            keysBytes[issuer] = nil
            forget()
        case .metadata(let bytes, _):
            guard issuer == 0, document != notice else { return }
            document = notice
            provider = try? JSONValue(parsing: bytes)
            rewritten = nil
            judge = nil
        case .noMetadata:
            guard issuer == 0 else { return }
            if case .metadata = document { provider = nil }
            document = notice
        }
    }

    /// Tokens of the gateway were revoked: what was remembered is void.
    func take(revision: UInt64) {
        self.revision = revision
        forget()
    }

    private func forget() {
        generation &+= 1
        cache.reset(generation: generation)
        refusals.reset()
    }
}
