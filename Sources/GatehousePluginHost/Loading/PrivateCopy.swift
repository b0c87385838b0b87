import Glibc

/// A copy of a library that nobody else can change, at a path that is never used again.
///
/// The directory has mode 0700 and looks to the library like the place that it came from: what its
/// run paths reach relative to `$ORIGIN` is there as symbolic links. It exists for the time of one
/// call; what is loaded by then stays mapped.
struct PrivateCopy {
    /// Directories in which it may be made; the first that can hold executable files is taken.
    let roots: [String]

    /// The roots for a configuration of none.
    static func defaultRoots() -> [String] {
        var roots: [String] = []
        if let chosen = getenv("TMPDIR") { roots.append(String(cString: chosen)) }
        return (roots + ["/tmp", "/run/user/\(getuid())", "/dev/shm"]).filter { !$0.isEmpty }
    }

    /// Makes the copy, calls `body` with its path, removes it.
    /// - Throws: `notCopied`, or what `body` throws.
    func with<R>(
        _ library: LibraryFile, runPaths: [String], needed: [String],
        _ body: (_ path: String) throws(PluginRefusal) -> R
    ) throws(PluginRefusal) -> R {
        var layout = try makeLayout()
        defer { layout.remove() }
        let origin = layout.base + "/plugins"
        try layout.folder(origin)
        let path = origin + "/" + library.stem + ".so"
        try layout.file(path, library.bytes)
        for (name, target) in links(library.folder, runPaths, needed) where name != "plugins" {
            layout.link(origin + "/" + name, to: target)
        }
        return try body(path)
    }

    /// What must be reachable beside the copy: name relative to the copy's folder, and target.
    ///
    /// `$ORIGIN/../lib` needs `../lib`; `$ORIGIN/private/x` needs `private`; `$ORIGIN` alone needs
    /// the libraries that are asked for by name and lie beside the original.
    private func links(
        _ folder: String, _ runPaths: [String], _ needed: [String]
    ) -> [(name: String, target: String)] {
        var found: [(String, String)] = []
        for runPath in runPaths {
            let parts = runPath.split(separator: "/", omittingEmptySubsequences: true)
            guard let first = parts.first, first == "$ORIGIN" || first == "${ORIGIN}" else {
                continue
            }
            if parts.count == 1 {
                found += needed.filter { !$0.contains("/") && access(folder + "/" + $0, R_OK) == 0 }
                    .map { ($0, folder + "/" + $0) }
            } else {
                let count = parts[1] == ".." ? 3 : 2
                let name = parts[1..<min(count, parts.count)].joined(separator: "/")
                if !name.hasSuffix("..") { found.append((name, folder + "/" + name)) }
            }
        }
        return found
    }

    private func makeLayout() throws(PluginRefusal) -> Layout {
        var reasons: [String] = []
        for root in roots {
            var facts = statvfs()
            guard statvfs(root, &facts) == 0 else { continue }
            guard facts.f_flag & 8 == 0 else {  // ST_NOEXEC
                reasons.append("\(root) is mounted noexec")
                continue
            }
            var template = Array("\(root)/gatehouse-XXXXXX".utf8CString)
            if mkdtemp(&template) != nil {
                let base = String(
                    decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
                return Layout(base: base)
            }
            reasons.append("\(root): \(ChildProcess.text(ofError: errno))")
        }
        let why =
            reasons.isEmpty ? "none of the directories exists" : reasons.joined(separator: ", ")
        throw PluginRefusal(
            .notCopied, "no directory can hold a private copy of it; set TMPDIR (\(why))")
    }
}

/// The directory of one copy, and everything that was put into it.
private struct Layout {
    let base: String
    private var files: [String] = []
    private var folders: [String] = []

    init(base: String) {
        self.base = base
        folders = [base]
    }

    mutating func folder(_ path: String) throws(PluginRefusal) {
        guard mkdir(path, 0o700) == 0 else { throw failure(path) }
        folders.append(path)
    }

    mutating func file(_ path: String, _ bytes: [UInt8]) throws(PluginRefusal) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        files.append(path)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let refusal = failure(path)
                close(descriptor)
                throw refusal
            }
            written += count
        }
        guard close(descriptor) == 0 else { throw failure(path) }
    }

    /// A link that cannot be made is no failure: the library may not need it after all.
    mutating func link(_ path: String, to target: String) {
        if symlink(target, path) == 0 { files.append(path) }
    }

    private func failure(_ path: String) -> PluginRefusal {
        PluginRefusal(
            .notCopied,
            "its private copy could not be made: \(path): \(ChildProcess.text(ofError: errno))")
    }

    func remove() {
        for file in files { unlink(file) }
        for folder in folders.reversed() { rmdir(folder) }
    }
}
