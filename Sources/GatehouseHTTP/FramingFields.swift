/// What the fields of a head say about framing and the connection (RFC 9112 §6, §9.3).
struct FramingFields {
    enum Transfer {
        case absent
        case chunked
    }

    var length: UInt64?
    var transfer: Transfer = .absent
    var closes = false
    var keepsAlive = false
    var upgrades = false
    var nominates = false

    /// Reads the fields; marks those that Connection nominates.
    static func read(
        _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex
    ) -> Result<FramingFields, HTTPFault> {
        var found = FramingFields()
        if fields.has(.contentLength) {
            guard !fields.isRepeated(.contentLength),
                let value = fields.value(.contentLength, in: bytes),
                let length = Syntax.decimal(value)
            else { return .failure(HTTPFault(400, .contentLength)) }
            found.length = length
        }
        if fields.has(.transferEncoding) {
            if let fault = found.readTransfer(bytes, fields) { return .failure(fault) }
        }
        if fields.has(.connection), let fault = found.readConnection(bytes, fields) {
            return .failure(fault)
        }
        return .success(found)
    }

    /// Only `chunked`, once, is understood. Another coding before it is 501 (RFC 9112 §6.1), and
    /// a last coding that is not `chunked` is 400 (§6.3).
    private mutating func readTransfer(
        _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex
    ) -> HTTPFault? {
        guard !fields.isRepeated(.transferEncoding),
            let value = fields.value(.transferEncoding, in: bytes)
        else { return HTTPFault(400, .transferEncoding) }
        guard length == nil else { return HTTPFault(400, .ambiguousFraming) }
        if Syntax.equalsFolded(value, "chunked") {
            transfer = .chunked
            return nil
        }
        let end = ", chunked".utf8.count
        let isListed =
            value.count > end && value.allSatisfy { Syntax.isToken($0) || $0 == 0x2C || $0 == 32 }
        if isListed, Syntax.equalsFolded(.init(rebasing: value.suffix(end)), ", chunked") {
            return HTTPFault(501, .transferEncoding)
        }
        return HTTPFault(400, .transferEncoding)
    }

    /// Connection options (RFC 9110 §7.6.1). All lines, at most 32 options a head.
    private mutating func readConnection(
        _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex
    ) -> HTTPFault? {
        var options = 0
        guard var at = fields.first(.connection) else { return nil }
        while at < fields.count {
            if fields[at].known == .connection {
                let value = bytes[fields[at].value]
                var start = 0
                while start <= value.count {
                    var end = start
                    while end < value.count, value[end] != 0x2C { end += 1 }
                    let option = value[Syntax.trimmed(value, start, end)]
                    start = end + 1
                    guard !option.isEmpty else { continue }
                    options += 1
                    guard options <= 32, Syntax.areTokens(option),
                        take(option, bytes, fields)
                    else { return HTTPFault(400, .connection) }
                }
            }
            at += 1
        }
        return nil
    }

    private mutating func take(
        _ option: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex
    ) -> Bool {
        if Syntax.equalsFolded(option, "close") {
            closes = true
            return true
        }
        if Syntax.equalsFolded(option, "keep-alive") {
            keepsAlive = true
            return true
        }
        let known = KnownField.of(option)
        guard !known.mustNotBeNominated else { return false }
        if known == .upgrade { upgrades = true }
        guard !known.isHopByHop else { return true }
        nominates = true
        var from = 0
        while let at = fields.position(of: option, in: bytes, from: from) {
            fields.markHopByHop(at)
            from = at + 1
        }
        return true
    }
}
