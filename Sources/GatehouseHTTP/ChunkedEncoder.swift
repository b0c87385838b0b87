/// Writes the frames of the chunked coding around data that the caller writes (RFC 9112 §7.1).
public enum ChunkedEncoder {
    /// The line before `count` bytes of data. A chunk of 0 bytes would end the body: do not ask.
    public static func open<Sink: ByteSink>(_ count: Int, into sink: inout Sink) {
        sink.append(hexadecimal: UInt64(max(count, 0)))
        sink.append("\r\n" as StaticString)
    }

    /// The line end behind the data of a chunk.
    public static func close<Sink: ByteSink>(into sink: inout Sink) {
        sink.append("\r\n" as StaticString)
    }

    /// The last chunk and the end of the body, without trailers.
    public static func finish<Sink: ByteSink>(into sink: inout Sink) {
        sink.append("0\r\n\r\n" as StaticString)
    }

    /// The last chunk, and those of the received `trailers` that may be passed on.
    ///
    /// `trailers` are lines as `BodyDecoder.trailers` gives them. Fields for framing, routing,
    /// authentication, request control or content, and fields of one connection, are left out
    /// (RFC 9110 §6.5.1).
    public static func finish<Sink: ByteSink>(
        trailers: [UInt8], into sink: inout Sink
    ) {
        sink.append("0\r\n" as StaticString)
        trailers.withUnsafeBytes { bytes in
            var reader = LineReader()
            while case .line(let start, let end) = reader.next(in: bytes, before: bytes.count + 1) {
                guard case .success(let line) = FieldLine.read(bytes, start, end),
                    isForwarded(bytes[line.name], line.known)
                else { continue }
                sink.appendField(bytes[line.name], bytes[line.value])
            }
        }
        sink.append("\r\n" as StaticString)
    }

    private static func isForwarded(
        _ name: UnsafeRawBufferPointer, _ known: KnownField
    ) -> Bool {
        guard known == .other || known == .date else { return false }
        let refused: [StaticString] = [
            "age", "range", "pragma", "expires", "location", "if-match", "if-none-match",
            "if-modified-since", "if-unmodified-since", "if-range", "retry-after", "warning",
            "max-age", "authentication-info", "proxy-authentication-info",
            "strict-transport-security", "access-control-allow-credentials",
        ]
        if refused.contains(where: { Syntax.equalsFolded(name, $0) }) { return false }
        return name.count < 8
            || !Syntax.equalsFolded(.init(rebasing: name[..<8]), "content-")
    }
}
