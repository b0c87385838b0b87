import CGatehouseHost

/// One plugin as the probing process met it.
struct ProbedPlugin: Sendable, Hashable {
    /// The manifest's bytes.
    var manifest: [UInt8] = []
    /// The complete tables that it offers, a set of GATEHOUSE_TABLE_*.
    var tables: UInt32 = 0
    /// The schema's bytes.
    var schema: [UInt8] = []
}

/// What a probing process wrote, as far as it got. The frames are described in probe.h.
struct ProbeReport: Sendable, Hashable {
    /// What the probing process itself found wrong.
    struct Failure: Sendable, Hashable {
        /// GATEHOUSE_FAILURE_*.
        var code: UInt32
        /// A sentence, or the entry's status.
        var sentence: [UInt8]
    }

    /// What the library was doing when the report stopped.
    enum Stage: UInt32, Sendable {
        /// Being loaded: its dependencies are looked up and its constructors run.
        case load = 1
        /// Its entry.
        case entry = 2
        /// Answering with a manifest.
        case manifest = 3
        /// Answering with its tables.
        case tables = 4
        /// Answering with a schema.
        case schema = 5

        /// The second half of "it crashed while".
        var words: String {
            switch self {
            case .load: "it was being loaded (its constructors run then)"
            case .entry: "its entry ran"
            case .manifest: "it was asked for its manifest"
            case .tables: "it was asked for its tables"
            case .schema: "it was asked for its schema"
            }
        }
    }

    /// Whether the process got as far as the nonce in front.
    var hasBegun = false
    /// Whether the nonce at the end is there.
    var isComplete = false
    /// Whether something follows the last whole frame.
    var hasRemainder = false
    /// The last stage that began.
    var stage: Stage?
    /// What the process itself found wrong.
    var failure: Failure?
    /// The lowest minor version of the contract that the library asks for.
    var abiMinorRequired: UInt32 = 0
    /// Its plugins.
    var plugins: [ProbedPlugin] = []
    /// Bit n: the disposition of signal n was changed.
    var changedSignals: UInt64 = 0
    /// Threads that run after loading.
    var threads: UInt32 = 1

    /// Reads what was written, up to the first frame that is incomplete.
    ///
    /// Pure; never traps. Bytes after the last frame are an error, because the library wrote them.
    /// - Throws: `badReport` for what no probing process of ours writes.
    init(parsing bytes: [UInt8], nonce: [UInt8]) throws(PluginRefusal) {
        var rest = bytes[...]
        while let frame = Frame(from: &rest) {
            guard hasBegun || frame.tag == GATEHOUSE_FRAME_HELLO, !isComplete else {
                throw Self.bad("it is out of order")
            }
            try read(frame, nonce: nonce)
        }
        hasRemainder = !rest.isEmpty
        guard !isComplete || rest.isEmpty else { throw Self.bad("something follows its end") }
    }

    private mutating func read(_ frame: Frame, nonce: [UInt8]) throws(PluginRefusal) {
        switch frame.tag {
        case GATEHOUSE_FRAME_HELLO:
            guard frame.bytes.elementsEqual(nonce), !hasBegun else { throw Self.bad("wrong nonce") }
            hasBegun = true
        case GATEHOUSE_FRAME_END:
            guard frame.bytes.elementsEqual(nonce) else { throw Self.bad("wrong nonce") }
            isComplete = true
        case GATEHOUSE_FRAME_STAGE:
            stage = Stage(rawValue: frame.index)
        case GATEHOUSE_FRAME_LIBRARY:
            let count = Int(frame.index)
            guard plugins.isEmpty, count > 0, count <= LoadingLimits.pluginsPerLibraryMax else {
                throw Self.bad("a wrong number of plugins")
            }
            plugins = Array(repeating: ProbedPlugin(), count: count)
            abiMinorRequired = UInt32(truncatingIfNeeded: try frame.number(bytes: 4))
        case GATEHOUSE_FRAME_SIGNALS:
            changedSignals = try frame.number(bytes: 8)
        case GATEHOUSE_FRAME_THREADS:
            threads = frame.index
        case GATEHOUSE_FRAME_FAILURE:
            failure = Failure(code: frame.index, sentence: Array(frame.bytes))
        default:
            try readPlugin(frame)
        }
    }

    private mutating func readPlugin(_ frame: Frame) throws(PluginRefusal) {
        let index = Int(frame.index)
        guard plugins.indices.contains(index) else { throw Self.bad("a plugin that is not there") }
        switch frame.tag {
        case GATEHOUSE_FRAME_MANIFEST: plugins[index].manifest = Array(frame.bytes)
        case GATEHOUSE_FRAME_SCHEMA: plugins[index].schema = Array(frame.bytes)
        case GATEHOUSE_FRAME_TABLES:
            plugins[index].tables = UInt32(truncatingIfNeeded: try frame.number(bytes: 4))
        default: throw Self.bad("a frame of an unknown kind")
        }
    }

    fileprivate static func bad(_ why: String) -> PluginRefusal {
        PluginRefusal(.badReport, "what the probing process reported cannot be used: \(why)")
    }
}

/// One frame: three numbers and its bytes.
private struct Frame {
    let tag: UInt32
    let index: UInt32
    let bytes: ArraySlice<UInt8>

    /// Takes a frame from the front; nil when it is not all there.
    init?(from rest: inout ArraySlice<UInt8>) {
        guard rest.count >= 12 else { return nil }
        func number(_ at: Int) -> UInt32 {
            rest.dropFirst(at).prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        let length = Int(number(8))
        guard length <= rest.count - 12 else { return nil }
        tag = number(0)
        index = number(4)
        bytes = rest.dropFirst(12).prefix(length)
        rest = rest.dropFirst(12 + length)
    }

    /// The frame's bytes as one little-endian number.
    func number(bytes count: Int) throws(PluginRefusal) -> UInt64 {
        guard bytes.count == count, count <= 8 else {
            throw ProbeReport.bad("a number of the wrong size")
        }
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
