/// Base64url without padding, strictly (RFC 7515 §2, RFC 4648 §5 and §3.5).
///
/// Only the URL alphabet is understood: no padding, no white space, no `+` or `/`; a text whose
/// unused trailing bits are not zero is refused, so that no octet string has two spellings.
public enum Base64URL {
    /// The number of octets that `count` characters stand for; nil when no text has that length.
    public static func decodedCount(of count: Int) -> Int? {
        guard count >= 0, count % 4 != 1 else { return nil }
        return count / 4 * 3 + [0, 0, 1, 2][count % 4]
    }

    /// Decodes into the caller's memory.
    ///
    /// - Returns: the octets written; nil when `input` is not strict base64url or `output` is too
    ///   small, and then the contents of `output` are unspecified.
    public static func decode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        guard let size = decodedCount(of: input.count), output.count >= size else { return nil }
        let groups = input.count / 4
        let isValid = values.withUnsafeBufferPointer { values in
            decodeGroups(groups, of: input, into: output, size: size, by: values)
        }
        guard isValid, decodeTail(input[(groups * 4)...], into: output, at: groups * 3) else {
            return nil
        }
        return size
    }

    /// Decodes so many groups of four characters, which make `size` octets with the tail.
    private static func decodeGroups(
        _ groups: Int, of input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer, size: Int,
        by values: UnsafeBufferPointer<UInt32>
    ) -> Bool {
        guard groups > 0, let source = input.baseAddress, let target = output.baseAddress,
            let values = values.baseAddress
        else { return groups == 0 }
        var marks: UInt32 = 0
        for group in 0..<groups {
            let word = UInt32(
                littleEndian: source.loadUnaligned(fromByteOffset: group &* 4, as: UInt32.self))
            let first = values[Int(word & 0xff)] | values[Int(256 + (word &>> 8 & 0xff))]
            let second = values[Int(512 + (word &>> 16 & 0xff))] | values[Int(768 + word &>> 24)]
            let octets = first | second
            marks |= octets
            let place = target + group &* 3
            if group &* 3 &+ 4 <= size {
                // One octet more than there are; the next group, or the tail, is written over it.
                place.storeBytes(of: octets.bigEndian, as: UInt32.self)
            } else {
                place.storeBytes(of: UInt16(octets &>> 16).bigEndian, as: UInt16.self)
                place.storeBytes(of: UInt8(octets &>> 8 & 0xff), toByteOffset: 2, as: UInt8.self)
            }
        }
        return marks & invalid == 0
    }

    /// The last two or three characters; their unused bits must be zero.
    private static func decodeTail(
        _ tail: Slice<UnsafeRawBufferPointer>, into output: UnsafeMutableRawBufferPointer, at: Int
    ) -> Bool {
        guard !tail.isEmpty else { return true }
        var group: UInt32 = 0
        for byte in tail {
            let value = values[Int(byte)]
            guard value & invalid == 0 else { return false }
            group = group << 6 | value >> 26
        }
        if tail.count == 2 {
            guard group & 0xf == 0 else { return false }
            output[at] = UInt8(truncatingIfNeeded: group >> 4)
        } else {
            guard group & 0x3 == 0 else { return false }
            output[at] = UInt8(truncatingIfNeeded: group >> 10)
            output[at + 1] = UInt8(truncatingIfNeeded: group >> 2)
        }
        return true
    }

    /// Decodes to an array; nil when `input` is not strict base64url.
    public static func decode(_ input: ArraySlice<UInt8>) -> [UInt8]? {
        input.withUnsafeBytes { bytes -> [UInt8]? in
            guard let size = decodedCount(of: bytes.count) else { return nil }
            var isValid = false
            let result = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                isValid = decode(bytes, into: UnsafeMutableRawBufferPointer(buffer)) != nil
                count = isValid ? size : 0
            }
            return isValid ? result : nil
        }
    }

    /// Decodes a text to an array; nil when it is not strict base64url.
    public static func decode(_ text: String) -> [UInt8]? { decode(Array(text.utf8)[...]) }

    /// Encodes without padding.
    public static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: (bytes.count * 4 + 2) / 3) { output in
            var written = 0
            var read = 0
            while read < bytes.count {
                let left = min(3, bytes.count - read)
                var group = UInt32(bytes[read]) << 16
                if left > 1 { group |= UInt32(bytes[read + 1]) << 8 }
                if left > 2 { group |= UInt32(bytes[read + 2]) }
                for place in 0...left {
                    output[written] = alphabet[Int(group >> (18 - 6 * UInt32(place)) & 63)]
                    written += 1
                }
                read += 3
            }
            return written
        }
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The mark of a character outside the alphabet in `values`.
    private static let invalid: UInt32 = 1

    /// What each character stands for, at each of the four places of a group: 24 bits from the
    /// highest on, so that a group is the four entries together.
    private static let values: [UInt32] = {
        var table = [UInt32](repeating: invalid, count: 1024)
        for (value, character) in alphabet.enumerated() {
            for place in 0..<4 {
                table[place * 256 + Int(character)] = UInt32(value) << (26 - 6 * UInt32(place))
            }
        }
        return table
    }()
}
