import GatehouseHTTP
import GatehouseJSON

/// The parser's verdict for other programs, for the differential run: each line of standard input
/// is `request HEX` or `response:METHOD HEX`, each line of the answer a JSON object.
enum Verdicts {
    /// Reads lines until the end of the input.
    static func run() {
        while let line = readLine() {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 2, let bytes = bytes(ofHex: words[1]) else {
                print(#"{"error":"no input"}"#)
                continue
            }
            let kind = words[0].split(separator: ":")
            let answer = bytes.withUnsafeBytes { input in
                kind.first == "response"
                    ? response(input, kind.last == "HEAD" ? .head : .get) : request(input)
            }
            print(answer.serialized())
        }
    }

    private static func request(_ input: UnsafeRawBufferPointer) -> JSONValue {
        guard let reading = try? RequestStreamFuzz.read(input, cuts: []) else { return nil }
        var messages: [JSONValue] = []
        for message in reading.messages {
            messages.append([
                "method": hex(message.method), "target": hex(message.target),
                "content": hex(message.content), "complete": .bool(message.isComplete),
            ])
        }
        switch reading.end {
        case .waits: return ["messages": .array(messages), "end": "waits"]
        case .closed: return ["messages": .array(messages), "end": "closed"]
        case .fault(let fault): return refused(messages, fault)
        }
    }

    private static func response(_ input: UnsafeRawBufferPointer, _ method: Method) -> JSONValue {
        guard let reading = try? ResponseStreamFuzz.read(input, method, false, cuts: []) else {
            return nil
        }
        var messages: [JSONValue] = []
        for message in reading.messages {
            messages.append([
                "status": .number(JSONNumber(Int64(message.status))),
                "content": hex(message.content),
                // A body that ends with the connection goes on.
                "complete": .bool(message.isComplete && message.framing != .untilClose),
            ])
        }
        if let fault = reading.fault { return refused(messages, fault) }
        return ["messages": .array(messages), "end": "waits"]
    }

    private static func refused(_ messages: [JSONValue], _ fault: HTTPFault) -> JSONValue {
        [
            "messages": .array(messages), "end": "refused",
            "reason": .string(fault.reason.rawValue),
            "status": .number(JSONNumber(Int64(fault.status))),
        ]
    }

    private static func hex(_ bytes: [UInt8]) -> JSONValue {
        let digits = Array("0123456789abcdef".utf8)
        return .string(
            String(
                decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
                as: UTF8.self))
    }

    private static func bytes(ofHex text: Substring) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).reduce(into: [UInt8]?([])) { bytes, at in
            let pair = String(decoding: digits[at...at + 1], as: UTF8.self)
            if let byte = UInt8(pair, radix: 16) { bytes?.append(byte) } else { bytes = nil }
        }
    }
}
