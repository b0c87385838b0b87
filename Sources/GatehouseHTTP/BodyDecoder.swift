/// What a body decoder found at the front of the bytes that it was given.
public enum BodyEvent: Sendable {
    /// Nothing more to find in these bytes; give it the next ones.
    case needMore
    /// Content: a range in the bytes that were given, to be forwarded as it lies there.
    case data(ByteRange)
    /// The body is complete; bytes behind `consumed` belong to the next message.
    case end
    /// The framing is broken: the connection cannot be used any more.
    case fault(HTTPFault)
}

/// One step of a decoder: what it found, and how many of the given bytes are behind it now.
public struct BodyStep: Sendable {
    /// What was found.
    public let event: BodyEvent
    /// How many bytes at the front are done with; 0 ... the count given.
    public let consumed: Int
}

/// Finds the content of a body in the bytes of a connection, in place (RFC 9112 §6.3, §7).
///
/// Call `next` with what is unread, skip `consumed` bytes, and repeat until `needMore`, `end` or
/// `fault`. Nothing is copied but the trailer section, which is bounded.
public struct BodyDecoder: Sendable {
    private enum State {
        case length(UInt64)
        case untilClose
        case chunks(ChunkReader)
        case done
    }

    private var state: State

    /// A decoder for this framing.
    public init(framing: BodyFraming) {
        switch framing {
        case .none: state = .done
        case .length(let count): state = count == 0 ? .done : .length(count)
        case .chunked: state = .chunks(ChunkReader())
        case .untilClose: state = .untilClose
        }
    }

    /// Whether the whole body has been read.
    public var isComplete: Bool {
        if case .done = state { return true }
        return false
    }

    /// The trailer section as it came, every line with its CRLF; empty where there was none. Valid
    /// after `end`.
    public private(set) var trailers: [UInt8] = []

    /// The next thing in `bytes`.
    public mutating func next(_ bytes: UnsafeRawBufferPointer) -> BodyStep {
        switch state {
        case .done: return BodyStep(event: .end, consumed: 0)
        case .untilClose:
            guard !bytes.isEmpty else { return BodyStep(event: .needMore, consumed: 0) }
            return Self.data(0, Self.portion(UInt64.max, bytes.count))
        case .length(let left):
            guard !bytes.isEmpty else { return BodyStep(event: .needMore, consumed: 0) }
            let count = Self.portion(left, bytes.count)
            state = left == UInt64(count) ? .done : .length(left - UInt64(count))
            return Self.data(0, count)
        case .chunks(var reader):
            // The reader owns the bytes of the trailers: it is taken out, not copied.
            state = .done
            let step = reader.next(bytes)
            if case .end = step.event {
                trailers = reader.trailers
            } else {
                state = .chunks(reader)
            }
            return step
        }
    }

    /// The peer has closed. True where that is the end of the body; false where it is cut short.
    public mutating func closed() -> Bool {
        switch state {
        case .done: return true
        case .untilClose:
            state = .done
            return true
        case .length, .chunks: return false
        }
    }

    /// As much of `left` as lies in `available` bytes and in a range.
    static func portion(_ left: UInt64, _ available: Int) -> Int {
        Int(min(left, UInt64(available), UInt64(UInt32.max)))
    }

    static func data(_ start: Int, _ count: Int) -> BodyStep {
        BodyStep(event: .data(ByteRange(start, start + count)), consumed: start + count)
    }
}
