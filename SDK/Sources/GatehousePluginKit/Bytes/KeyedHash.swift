/// A hash of bytes under a secret key of 128 bits, 64 bits long.
///
/// Nobody without the key can prepare byte strings that meet in one place of a table (CWE-407).
/// Blocks of 256 bytes go through NH under words derived from the key, by which two different
/// blocks meet at odds of 2^-64 (Black, Halevi, Krawczyk, Krovetz, Rogaway: UMAC, 1999); what
/// comes out, and the length, go through SipHash-1-3 (Aumasson and Bernstein). So a token of a
/// kilobyte costs some 600 instructions. The value depends on the bytes alone, not on where they
/// lie. It is no message authentication code: never show it to a peer.
public final class KeyedHash: @unchecked Sendable {
    // Safety: the words are written in `init` only, and freed with the object.
    private let first: UInt64
    private let second: UInt64
    private let words: UnsafeMutablePointer<UInt64>

    /// A hash under a key that nobody can guess, of ``Host/random(_:)``.
    public init(key: (UInt64, UInt64)) {
        first = key.0
        second = key.1
        words = .allocate(capacity: 32)
        for index in 0..<32 {
            var state = SipState(key.0, key.1)
            state.absorb(UInt64(index))
            state.absorb(8 << 56)
            (words + index).initialize(to: state.finish())
        }
    }

    deinit { words.deallocate() }

    /// The hash of `bytes`.
    public func callAsFunction(_ bytes: BorrowedBytes) -> UInt64 {
        var state = SipState(first, second)
        let memory = bytes.unsafeBytes
        var at = 0
        while memory.count - at >= 256 {
            compress(memory, from: at, pairs: 16, into: &state)
            at += 256
        }
        if at < memory.count {
            let pairs = (memory.count - at) / 16
            let rest = memory.count - at - pairs * 16
            var sum = sum(memory, from: at, pairs: pairs)
            if rest > 0 { add(tail(memory, rest), at: pairs * 2, to: &sum) }
            state.absorb(sum.low)
            state.absorb(sum.high)
        }
        state.absorb(UInt64(truncatingIfNeeded: memory.count))
        return state.finish()
    }

    // MARK: NH

    private struct Sum {
        var low: UInt64 = 0
        var high: UInt64 = 0
    }

    @inline(__always)
    private func compress(
        _ memory: UnsafeRawBufferPointer, from start: Int, pairs: Int, into state: inout SipState
    ) {
        let sum = sum(memory, from: start, pairs: pairs)
        state.absorb(sum.low)
        state.absorb(sum.high)
    }

    /// The sum of the products of a block's words, each under its word of the key, modulo 2^128.
    /// `start` and `16 * pairs` bytes behind it lie in `memory`.
    @inline(__always)
    private func sum(
        _ memory: UnsafeRawBufferPointer, from start: Int, pairs: Int
    ) -> Sum {
        guard let base = memory.baseAddress else { return Sum() }
        var block = base + start
        var word = UnsafePointer(words)
        let end = word + 2 &* pairs
        var low: UInt64 = 0
        var high: UInt64 = 0
        while word != end {
            let a = UInt64(littleEndian: block.loadUnaligned(as: UInt64.self)) &+ word[0]
            let b =
                UInt64(littleEndian: block.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                &+ word[1]
            let product = a.multipliedFullWidth(by: b)
            let sum = low.addingReportingOverflow(product.low)
            low = sum.partialValue
            high = high &+ product.high &+ (sum.overflow ? 1 : 0)
            block += 16
            word += 2
        }
        return Sum(low: low, high: high)
    }

    @inline(__always)
    private func add(_ pair: (UInt64, UInt64), at index: Int, to sum: inout Sum) {
        let a = pair.0 &+ words[index]
        let b = pair.1 &+ words[index &+ 1]
        let product = a.multipliedFullWidth(by: b)
        let (low, carries) = sum.low.addingReportingOverflow(product.low)
        sum.low = low
        sum.high = sum.high &+ product.high &+ (carries ? 1 : 0)
    }

    /// The last `count` bytes, fewer than 16, filled up with zeros.
    @inline(__always)
    private func tail(_ memory: UnsafeRawBufferPointer, _ count: Int) -> (UInt64, UInt64) {
        var low: UInt64 = 0
        var high: UInt64 = 0
        let start = memory.count - count
        for offset in 0..<min(count, 8) {
            low |= UInt64(memory[start + offset]) << (8 * UInt64(offset))
        }
        for offset in 8..<max(count, 8) {
            high |= UInt64(memory[start + offset]) << (8 * UInt64(offset - 8))
        }
        return (low, high)
    }
}

/// SipHash-1-3 over words.
private struct SipState {
    var v0: UInt64
    var v1: UInt64
    var v2: UInt64
    var v3: UInt64

    @inline(__always)
    init(_ k0: UInt64, _ k1: UInt64) {
        v0 = k0 ^ 0x736f_6d65_7073_6575
        v1 = k1 ^ 0x646f_7261_6e64_6f6d
        v2 = k0 ^ 0x6c79_6765_6e65_7261
        v3 = k1 ^ 0x7465_6462_7974_6573
    }

    @inline(__always)
    mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        v0 ^= word
    }

    @inline(__always)
    mutating func finish() -> UInt64 {
        v2 ^= 0xff
        round()
        round()
        round()
        return v0 ^ v1 ^ v2 ^ v3
    }

    @inline(__always)
    mutating func round() {
        v0 = v0 &+ v1
        v1 = rotate(v1, 13) ^ v0
        v0 = rotate(v0, 32)
        v2 = v2 &+ v3
        v3 = rotate(v3, 16) ^ v2
        v0 = v0 &+ v3
        v3 = rotate(v3, 21) ^ v0
        v2 = v2 &+ v1
        v1 = rotate(v1, 17) ^ v2
        v2 = rotate(v2, 32)
    }

    @inline(__always)
    private func rotate(_ word: UInt64, _ by: UInt64) -> UInt64 {
        word &<< by | word &>> (64 &- by)
    }
}
