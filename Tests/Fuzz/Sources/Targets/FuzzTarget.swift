/// A reader of bytes that others write, and what must hold for every input.
///
/// That nothing traps, nothing is read out of bounds and nothing runs for long is checked by the
/// fuzzer and its sanitizers; a target states what else must hold.
struct FuzzTarget: Sendable {
    /// The name on the command line, and of the folder of its corpus.
    let name: String
    /// The longest input in bytes that is worth trying.
    let longest: Int
    /// Throws `Broken` where an invariant does not hold; the bytes are borrowed for the call.
    let check: @Sendable (UnsafeRawBufferPointer) throws -> Void

    /// Every target, in the order of the table that scripts/fuzz prints.
    static let all: [FuzzTarget] = [
        FuzzTarget(name: "request-head", longest: 2048, check: RequestHeadFuzz.check),
        FuzzTarget(name: "requests", longest: 2048, check: RequestStreamFuzz.check),
        FuzzTarget(name: "responses", longest: 2048, check: ResponseStreamFuzz.check),
        FuzzTarget(name: "chunked", longest: 1024, check: ChunkedFuzz.check),
        FuzzTarget(name: "target", longest: 512, check: TargetFuzz.check),
        FuzzTarget(name: "authority", longest: 300, check: AuthorityFuzz.check),
        FuzzTarget(name: "forwarded", longest: 512, check: ForwardedFuzz.check),
        FuzzTarget(name: "url", longest: 512, check: URLFuzz.check),
        FuzzTarget(name: "credential", longest: 512, check: CredentialFuzz.check),
        FuzzTarget(name: "configuration", longest: 4096, check: ConfigurationFuzz.check),
        FuzzTarget(name: "json", longest: 2048, check: JSONFuzz.check),
        FuzzTarget(name: "schema", longest: 2048, check: SchemaFuzz.check),
        FuzzTarget(name: "regex", longest: 256, check: RegexFuzz.check),
        FuzzTarget(name: "jwt", longest: 2048, check: TokenFuzz.check),
        FuzzTarget(name: "jwks", longest: 4096, check: KeySetFuzz.check),
        FuzzTarget(name: "elf", longest: 8192, check: LibraryFuzz.checkFacts),
        FuzzTarget(name: "manifest", longest: 2048, check: LibraryFuzz.checkManifest),
        FuzzTarget(name: "probe-report", longest: 1024, check: LibraryFuzz.checkReport),
    ]
}

/// An invariant that an input breaks.
struct Broken: Error, CustomStringConvertible {
    /// What does not hold.
    let description: String
}

/// Throws unless `condition`.
func hold(_ condition: Bool, _ what: @autoclosure () -> String) throws {
    guard condition else { throw Broken(description: what()) }
}

/// Numbers that depend on the input only, so that a reproducer stays one.
struct Numbers: RandomNumberGenerator {
    private var state: UInt64

    /// Seeded by FNV-1a of the bytes.
    init(seed bytes: UnsafeRawBufferPointer) {
        state = bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } | 1
    }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes of a part, from `start` up to `end`.
    func part(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[start..<end])
    }

    /// The bytes as text, what is not UTF-8 replaced; for messages.
    var text: String { String(decoding: self, as: UTF8.self) }
}
