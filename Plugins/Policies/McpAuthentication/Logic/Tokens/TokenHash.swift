/// SipHash-1-3 (Aumasson and Bernstein) over the bytes of a token, under a random key.
///
/// The key makes it infeasible to prepare tokens that meet in one place of the cache (CWE-407).
/// Eight bytes are taken at a time; the hash of the same bytes is the same whatever they lie in.
struct TokenHash: Sendable {
    private let k0: UInt64
    private let k1: UInt64

    /// A hash under a 128-bit key.
    init(key: (UInt64, UInt64)) {
        k0 = key.0
        k1 = key.1
    }

    /// The hash of `bytes`.
    @inline(__always)
    func callAsFunction<Bytes: RandomAccessCollection>(
        _ bytes: Bytes
    ) -> UInt64 where Bytes.Element == UInt8, Bytes.Index == Int {
        var state = State(k0: k0, k1: k1)
        let count = bytes.count
        var at = bytes.startIndex
        let lastWhole = bytes.startIndex + (count & ~7)
        while at < lastWhole {
            var word: UInt64 = 0
            for offset in 0..<8 { word |= UInt64(bytes[at + offset]) << (8 * UInt64(offset)) }
            state.absorb(word)
            at += 8
        }
        var tail = UInt64(truncatingIfNeeded: count) << 56
        var shift: UInt64 = 0
        while at < bytes.endIndex {
            tail |= UInt64(bytes[at]) << shift
            shift += 8
            at += 1
        }
        state.absorb(tail)
        return state.finish()
    }

    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        @inline(__always)
        init(k0: UInt64, k1: UInt64) {
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
            word << by | word >> (64 - by)
        }
    }
}
