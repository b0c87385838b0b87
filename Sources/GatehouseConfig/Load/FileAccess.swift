import Glibc

/// Reads files, bounded.
enum FileAccess {
    /// The bytes of a file and who may read it.
    struct Content {
        var bytes: [UInt8]
        /// Others than owner and group may read it.
        var isWorldReadable: Bool
    }

    /// Why a file could not be read, for a message; without the path.
    struct Failure: Error {
        var reason: String
    }

    /// Reads a regular file or a pipe of at most `limit` bytes.
    static func read(_ path: String, limit: Int) throws(Failure) -> Content {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard file >= 0 else { throw Failure(reason: reason(errno)) }
        defer { close(file) }
        return try read(file, limit: limit)
    }

    /// Reads standard input to its end.
    static func readStandardInput(limit: Int) throws(Failure) -> Content {
        try read(STDIN_FILENO, limit: limit)
    }

    private static func read(_ file: Int32, limit: Int) throws(Failure) -> Content {
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw Failure(reason: reason(errno)) }
        guard facts.st_mode & S_IFMT != S_IFDIR else { throw Failure(reason: "is a directory") }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(reason: reason(errno)) }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= limit else {
                throw Failure(reason: "is larger than \(limit) bytes")
            }
        }
        return Content(bytes: bytes, isWorldReadable: facts.st_mode & S_IROTH != 0)
    }

    /// Whether others may read a file; nil when there is none.
    static func isWorldReadable(_ path: String) -> Bool? {
        var facts = stat()
        return stat(path, &facts) == 0 ? facts.st_mode & S_IROTH != 0 : nil
    }

    /// The directory that relative paths start from, absolute.
    static func currentDirectory() -> String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }

    private static func reason(_ code: Int32) -> String {
        switch code {
        case ENOENT: "does not exist"
        case EACCES, EPERM: "may not be read"
        case EISDIR: "is a directory"
        default: String(cString: strerror(code)).lowercased()
        }
    }
}

/// Paths as text.
enum Paths {
    /// A path that may be relative to an absolute directory.
    static func absolute(_ path: String, in directory: String) -> String {
        if path.hasPrefix("/") { return path }
        var rest = path[...]
        while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
        return directory.hasSuffix("/") ? directory + rest : "\(directory)/\(rest)"
    }

    /// The directory of a file, absolute.
    static func directory(of file: String, from current: String) -> String {
        let path = absolute(file, in: current)
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
