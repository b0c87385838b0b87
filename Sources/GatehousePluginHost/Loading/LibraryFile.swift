import Glibc

/// A file of the plugin directory, read once: what is examined is what is copied and loaded.
struct LibraryFile {
    /// Its path in the directory.
    let path: String
    /// Its contents.
    let bytes: [UInt8]
    /// Whether everybody may write to it.
    let isWorldWritable: Bool

    /// The directory that it lies in.
    var folder: String {
        path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/")
    }
    /// Its name without `.so`, of characters that mean nothing to the dynamic linker.
    var stem: String {
        let name = path.split(separator: "/").last ?? "plugin.so"
        let plain = name.utf8.map { byte -> UInt8 in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: byte
            default: 0x5f
            }
        }
        return String(decoding: plain.dropLast(name.hasSuffix(".so") ? 3 : 0), as: UTF8.self)
    }

    /// Reads a regular file of a bounded size; symbolic links are followed, devices never opened.
    /// - Throws: `unreadable` or `tooLarge`.
    init(reading path: String) throws(PluginRefusal) {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            throw PluginRefusal(
                .unreadable, "it cannot be read: \(ChildProcess.text(ofError: errno))")
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw PluginRefusal(.unreadable, "it is no regular file")
        }
        guard facts.st_size <= LoadingLimits.libraryBytesMax else {
            throw PluginRefusal(
                .tooLarge, "it is larger than \(LoadingLimits.libraryBytesMax >> 20) MiB")
        }
        isWorldWritable = facts.st_mode & S_IWOTH != 0
        bytes = try Self.read(descriptor, Int(facts.st_size))
    }

    private static func read(_ descriptor: Int32, _ size: Int) throws(PluginRefusal) -> [UInt8] {
        var failed: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = Glibc.read(
                    descriptor, buffer.baseAddress.map { $0 + count }, size - count)
                if got < 0, errno == EINTR { continue }
                if got < 0 { failed = errno }
                guard got > 0 else { return }
                count += got
            }
        }
        guard failed == 0 else {
            throw PluginRefusal(
                .unreadable, "it cannot be read: \(ChildProcess.text(ofError: failed))")
        }
        return bytes
    }
}

/// What a plugin directory holds.
struct PluginDirectory {
    /// The paths of the files that end in `.so`, sorted; hidden ones left out.
    private(set) var files: [String] = []
    /// What is wrong with the directory itself.
    private(set) var problems: [String] = []

    /// Lists a directory without opening a file.
    init(_ directory: String) {
        guard let resolved = realpath(directory, nil) else {
            problems = ["\(directory): \(ChildProcess.text(ofError: errno))"]
            return
        }
        defer { free(resolved) }
        let folder = String(cString: resolved)
        var facts = stat()
        if stat(folder, &facts) == 0, facts.st_mode & S_IWOTH != 0 {
            problems.append("\(folder) may be written by everybody: whoever writes there runs code")
        }
        guard let stream = opendir(folder) else {
            problems.append("\(folder): \(ChildProcess.text(ofError: errno))")
            return
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".so"), !name.hasPrefix(".") { files.append(folder + "/" + name) }
        }
        files.sort()
        if files.count > LoadingLimits.librariesMax {
            problems.append(
                "\(folder) holds \(files.count) libraries; only the first "
                    + "\(LoadingLimits.librariesMax) are looked at")
            files.removeLast(files.count - LoadingLimits.librariesMax)
        }
    }
}
