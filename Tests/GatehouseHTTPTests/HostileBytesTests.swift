import GatehouseHTTP
import Testing

/// A generator that gives the same numbers in every run.
private struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) ^ (state << 31)
    }
}

@Suite("Hostile bytes")
struct HostileBytesTests {
    private static let seeds = [
        "GET /a?b HTTP/1.1\r\nHost: gw.test\r\nConnection: x, close\r\nX: 1\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5;a=\"b\"\r\nhello\r\n0\r\nX-T: 1\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        "POST http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789\r\nGET",
    ]

    /// Random changes of valid messages: nothing traps, and every cut gives the same reading.
    @Test(arguments: 0..<6)
    func `changed messages read the same whole and cut`(_ seed: Int) {
        var numbers = Numbers(state: UInt64(seed) + 17)
        let marks = bytes("\r\n:, \0\t/%2;=0aF\"\\\u{80}\u{ff}chunked")
        for _ in 0..<1500 {
            var input = bytes(Self.seeds[seed % Self.seeds.count])
            for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                let at = Int.random(in: 0..<input.count, using: &numbers)
                switch Int.random(in: 0...3, using: &numbers) {
                case 0: input[at] = marks.randomElement(using: &numbers) ?? 0
                case 1: input.insert(marks.randomElement(using: &numbers) ?? 0, at: at)
                case 2 where input.count > 2: input.remove(at: at)
                default: input[at] = UInt8.random(in: 0...255, using: &numbers)
                }
            }
            let whole = readRequests(input)
            let cut = Int.random(in: 0...input.count, using: &numbers)
            for cuts in [[cut], Array(1..<input.count)] {
                let split = readRequests(input, cuts: cuts)
                #expect(split == whole, "\(input) cut at \(cuts.prefix(2))")
            }
            _ = readResponse(
                Array("HTTP/1.1 200 OK\r\n".utf8) + input, method: .get, isClosed: true)
        }
    }

    /// What is forwarded is read back as the same one message: no smuggling through ourselves.
    @Test(arguments: 0..<3)
    func `a forwarded head is one head with the same framing`(_ seed: Int) {
        var numbers = Numbers(state: UInt64(seed) + 99)
        for _ in 0..<1000 {
            var input = bytes(Self.seeds[seed])
            let at = Int.random(in: 0..<input.count, using: &numbers)
            input[at] = UInt8.random(in: 0...255, using: &numbers)
            for message in readRequests(input).messages {
                let again = readRequests(Array(message.rewritten.utf8))
                let seen = again.messages.first ?? again.partial
                // POST says that it has no body (RFC 9110 §8.6).
                let isSame = seen?.framing == message.framing
                let isNone = message.framing == .none && seen?.framing == .length(0)
                #expect((isSame || isNone) && again.messages.count <= 1)
                if case .fault(let fault) = again.end { Issue.record("\(fault) \(message)") }
            }
        }
    }

    @Test func `chunk extensions are bounded by what they carry`() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        let chunk = "1;" + String(repeating: "a", count: 1000) + "\r\nx\r\n"
        let reading = readRequests(bytes(head + String(repeating: chunk, count: 20)))
        #expect(reading.end == .fault(HTTPFault(400, .chunkExtension)))
        let trailer = "0\r\n" + String(repeating: "A: b\r\n", count: 2000)
        #expect(readRequests(bytes(head + trailer)).end == .fault(HTTPFault(400, .trailer)))
    }

    /// RFC 9110 §5.1, §5.6.2: a name is a token. The scan takes eight bytes at a time.
    @Test func `a byte that is no token is found at every place of a name of every length`() {
        let marks = Array("!#$%&'*+-.^_`|~".utf8)
        for length in 1...19 {
            for place in 0..<length {
                for byte in UInt8.min...255 where byte != 0x3A {
                    var name = [UInt8](repeating: 0x61, count: length)
                    name[place] = byte
                    let isToken =
                        marks.contains(byte) || (48...57).contains(byte)
                        || (65...90).contains(byte) || (97...122).contains(byte)
                    let reading = readRequests(
                        bytes("GET / HTTP/1.1\r\nHost: a\r\n") + name + bytes(": b\r\n\r\n"))
                    #expect((reading.messages.count == 1) == isToken, "\(byte) at \(place)")
                }
            }
        }
    }

    @Test func `a control character is found at every place of a value of every length`() {
        for length in 1...40 {
            for at in 0..<length {
                for (byte, isAllowed) in [
                    (UInt8(0x1F), false), (0x7F, false), (0, false), (0x0D, false), (0x20, true),
                    (0x09, true), (0x80, true), (0xFF, true), (0x7E, true),
                ] {
                    var value = [UInt8](repeating: 0x61, count: length)
                    value[at] = byte
                    let head = bytes("GET / HTTP/1.1\r\nHost: a\r\nX: ") + value + bytes("\r\n\r\n")
                    #expect((readRequests(head).messages.count == 1) == isAllowed)
                }
            }
        }
    }
}
