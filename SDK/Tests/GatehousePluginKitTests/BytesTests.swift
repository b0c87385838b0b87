import GatehousePluginKit
import Testing

@Suite("Bytes by their hash")
struct KeyedHashTests {
    private let hash = KeyedHash(key: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908))

    private func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withBorrowedBytes { hash($0) } }

    private func message(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
    }

    /// Around the ends of words, pairs and blocks.
    private static let lengths = [0, 1, 7, 8, 9, 15, 16, 17, 255, 256, 257, 271, 512, 600, 1025]

    @Test(arguments: lengths)
    func `every byte counts, wherever it lies`(count: Int) {
        let whole = message(count)
        let value = hash(whole)
        for at in 0..<count {
            for bit in [UInt8(1), 0x80] {
                var changed = whole
                changed[at] ^= bit
                #expect(hash(changed) != value)
            }
        }
        let shifted = [0xff] + whole + [0xff]
        #expect(shifted.withBorrowedBytes { hash($0.slice(1..<(count + 1))) } == value)
    }

    @Test func `the length counts, also of zeros`() {
        var seen: Set<UInt64> = []
        for count in 0...600 {
            #expect(seen.insert(hash(message(count))).inserted)
            #expect(seen.insert(hash([UInt8](repeating: 0, count: count))).inserted == (count > 0))
        }
    }

    @Test func `swapped words are other bytes`() {
        let plain = message(64)
        for word in 1..<8 {
            var swapped = plain
            for at in 0..<8 { swapped.swapAt(at, word * 8 + at) }
            #expect(hash(swapped) != hash(plain))
        }
    }

    @Test func `each half of the key counts`() {
        let token = message(300)
        for key in [(1, 0x0f0e_0d0c_0b0a_0908), (0x0706_0504_0302_0100, 1)] as [(UInt64, UInt64)] {
            let other = KeyedHash(key: key)
            #expect(token.withBorrowedBytes { other($0) } != hash(token))
        }
    }

    /// The reference value of SipHash-1-3 for the key 00...0f and no bytes.
    @Test func `no bytes are hashed as SipHash does`() {
        #expect(hash([]) == 0xabac_0158_050f_c4dc)
    }

    @Test func `values spread over the places of a table`() {
        var places = [Int](repeating: 0, count: 64)
        for number in 0..<6400 { places[Int(hash(Array("token-\(number)".utf8)) & 63)] += 1 }
        #expect(places.allSatisfy { $0 > 50 && $0 < 160 })
    }
}

@Suite("Bytes in a table")
struct ByteTableTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `a key is found by all its bytes, with its value and text`() {
        let table = ByteTable<Int>(capacity: 20, key: (1, 2))
        #expect(table.capacity == 32)
        bytes("abc").withBorrowedBytes { key in
            bytes("note").withBorrowedBytes { table.insert(key, 7, text: $0) }
        }
        let slot = bytes("abc").withBorrowedBytes { table.find($0) }
        #expect(slot.map { table.value($0) } == 7)
        #expect(slot.map { table.text($0).text } == "note")
        for other in ["abd", "ab", "abcn", ""] {
            #expect(bytes(other).withBorrowedBytes { table.find($0) } == nil)
        }
    }

    @Test func `another value takes the place of the first, and nothing is left behind`() {
        let table = ByteTable<Int>(capacity: 16, key: (1, 2))
        for value in 1...3 {
            bytes("abc").withBorrowedBytes { table.insert($0, value) }
            #expect(table.count == 1)
        }
        let slot = bytes("abc").withBorrowedBytes { table.find($0) }
        #expect(slot.map { table.value($0) } == 3)
        #expect(slot.map { table.text($0).isEmpty } == true)
        table.removeAll()
        #expect(table.count == 0)
        #expect(bytes("abc").withBorrowedBytes { table.find($0) } == nil)
        table.insert(BorrowedBytes(), 1)
        #expect(table.count == 0)
    }

    @Test func `the least recently used gives way at the bound`() {
        let table = ByteTable<Int>(capacity: 16, key: (3, 4))
        bytes("kept").withBorrowedBytes { table.insert($0, 0) }
        for number in 1...500 {
            bytes("key \(number)").withBorrowedBytes { table.insert($0, number) }
            #expect(bytes("kept").withBorrowedBytes { table.find($0) } != nil)
            #expect(bytes("key \(number)").withBorrowedBytes { table.find($0) } != nil)
        }
        #expect(table.count == 16)
    }

    @Test(arguments: [0, 1, 7, 8, 9, 16, 31, 64])
    func `bytes are the same when every one is`(count: Int) {
        let one = (0..<count).map { UInt8($0) }
        one.withBorrowedBytes { a in
            Array(one).withBorrowedBytes { #expect(a.isSame(as: $0)) }
            (one + [0]).withBorrowedBytes { #expect(!a.isSame(as: $0)) }
            for at in 0..<count {
                var other = one
                other[at] ^= 0x40
                other.withBorrowedBytes { #expect(!a.isSame(as: $0)) }
            }
        }
    }
}
