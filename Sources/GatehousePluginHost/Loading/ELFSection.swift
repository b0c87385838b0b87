/// A section header of an ELF file.
struct ELFSection {
    /// Its number in the table of sections.
    let index: UInt64
    /// Its name; what is not UTF-8 is replaced.
    let name: String
    let type: UInt32
    let offset: UInt64
    let size: UInt64
    /// The number of the section that belongs to it.
    let link: UInt32

    /// SHT_DYNSYM.
    static let dynamicSymbols: UInt32 = 11

    func range(in file: LibraryBytes) throws(PluginRefusal) -> Range<Int> {
        try file.range(offset, size, "a section")
    }

    /// Every section; empty when the file has no section headers.
    static func all(of file: LibraryBytes) throws(PluginRefusal) -> [ELFSection] {
        let table = try file.u64(40, "its section headers")
        let count = UInt64(try file.u16(60, "its section headers"))
        guard table != 0, count > 0 else { return [] }
        guard try file.u16(58, "its section headers") == 64,
            count <= LoadingLimits.elfSectionsMax
        else {
            throw PluginRefusal(.truncated, "it is damaged: its section headers are unusable")
        }
        _ = try file.range(table, count * 64, "its section headers")
        let namesIndex = UInt64(try file.u16(62, "its section headers"))
        guard namesIndex < count else {
            throw PluginRefusal(.truncated, "it is damaged: its sections have no names")
        }
        let namesAt = table + namesIndex * 64
        let names = try file.range(
            try file.u64(namesAt + 24, "its section names"),
            try file.u64(namesAt + 32, "its section names"), "its section names")
        var found: [ELFSection] = []
        for index in 0..<count {
            found.append(try read(file, at: table + index * 64, index: index, names: names))
        }
        return found
    }

    private static func read(
        _ file: LibraryBytes, at: UInt64, index: UInt64, names: Range<Int>
    ) throws(PluginRefusal) -> ELFSection {
        let name = try file.name(
            at: UInt64(try file.u32(at, "a section")), in: names, "the name of a section")
        let section = ELFSection(
            index: index, name: String(decoding: name, as: UTF8.self),
            type: try file.u32(at + 4, "a section"), offset: try file.u64(at + 24, "a section"),
            size: try file.u64(at + 32, "a section"), link: try file.u32(at + 40, "a section"))
        // SHT_NULL has no place, SHT_NOBITS none in the file.
        if section.type != 0, section.type != 8 { _ = try section.range(in: file) }
        return section
    }
}
