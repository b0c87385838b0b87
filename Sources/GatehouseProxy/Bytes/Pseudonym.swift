/// The name under which this process stands in Via (RFC 9110 §7.6.3): its own, so that a chain of
/// two gateways is no loop, and what comes back here is one.
enum Pseudonym {
    /// `gatehouse-` and eight hexadecimal digits; lives as long as the process.
    nonisolated(unsafe) static let bytes: UnsafeRawBufferPointer = {
        // Safety: written once here, before anyone can read it, and never freed.
        var generator = SystemRandomNumberGenerator()
        let digits = String(generator.next() | 1 << 63, radix: 16).prefix(8)
        let text = Array("gatehouse-\(digits)".utf8)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count, alignment: 1)
        copy.copyBytes(from: text)
        return UnsafeRawBufferPointer(copy)
    }()
}
