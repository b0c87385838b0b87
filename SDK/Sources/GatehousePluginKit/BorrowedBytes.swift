import CGatehouse

/// Bytes that belong to the host and may be read until the callback that lent them returns.
///
/// Copy what must live longer: ``array`` or ``text``. **Thread:** that of the callback.
public struct BorrowedBytes: RandomAccessCollection {
    /// The memory itself, for what must not be copied (a hash, a comparison).
    public let rawBytes: UnsafeRawBufferPointer

    /// Borrows memory that outlives every use.
    public init(rawBytes: UnsafeRawBufferPointer) { self.rawBytes = rawBytes }

    init(_ text: gh_str) {
        rawBytes = UnsafeRawBufferPointer(start: text.ptr, count: text.ptr == nil ? 0 : text.len)
    }

    /// The index of the first byte.
    @inlinable public var startIndex: Int { 0 }

    /// How many bytes there are.
    @inlinable public var endIndex: Int { rawBytes.count }

    /// One byte.
    @inlinable
    public subscript(position: Int) -> UInt8 { rawBytes[position] }

    /// A copy.
    public var array: [UInt8] { Array(rawBytes) }

    /// A copy as text; nil where it is not UTF-8.
    public var text: String? { String(validating: rawBytes, as: UTF8.self) }

    /// Whether the bytes are these.
    public static func == (bytes: BorrowedBytes, text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        for at in 0..<bytes.count where bytes.rawBytes[at] != text.utf8Start[at] { return false }
        return true
    }

    /// Whether the bytes are these but for the case of ASCII letters.
    ///
    /// - Parameter lower: in lower case.
    public func equalsIgnoringCase(_ lower: StaticString) -> Bool {
        guard count == lower.utf8CodeUnitCount else { return false }
        for at in 0..<count {
            let byte = rawBytes[at]
            let folded = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
            if folded != lower.utf8Start[at] { return false }
        }
        return true
    }
}

// MARK: Between Swift and gh_str

extension gh_str {
    /// The empty text.
    static var none: gh_str { gh_str(ptr: nil, len: 0) }

    init(_ text: StaticString) {
        let start = UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
        self.init(ptr: start, len: text.utf8CodeUnitCount)
    }

    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(ptr: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: bytes.count)
    }
}

/// Lends a text for the length of a call.
func lend<R>(_ text: String, _ body: (gh_str) -> R) -> R {
    var text = text
    return text.withUTF8 { body(gh_str(UnsafeRawBufferPointer($0))) }
}

/// Lends bytes for the length of a call.
func lend<R>(_ bytes: [UInt8], _ body: (gh_str) -> R) -> R {
    bytes.withUnsafeBytes { body(gh_str($0)) }
}

/// Lends names and values for the length of a call: one block of bytes, one array of slices.
func lend<R>(_ fields: [Field], _ body: (UnsafePointer<gh_field>?, UInt32) -> R) -> R {
    var bytes: [UInt8] = []
    var ends: [(name: Int, value: Int)] = []
    for field in fields {
        bytes += field.name.utf8
        let name = bytes.count
        bytes += field.value.utf8
        ends.append((name, bytes.count))
    }
    return bytes.withUnsafeBytes { raw in
        var start = 0
        let slices = ends.map { end in
            defer { start = end.value }
            return gh_field(
                name: gh_str(UnsafeRawBufferPointer(rebasing: raw[start..<end.name])),
                value: gh_str(UnsafeRawBufferPointer(rebasing: raw[end.name..<end.value])))
        }
        return slices.withUnsafeBufferPointer { body($0.baseAddress, UInt32($0.count)) }
    }
}

/// Collects what a host function writes into a sink.
func collect(_ call: (UnsafePointer<gh_sink>) -> gh_status) throws(HostError) -> [UInt8] {
    var out: [UInt8] = []
    let status = withUnsafeMutablePointer(to: &out) { out in
        var sink = gh_sink(
            ctx: out,
            write: { context, bytes in
                guard let context else { return HostError.invalid.rawValue }
                let out = context.assumingMemoryBound(to: [UInt8].self)
                out.pointee.append(contentsOf: BorrowedBytes(bytes).rawBytes)
                return 0
            })
        return call(&sink)
    }
    try check(status)
    return out
}

/// Writes into a sink that the host lent.
func write(_ bytes: [UInt8], to sink: UnsafePointer<gh_sink>?) -> gh_status {
    guard let sink, let write = sink.pointee.write else { return HostError.invalid.rawValue }
    return lend(bytes) { write(sink.pointee.ctx, $0) }
}
