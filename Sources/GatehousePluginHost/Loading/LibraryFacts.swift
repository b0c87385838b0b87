import CGatehouse

/// What a library's `.gatehouse` section says (`gh_descriptor`).
struct LibraryDescriptor: Sendable, Hashable {
    /// The major version of the contract that it was built for.
    var abiMajor: UInt32
    /// The lowest minor version of the contract that it needs.
    var abiMinorRequired: UInt32
    /// Bit 0: uses the shared Swift runtime that is shipped with the gateway.
    var flags: UInt32
    /// The build that it belongs to, 16 bytes.
    var buildStamp: [UInt8]

    /// Whether it is one of the gateway's own plugins.
    var isFirstParty: Bool { flags & UInt32(GH_DESCRIPTOR_SHARED_SWIFT) != 0 }
}

/// What a library file says without being executed.
struct LibraryFacts: Sendable, Hashable {
    /// The libraries that it asks for, DT_NEEDED.
    var needed: [String] = []
    /// Where it looks for them, DT_RUNPATH or DT_RPATH, split at colons.
    var runPaths: [String] = []
    /// Whether `gatehouse_plugin_entry_v1` is an exported function.
    var exportsEntry = false
    /// How many further symbols it exports.
    var otherExports = 0
    /// The first of them.
    var firstOtherExport = ""
    /// Its descriptor; nil: it has none.
    var descriptor: LibraryDescriptor?
    /// Whether a Go runtime is inside.
    var hasGoRuntime = false

    /// The one symbol that a library exports; the major version is in its name.
    static let entryName = Array("gatehouse_plugin_entry_v1".utf8)

    /// Reads the facts from the bytes of a file.
    ///
    /// Pure; never traps whatever the bytes are, and looks at a bounded number of them.
    /// - Throws: `notELF`, `wrongMachine` or `truncated`.
    init(parsing bytes: [UInt8]) throws(PluginRefusal) {
        let file = LibraryBytes(bytes: bytes)
        try Self.checkIdentity(file)
        let segments = try Self.segments(file)
        let sections = try ELFSection.all(of: file)
        try readDynamic(file, segments)
        try readSections(file, sections)
    }

    // MARK: The file's header

    private static func checkIdentity(_ file: LibraryBytes) throws(PluginRefusal) {
        guard file.bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else {
            let what = file.bytes.isEmpty ? "it is empty" : "it is no ELF file"
            throw PluginRefusal(.notELF, "\(what), so no shared library for Linux")
        }
        let identity = try file.range(0, 64, "its ELF header")
        guard file.bytes[identity.lowerBound + 4] == 2 else {
            throw PluginRefusal(.wrongMachine, "it is no 64-bit library")
        }
        guard file.bytes[identity.lowerBound + 5] == 1 else {
            throw PluginRefusal(.wrongMachine, "it is a big-endian library")
        }
        let machine = try file.u16(18, "its machine")
        guard machine == ownMachine else {
            throw PluginRefusal(
                .wrongMachine,
                "it is built for \(name(ofMachine: machine)), not for "
                    + name(ofMachine: ownMachine)
            )
        }
        guard try file.u16(16, "its type") == 3 else {
            throw PluginRefusal(.wrongMachine, "it is an ELF file, but no shared library")
        }
    }

    #if arch(arm64)
        static let ownMachine: UInt16 = 183
    #else
        static let ownMachine: UInt16 = 62
    #endif

    private static func name(ofMachine machine: UInt16) -> String {
        switch machine {
        case 3: "x86"
        case 21: "ppc64"
        case 22: "s390x"
        case 40: "arm"
        case 62: "x86_64"
        case 183: "aarch64"
        case 243: "riscv"
        default: "machine \(machine)"
        }
    }

    // MARK: Segments

    private struct Segment {
        var type: UInt32
        var offset: UInt64
        var address: UInt64
        var size: UInt64
    }

    private static func segments(_ file: LibraryBytes) throws(PluginRefusal) -> [Segment] {
        let table = try file.u64(32, "its program headers")
        let count = UInt64(try file.u16(56, "its program headers"))
        guard try file.u16(54, "its program headers") == 56, count > 0,
            count <= LoadingLimits.elfSegmentsMax
        else {
            throw PluginRefusal(.truncated, "it is damaged: it has no usable program headers")
        }
        _ = try file.range(table, count * 56, "its program headers")
        var found: [Segment] = []
        for index in 0..<count {
            let at = table + index * 56
            let segment = Segment(
                type: try file.u32(at, "a segment"), offset: try file.u64(at + 8, "a segment"),
                address: try file.u64(at + 16, "a segment"),
                size: try file.u64(at + 32, "a segment"))
            // A loadable part behind the end of the file would be a SIGBUS when it is touched.
            if segment.type == 1 || segment.type == 2 {
                _ = try file.range(segment.offset, segment.size, "a segment")
            }
            found.append(segment)
        }
        return found
    }

    /// The place in the file of an address in memory.
    private static func offset(of address: UInt64, in segments: [Segment]) -> UInt64? {
        for segment in segments where segment.type == 1 && address >= segment.address {
            let inside = address - segment.address
            if inside < segment.size { return segment.offset + inside }
        }
        return nil
    }

    // MARK: The dynamic section

    private mutating func readDynamic(
        _ file: LibraryBytes, _ segments: [Segment]
    ) throws(PluginRefusal) {
        guard let dynamic = segments.first(where: { $0.type == 2 }) else {
            throw PluginRefusal(.wrongMachine, "it is an ELF file, but no shared library")
        }
        var names: [(tag: UInt64, offset: UInt64)] = []
        var tableAddress: UInt64?
        var tableSize: UInt64 = 0
        let entries = min(dynamic.size / 16, UInt64(LoadingLimits.elfDynamicMax))
        for index in 0..<entries {
            let at = dynamic.offset + index * 16
            let tag = try file.u64(at, "its dynamic section")
            let value = try file.u64(at + 8, "its dynamic section")
            switch tag {
            case 0: break
            case 1, 15, 29: names.append((tag, value))
            case 5: tableAddress = value
            case 10: tableSize = value
            default: continue
            }
            if tag == 0 { break }
        }
        guard let address = tableAddress, let start = Self.offset(of: address, in: segments) else {
            throw PluginRefusal(.truncated, "it is damaged: its dynamic section has no names")
        }
        let table = try file.range(start, tableSize, "the table of its dynamic names")
        for (tag, offset) in names {
            let name = try file.name(at: offset, in: table, "the name of a library that it needs")
            let text = String(decoding: name, as: UTF8.self)
            if tag == 1 {
                needed.append(text)
            } else {
                runPaths += text.split(separator: ":").map(String.init)
            }
        }
    }

    // MARK: Sections

    private mutating func readSections(
        _ file: LibraryBytes, _ sections: [ELFSection]
    ) throws(PluginRefusal) {
        let goNames: Set<String> = [".go.buildinfo", ".gopclntab", ".note.go.buildid"]
        hasGoRuntime = sections.contains { goNames.contains($0.name) }
        if let section = sections.first(where: { $0.name == ".gatehouse" }) {
            descriptor = try Self.descriptor(file, section)
        }
        let tables = sections.filter { $0.type == ELFSection.dynamicSymbols }
        // A file has one (gABI, "Sections"); thousands of one range would take hours to read.
        guard tables.count <= 1 else {
            throw PluginRefusal(.truncated, "it is damaged: it has several tables of symbols")
        }
        for section in tables {
            let names = sections.first { $0.index == UInt64(section.link) }
            guard let names else {
                throw PluginRefusal(.truncated, "it is damaged: its symbols have no names")
            }
            try readSymbols(file, section, try names.range(in: file))
        }
    }

    private mutating func readSymbols(
        _ file: LibraryBytes, _ section: ELFSection, _ names: Range<Int>
    ) throws(PluginRefusal) {
        let count = section.size / 24
        guard count <= LoadingLimits.elfSymbolsMax else {
            throw PluginRefusal(.truncated, "it is damaged: it has too many symbols")
        }
        for index in 0..<count {
            let at = section.offset + index * 24
            let info = try file.u16(at + 4, "a symbol")
            let home = try file.u16(at + 6, "a symbol")
            let binding = info >> 4 & 0xf
            let visibility = info >> 8 & 3
            // Global, weak or unique; defined here; default or protected visibility.
            guard [1, 2, 10].contains(binding), home != 0, visibility == 0 || visibility == 3 else {
                continue
            }
            let offset = UInt64(try file.u32(at, "a symbol"))
            let name = try file.name(at: offset, in: names, "the name of a symbol")
            if name.elementsEqual(Self.entryName), [0, 2, 10].contains(info & 0xf) {
                exportsEntry = true
            } else if !Self.isLinkers(name) {
                if otherExports == 0 { firstOtherExport = LoadingText.printable(name, most: 60) }
                otherExports += 1
            }
        }
    }

    /// Symbols that linkers put into every library.
    private static func isLinkers(_ name: ArraySlice<UInt8>) -> Bool {
        let own = ["_init", "_fini", "_edata", "_end", "__bss_start"]
        return own.contains { name.elementsEqual($0.utf8) }
    }

    private static func descriptor(
        _ file: LibraryBytes, _ section: ELFSection
    ) throws(PluginRefusal) -> LibraryDescriptor {
        let at = section.offset
        let wrong = PluginRefusal(
            .missingDescriptor, "its .gatehouse section holds no descriptor of a plugin")
        guard section.size >= 40 else { throw wrong }
        let magic = file.bytes[try file.range(at, 8, "its descriptor")]
        let size = try file.u32(at + 8, "its descriptor")
        guard magic.elementsEqual(Array("GATEHSE".utf8) + [0]), size >= 40,
            UInt64(size) <= section.size
        else { throw wrong }
        return LibraryDescriptor(
            abiMajor: try file.u32(at + 12, "its descriptor"),
            abiMinorRequired: try file.u32(at + 16, "its descriptor"),
            flags: try file.u32(at + 20, "its descriptor"),
            buildStamp: Array(file.bytes[try file.range(at + 24, 16, "its descriptor")]))
    }
}
