/// What becomes of a refresh token that a client presents.
enum RefreshStart: Sendable, Equatable {
    /// It is to be redeemed; the new token has this generation.
    case proceed(generation: Int64)
    /// The same token is being redeemed at this moment.
    case wait
    /// It was redeemed a moment ago, and this was the answer: the client may not have seen it.
    case answered([UInt8])
    /// It was redeemed long ago: somebody else has it, and the family is revoked now.
    case reused
    /// The family was revoked before.
    case revoked
}

/// The refresh tokens of one authorization, each the successor of the one before: the newest
/// generation of each family, and the detection of reuse (OAuth 2.1 §4.3.1, G83).
///
/// A client whose answer was lost repeats its request: for ``grace`` seconds the generation before
/// the newest gets the same answer again. After that it is a theft, and the family ends. A family
/// that is not known here was rotated by another process, or by one before: it is taken as it says.
/// Times are seconds since 1970.
struct RefreshFamilies {
    private struct Family {
        /// The generation of the newest token, redeemed or not.
        var newest: Int64
        /// When the newest token was made; `nil` where that was not here.
        var made: Int64?
        /// Until when the newest token counts as being redeemed.
        var busyUntil: Int64 = .min
        var isRevoked = false
        /// When the family itself expires.
        var until: Int64
    }

    /// Seconds for which an answer is repeated.
    static let grace: Int64 = 10
    /// Seconds after which a redemption that never ended counts as ended.
    static let redemption: Int64 = 60

    private var families: ExpiringTable<Family>
    private var answers: ExpiringTable<[UInt8]>

    /// - Parameter bound: families at most; answers at most a hundredth of it, at least 16.
    init(bound: Int) {
        families = ExpiringTable(bound: bound)
        answers = ExpiringTable(bound: max(16, bound / 100))
    }

    /// A client presents the token of that generation, good until `until`.
    mutating func begin(
        _ id: [UInt8], generation: Int64, until: Int64, now: Int64
    ) -> RefreshStart {
        var family =
            families.value(id, now: now) ?? Family(newest: generation, until: until)
        if family.isRevoked { return .revoked }
        family.until = max(family.until, until)
        if generation > family.newest {
            // Another process rotated it meanwhile.
            family = Family(newest: generation, until: family.until)
        }
        if generation == family.newest {
            guard now >= family.busyUntil else { return .wait }
            family.busyUntil = now + Self.redemption
            set(id, family, now: now)
            return .proceed(generation: generation + 1)
        }
        if generation == family.newest - 1, let made = family.made, now < made + Self.grace {
            if let answer = answers.value(id, now: now) { return .answered(answer) }
            return .proceed(generation: family.newest)
        }
        family.isRevoked = true
        set(id, family, now: now)
        return .reused
    }

    /// A redemption ended: with a new token of `generation` in `answer`, good until `until`; or
    /// without one, and then the token that was presented stays good.
    mutating func end(
        _ id: [UInt8], generation: Int64, answer: [UInt8]?, until: Int64, now: Int64
    ) {
        guard var family = families.value(id, now: now), !family.isRevoked else { return }
        family.busyUntil = .min
        if let answer, generation >= family.newest {
            if generation > family.newest { family.made = now }
            family.newest = generation
            family.until = max(family.until, until)
            answers.set(id, answer, until: now + Self.grace, now: now)
        }
        set(id, family, now: now)
    }

    /// Ends a family.
    mutating func revoke(_ id: [UInt8], until: Int64, now: Int64) {
        var family = families.value(id, now: now) ?? Family(newest: 0, until: until)
        family.isRevoked = true
        family.until = max(family.until, until)
        answers.remove(id)
        set(id, family, now: now)
    }

    /// Whether a family was ended.
    func isRevoked(_ id: [UInt8], now: Int64) -> Bool {
        families.value(id, now: now)?.isRevoked ?? false
    }

    private mutating func set(_ id: [UInt8], _ family: Family, now: Int64) {
        families.set(id, family, until: family.until, now: now)
    }
}
