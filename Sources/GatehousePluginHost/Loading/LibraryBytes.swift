/// Bounded reading of little-endian numbers and names in the bytes of a file.
///
/// Offsets come from the file: every one is checked, none can overflow. What lies outside throws
/// `truncated` with what was looked for.
struct LibraryBytes {
    let bytes: [UInt8]

    /// A range of the file.
    /// - Throws: `truncated` when it is not wholly inside.
    func range(_ offset: UInt64, _ count: UInt64, _ what: String) throws(PluginRefusal) -> Range<
        Int
    > {
        let size = UInt64(bytes.count)
        guard offset <= size, count <= size - offset else {
            throw PluginRefusal(
                .truncated, "it is truncated or damaged: \(what) lies behind its end")
        }
        return Int(offset)..<Int(offset + count)
    }

    func u16(_ offset: UInt64, _ what: String) throws(PluginRefusal) -> UInt16 {
        UInt16(truncatingIfNeeded: try number(offset, 2, what))
    }

    func u32(_ offset: UInt64, _ what: String) throws(PluginRefusal) -> UInt32 {
        UInt32(truncatingIfNeeded: try number(offset, 4, what))
    }

    func u64(_ offset: UInt64, _ what: String) throws(PluginRefusal) -> UInt64 {
        try number(offset, 8, what)
    }

    private func number(
        _ offset: UInt64, _ width: UInt64, _ what: String
    ) throws(PluginRefusal) -> UInt64 {
        var value: UInt64 = 0
        for index in try range(offset, width, what).reversed() {
            value = value << 8 | UInt64(bytes[index])
        }
        return value
    }

    /// The bytes of a name in a string table, up to its zero.
    /// - Throws: `truncated` when it begins or ends outside of the table.
    func name(
        at offset: UInt64, in table: Range<Int>, _ what: String
    ) throws(PluginRefusal) -> ArraySlice<UInt8> {
        let size = UInt64(table.count)
        if offset < size {
            let start = table.lowerBound + Int(offset)
            let end = min(table.upperBound, start + LoadingLimits.elfNameBytesMax)
            if let zero = bytes[start..<end].firstIndex(of: 0) { return bytes[start..<zero] }
        }
        throw PluginRefusal(.truncated, "it is truncated or damaged: \(what) has no end")
    }
}
