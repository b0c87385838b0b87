/// The bounds of loading: unit, value, reason.
public enum LoadingLimits {
    /// A plugin library, bytes: a Swift library with all of Foundation inside has 58 MB.
    public static let libraryBytesMax = 256 << 20
    /// Files ending in `.so` in one plugin directory: far more than anybody installs.
    public static let librariesMax = 1_024
    /// Plugins of one library.
    public static let pluginsPerLibraryMax = 64
    /// A manifest, bytes: a dozen short members.
    public static let manifestBytesMax = 64 << 10
    /// A configuration schema, bytes: the largest of our own is below 64 KiB.
    public static let schemaBytesMax = 1 << 20
    /// What the probing process may report in all, bytes.
    public static let reportBytesMax = 8 << 20
    /// What is kept of a probed library's standard output and error, bytes: enough for a message.
    public static let noiseBytesMax = 4 << 10
    /// How long probing one library may take, milliseconds: it takes 2 to 25 on an idle machine.
    public static let probeMsDefault: UInt32 = 10_000
    /// Section headers of one ELF file that are looked at: a library has some forty.
    public static let elfSectionsMax = 4_096
    /// Program headers of one ELF file.
    public static let elfSegmentsMax = 512
    /// Dynamic symbols of one ELF file: a library that hides nothing has some 20,000.
    public static let elfSymbolsMax = 1 << 20
    /// Entries of the dynamic section.
    public static let elfDynamicMax = 4_096
    /// A name in a string table, bytes: mangled names get long.
    public static let elfNameBytesMax = 4 << 10
}

/// Text of a plugin in a sentence of ours.
enum LoadingText {
    /// Whether a character may stand in a message: no controls, no direction overrides.
    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        default: true
        }
    }

    /// At most `most` characters of a text; what is not printable becomes a question mark.
    static func printable(_ text: String, most: Int) -> String {
        var shown = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard index < most else { return shown + "..." }
            shown.unicodeScalars.append(isPrintable(scalar) ? scalar : "?")
        }
        return shown
    }

    /// The same of bytes.
    static func printable(_ bytes: some Collection<UInt8>, most: Int) -> String {
        printable(String(decoding: bytes.prefix(most * 4), as: UTF8.self), most: most)
    }
}
