import GatehouseHTTP

/// One message body, read to its end or to the end of the bytes.
struct BodyReading: Equatable {
    /// How the bytes ended.
    enum End: Equatable {
        case complete
        case waits
        case fault(HTTPFault)
    }

    /// The content.
    var content: [UInt8] = []
    /// The trailer section.
    var trailers: [UInt8] = []
    /// The bytes behind which the next message begins.
    var consumed = 0
    /// How it ended.
    var end = End.waits

    /// Reads `input`, handed over in pieces that end at `cuts` and at the end.
    static func read(
        _ input: UnsafeRawBufferPointer, _ framing: BodyFraming, cuts: [Int] = []
    ) throws -> BodyReading {
        var reading = BodyReading()
        var decoder = BodyDecoder(framing: framing)
        for cut in cuts + [input.count] {
            // A step consumes, gives content, or ends the loop: more steps than that never end.
            var steps = 0
            while true {
                steps += 1
                try hold(steps <= 2 * input.count + 4, "a decoder does not get on")
                let left = input.part(reading.consumed, cut)
                let step = decoder.next(left)
                try hold(step.consumed >= 0 && step.consumed <= left.count, "consumes too much")
                reading.consumed += step.consumed
                switch step.event {
                case .data(let range):
                    try hold(
                        Int(range.end) <= left.count && range.count > 0, "content out of bounds")
                    reading.content += left[range]
                    continue
                case .end:
                    try hold(decoder.isComplete, "an end that is not complete")
                    reading.trailers = decoder.trailers
                    reading.end = .complete
                    return reading
                case .fault(let fault):
                    try repeatFault(&decoder, fault, left)
                    reading.end = .fault(fault)
                    // How much of the pieces was read before a fault depends on the pieces.
                    reading.consumed = 0
                    return reading
                case .needMore: break
                }
                break
            }
        }
        return reading
    }

    /// A decoder that has failed stays so.
    private static func repeatFault(
        _ decoder: inout BodyDecoder, _ fault: HTTPFault, _ left: UnsafeRawBufferPointer
    ) throws {
        guard case .fault(let again) = decoder.next(left).event, again == fault else {
            throw Broken(description: "a fault is forgotten")
        }
        try hold(!decoder.isComplete && !decoder.closed(), "a faulty body is complete")
    }

    /// One cut in the middle, a few anywhere, and every byte.
    static func splits(of input: UnsafeRawBufferPointer) -> [[Int]] {
        guard input.count > 1 else { return [] }
        var numbers = Numbers(seed: input)
        let few = (0..<3).map { _ in Int.random(in: 0...input.count, using: &numbers) }.sorted()
        return [[input.count / 2], few, Array(0...input.count)]
    }
}
