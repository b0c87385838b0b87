/// Why a pattern is refused.
public struct RegexError: Error, Sendable, Hashable {
    /// What is wrong, in a sentence without a full stop.
    public let reason: String
    /// Where, in bytes of UTF-8 from the start of the pattern.
    public let offset: Int

    /// An error with this reason at this offset.
    public init(reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

/// The bounds on a pattern, checked when it is compiled.
public struct RegexLimits: Sendable, Hashable {
    /// The longest pattern in bytes of UTF-8.
    public var patternBytes: Int
    /// The most instructions of a program: memory and the time for each character grow with it.
    public var instructions: Int
    /// The deepest nesting of groups.
    public var depth: Int
    /// The greatest number in a counted repeat, as in `a{1,1000}`.
    public var repeats: Int

    /// Limits with these values.
    public init(patternBytes: Int, instructions: Int, depth: Int, repeats: Int) {
        self.patternBytes = patternBytes
        self.instructions = instructions
        self.depth = depth
        self.repeats = repeats
    }

    /// 4096 bytes, 10,000 instructions, groups 64 deep, repeats up to 1000.
    public static let standard = RegexLimits(
        patternBytes: 4096, instructions: 10_000, depth: 64, repeats: 1000)
}
