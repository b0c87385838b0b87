/// Text that an instance made once and hands to the host in every exchange.
///
/// The bytes live as long as the object. An instance keeps one of these for all its texts and the
/// borrowed bytes beside it, so that an exchange neither allocates nor counts references.
public final class StableText {
    private var blocks: [UnsafeMutableRawBufferPointer] = []

    /// Without any text yet.
    public init() {}

    deinit {
        for block in blocks { block.deallocate() }
    }

    /// Copies a text; what is returned is valid until this object is gone.
    public func add(_ text: String) -> BorrowedBytes {
        add(Array(text.utf8))
    }

    /// Copies bytes; what is returned is valid until this object is gone.
    public func add(_ bytes: [UInt8]) -> BorrowedBytes {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        block.copyBytes(from: bytes)
        blocks.append(block)
        return BorrowedBytes(unsafe: UnsafeRawBufferPointer(block))
    }
}
