/// One field line of a head or a trailer section (RFC 9112 §5).
enum FieldLine {
    /// Reads the line that lies in `bytes` from `start` up to `end`.
    ///
    /// A line that begins with white space (obs-fold, RFC 9112 §5.2) and white space before the
    /// colon (§5.1) are refused, as is every control character (RFC 9110 §5.5).
    @inline(__always)
    static func read(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int
    ) -> Result<(name: ByteRange, value: ByteRange, known: KnownField), HTTPFault> {
        var at = start
        var hasUnderscore = false
        while at < end {
            at = Syntax.afterNameBytes(bytes, at)
            guard at < end, Syntax.isToken(bytes[at]) else { break }
            if bytes[at] == 0x5F { hasUnderscore = true }
            at += 1
        }
        guard at > start, at < end, bytes[at] == 0x3A else {
            return .failure(HTTPFault(400, .fieldName))
        }
        let name = ByteRange(start, at)
        let value = Syntax.trimmed(bytes, at + 1, end)
        guard Syntax.areValue(bytes[value]) else { return .failure(HTTPFault(400, .fieldValue)) }
        if hasUnderscore, isAmbiguous(bytes[name]) {
            return .failure(HTTPFault(400, .ambiguousName))
        }
        return .success((name, value, KnownField.of(bytes[name])))
    }

    /// Whether a name with underscores becomes a known one where they are read as hyphens, as many
    /// servers behind a gateway do (`Transfer_Encoding`, `X_Forwarded_For`).
    private static func isAmbiguous(_ name: UnsafeRawBufferPointer) -> Bool {
        guard name.count <= 64 else { return false }
        return withUnsafeTemporaryAllocation(byteCount: name.count, alignment: 1) { copy in
            for at in 0..<name.count { copy[at] = name[at] == 0x5F ? 0x2D : name[at] }
            let known = KnownField.of(UnsafeRawBufferPointer(copy))
            return known.isDecisive || known.isHopByHop
        }
    }
}
