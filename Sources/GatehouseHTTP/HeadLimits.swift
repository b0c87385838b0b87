/// The bounds on a head that a peer sends.
public struct HeadLimits: Sendable, Hashable {
    /// The longest start line in bytes, without its line end; beyond it the answer is 414. RFC 9112
    /// §3 asks for at least 8000.
    public var startLine: Int
    /// The most bytes of a whole head; beyond it the answer is 431.
    public var head: Int
    /// The most fields; beyond it the answer is 431.
    public var fields: Int

    /// Limits in bytes and fields, each brought into 64 ... 1 MiB and 1 ... 1024.
    public init(startLine: Int, head: Int, fields: Int) {
        self.startLine = min(max(startLine, 64), 1 << 20)
        self.head = min(max(head, 64), 1 << 20)
        self.fields = min(max(fields, 1), 1024)
    }

    /// 16 KiB for the start line, 64 KiB for the head, 128 fields.
    public static let standard = HeadLimits(startLine: 16_384, head: 65_536, fields: 128)
}
