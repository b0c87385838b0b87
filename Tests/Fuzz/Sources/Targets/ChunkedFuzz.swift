import GatehouseHTTP

/// The chunked coding: the same content in every split, and what is encoded anew decodes to it.
enum ChunkedFuzz {
    static func check(_ input: UnsafeRawBufferPointer) throws {
        let whole = try BodyReading.read(input, .chunked)
        for cuts in BodyReading.splits(of: input) {
            let split = try BodyReading.read(input, .chunked, cuts: cuts)
            try hold(split == whole, "cut at \(cuts.prefix(4)): \(split.end), whole: \(whole.end)")
        }
        try hold(whole.content.count <= input.count, "more content than bytes")
        try hold(whole.trailers.count <= 8192, "more trailers than the limit")
        guard whole.end == .complete else { return }
        let encoded = encode(whole)
        try encoded.withUnsafeBytes { bytes in
            let again = try BodyReading.read(bytes, .chunked)
            try hold(again.end == .complete && again.consumed == bytes.count, "an encoding is off")
            try hold(again.content == whole.content, "an encoding changes the content")
            // What may be forwarded of the trailers is forwarded once more in full.
            try hold(encode(again) == encoded, "an encoding is not stable")
        }
        try checkLength(input)
    }

    /// A body in one chunk, with what may be forwarded of its trailers.
    static func encode(_ reading: BodyReading) -> [UInt8] {
        var sink = ArraySink()
        if !reading.content.isEmpty {
            ChunkedEncoder.open(reading.content.count, into: &sink)
            reading.content.withUnsafeBytes { sink.append($0) }
            ChunkedEncoder.close(into: &sink)
        }
        ChunkedEncoder.finish(trailers: reading.trailers, into: &sink)
        return sink.bytes
    }

    /// The other framings find exactly their bytes.
    private static func checkLength(_ input: UnsafeRawBufferPointer) throws {
        let count = input.count / 2
        let sized = try BodyReading.read(input, .length(UInt64(count)))
        try hold(
            sized.end == .complete && sized.consumed == count
                && sized.content.elementsEqual(input.prefix(count)), "a length is off")
        let open = try BodyReading.read(input, .untilClose)
        try hold(open.end == .waits && open.content.elementsEqual(input), "bytes are lost")
    }
}
