/// What a pattern says, before it becomes instructions.
indirect enum PatternTree: Sendable {
    case empty
    case set(ScalarSet)
    case assertion(RegexAssertion)
    case sequence([PatternTree])
    case choice([PatternTree])
    /// `most` is nil for an open repeat.
    case repeated(PatternTree, least: Int, most: Int?)
}

/// A condition on the place between two characters.
enum RegexAssertion: Sendable {
    case textStart
    case textEnd
    case lineStart
    case lineEnd
    case wordBoundary
    case notWordBoundary
}

/// The flags of `(?ims)`.
struct PatternFlags: Sendable {
    var ignoresCase = false
    var isMultiLine = false
    var dotTakesNewline = false
    var ignoresSpace = false
}
