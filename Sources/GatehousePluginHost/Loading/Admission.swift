import CGatehouse

/// Whether a library may be executed at all, decided from what its file says.
struct Admission {
    /// The major version of the contract; it is in the entry's name.
    static let abiMajor = UInt32(GH_ABI_MAJOR)
    /// The highest minor version of the contract that this gateway speaks.
    static let abiMinor = UInt32(GH_ABI_MINOR)

    /// Whether libraries with a Go runtime are let in.
    var allowsGo = false
    /// The build that first-party plugins must carry; nil: any.
    var buildStamp: [UInt8]?

    /// Lets a library in, with sentences about what is unusual.
    /// - Throws: the first reason against it.
    func check(_ facts: LibraryFacts) throws(PluginRefusal) -> [String] {
        guard facts.exportsEntry else {
            throw PluginRefusal(
                .missingSymbol, "it does not export gatehouse_plugin_entry_v1, so it is no plugin")
        }
        guard let descriptor = facts.descriptor else {
            throw PluginRefusal(
                .missingDescriptor, "it has no .gatehouse section that describes a plugin")
        }
        try checkABI(descriptor)
        try checkRuntimes(facts, descriptor)
        guard facts.otherExports > 0 else { return [] }
        return [
            "exports \(facts.otherExports) symbols beside its entry, the first is "
                + "\(facts.firstOtherExport): build it with hidden visibility or a version script"
        ]
    }

    private func checkABI(_ descriptor: LibraryDescriptor) throws(PluginRefusal) {
        guard descriptor.abiMajor == Self.abiMajor else {
            throw PluginRefusal(
                .wrongABI,
                "it is built for version \(descriptor.abiMajor) of the plugin ABI; this gateway "
                    + "speaks version \(Self.abiMajor)")
        }
        guard descriptor.abiMinorRequired <= Self.abiMinor else {
            throw PluginRefusal(
                .wrongABI,
                "it needs version \(Self.abiMajor).\(descriptor.abiMinorRequired) of the plugin "
                    + "ABI; this gateway speaks \(Self.abiMajor).\(Self.abiMinor)")
        }
    }

    private func checkRuntimes(
        _ facts: LibraryFacts, _ descriptor: LibraryDescriptor
    ) throws(PluginRefusal) {
        let swift = facts.needed.first {
            $0.hasPrefix("libswift") || $0.hasPrefix("libFoundation")
                || $0.hasPrefix("lib_Foundation")
        }
        if let swift, !descriptor.isFirstParty {
            let name = LoadingText.printable(swift, most: 60)
            throw PluginRefusal(
                .foreignSwiftRuntime,
                "it needs \(name): only the gateway's own plugins use the shared Swift runtime; "
                    + "link it with -static-stdlib")
        }
        if descriptor.isFirstParty, let buildStamp, descriptor.buildStamp != buildStamp {
            throw PluginRefusal(
                .otherBuild,
                "it is one of the gateway's own plugins, but of another build than this gateway")
        }
        if facts.hasGoRuntime, !allowsGo {
            throw PluginRefusal(
                .goRuntime,
                "it contains a Go runtime, which takes over signals and costs a microsecond a call")
        }
    }
}
