internal import CGatehouse

/// Lends the UTF-8 of a text for a call.
func borrowing<Result>(_ text: String, _ body: (gh_str) -> Result) -> Result {
    var copy = text
    return copy.withUTF8 { body(BorrowedBytes(unsafe: UnsafeRawBufferPointer($0)).abi) }
}

/// Lends bytes for a call.
func borrowing<Result>(_ bytes: [UInt8], _ body: (gh_str) -> Result) -> Result {
    bytes.withUnsafeBytes { body(BorrowedBytes(unsafe: $0).abi) }
}

/// Collects what a function writes to a sink; at most `limit` bytes.
func collecting(
    atMost limit: Int, _ body: (UnsafePointer<gh_sink>) -> gh_status
) throws(HostError) -> [UInt8] {
    var collector = Collector(limit: limit)
    let status = withUnsafeMutablePointer(to: &collector) { pointer in
        var sink = gh_sink()
        sink.ctx = UnsafeMutableRawPointer(pointer)
        sink.write = { context, bytes in
            guard let context else { return HostError.invalid.code }
            let collector = context.assumingMemoryBound(to: Collector.self)
            let room = collector.pointee.limit - collector.pointee.bytes.count
            guard bytes.len <= room else { return HostError.limit.code }
            collector.pointee.bytes.append(contentsOf: BorrowedBytes(bytes).unsafeBytes)
            return 0
        }
        return body(&sink)
    }
    try HostError.check(status)
    return collector.bytes
}

private struct Collector {
    let limit: Int
    var bytes: [UInt8] = []
}

/// Names and values flattened into one buffer and lent as fields for a call.
func borrowing<Result>(
    _ fields: [(name: String, value: String)],
    _ body: (UnsafePointer<gh_field>?, UInt32) -> Result
) -> Result {
    var buffer: [UInt8] = []
    for field in fields {
        buffer.append(contentsOf: field.name.utf8)
        buffer.append(contentsOf: field.value.utf8)
    }
    return buffer.withUnsafeBytes { bytes in
        var at = 0
        func next(_ count: Int) -> gh_str {
            defer { at += count }
            return BorrowedBytes(unsafe: UnsafeRawBufferPointer(rebasing: bytes[at..<at + count]))
                .abi
        }
        let lent = fields.map { field in
            let name = next(field.name.utf8.count)
            return gh_field(name: name, value: next(field.value.utf8.count))
        }
        return lent.withUnsafeBufferPointer { body($0.baseAddress, UInt32(clamping: $0.count)) }
    }
}

extension [UInt8] {
    /// Lends the bytes for a call.
    @inlinable
    public func withBorrowedBytes<Result>(_ body: (BorrowedBytes) -> Result) -> Result {
        withUnsafeBytes { body(BorrowedBytes(unsafe: $0)) }
    }
}
