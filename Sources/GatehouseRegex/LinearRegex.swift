/// A regular expression whose matching time grows linearly with the input, whatever the pattern.
///
/// The syntax is that of Rust's `regex` crate and of RE2, without look-around, back references,
/// Unicode properties and class operations: each is an error with its offset. `\d`, `\w`, `\s` and
/// `\b` are of US-ASCII, as in ECMA 262. The pattern is compiled once and may be used from any
/// thread. A match visits each instruction at most once for each character, and never backtracks.
public struct LinearRegex: Sendable {
    /// The pattern as it was written.
    public let pattern: String
    let program: RegexProgram

    /// Compiles `pattern`; throws where it is malformed, unsupported, or beyond `limits`.
    public init(
        _ pattern: String, limits: RegexLimits = .standard
    ) throws(RegexError) {
        self.pattern = pattern
        var parser = try PatternParser(pattern, limits: limits)
        let tree = try parser.parse()
        var compiler = RegexCompiler(limit: limits.instructions)
        program = try compiler.compile(tree)
    }

    /// Whether the whole of `text` matches, as if the pattern stood between `\A(?:` and `)\z`.
    public func matchesWhole(_ text: String) -> Bool { matchesWhole(Array(text.utf8)) }

    /// Whether all of these bytes of UTF-8 match. A byte that is not UTF-8 matches nothing.
    public func matchesWhole(_ bytes: [UInt8]) -> Bool {
        RegexMatcher(program: program, isWhole: true).run(bytes.span).isMatch
    }

    /// Whether all of these bytes of UTF-8 match; they are borrowed for the call.
    public func matchesWhole(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.withMemoryRebound(to: UInt8.self) {
            RegexMatcher(program: program, isWhole: true).run($0.span).isMatch
        }
    }

    /// Whether some part of `text` matches: the meaning of `pattern` in JSON Schema.
    public func contains(_ text: String) -> Bool { contains(Array(text.utf8)) }

    /// Whether some part of these bytes of UTF-8 matches.
    public func contains(_ bytes: [UInt8]) -> Bool {
        RegexMatcher(program: program, isWhole: false).run(bytes.span).isMatch
    }

    /// Whether some part of these bytes of UTF-8 matches; they are borrowed for the call.
    public func contains(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.withMemoryRebound(to: UInt8.self) {
            RegexMatcher(program: program, isWhole: false).run($0.span).isMatch
        }
    }
}
