import Glibc
import Synchronization

/// The file of `keys.file`, held by this process: made with mode 0600 and by rename, so that no
/// reader ever meets half of it, and locked while the process lives. [control]
///
/// The lock is on `PATH.lock` beside it: a rename replaces the file itself.
final class KeyFile: Sendable {
    /// Why the file cannot be used.
    enum Refusal: Error, Sendable, Equatable {
        /// Another process holds it.
        case held
        /// It is there and cannot be read.
        case unreadable(String)
        /// It is no file of keys.
        case malformed
        /// Its group or others may read or write it.
        case open(mode: UInt32)
        /// It cannot be made.
        case unwritable(String)
    }

    let path: String
    /// Open, and so locked, until the process ends.
    private let lock: Int32
    private let state: Mutex<KeyFileContents>

    private init(path: String, lock: Int32, contents: KeyFileContents) {
        self.path = path
        self.lock = lock
        state = Mutex(contents)
    }

    deinit { close(lock) }

    /// What stands in it.
    var contents: KeyFileContents { state.withLock { $0 } }

    /// Opens the file and locks it, makes it where it is missing, and adds a key where that is due.
    static func hold(
        _ path: String, now: Int64, longestLife: Int64
    ) throws(Refusal) -> KeyFile {
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw .unwritable(reason()) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let why = reason()
            close(lock)
            throw isHeld ? .held : .unwritable(why)
        }
        do throws(Refusal) {
            var contents: KeyFileContents
            var isChanged: Bool
            if let found = try read(path) {
                contents = found
                isChanged = contents.rotate(now: now, longestLife: longestLife)
            } else {
                guard let new = KeyFileContents(now: now) else { throw .unwritable("no entropy") }
                contents = new
                isChanged = true
            }
            if isChanged { try write(contents, to: path) }
            return KeyFile(path: path, lock: lock, contents: contents)
        } catch {
            close(lock)
            throw error
        }
    }

    /// What stands in the file, without a lock; `nil` where there is none.
    static func read(_ path: String) throws(Refusal) -> KeyFileContents? {
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            guard errno == ENOENT else { throw .unreadable(reason()) }
            return nil
        }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw .unreadable("it is no file") }
        guard facts.st_mode & 0o077 == 0 else { throw .open(mode: facts.st_mode & 0o777) }
        guard let bytes = FileContents.read(path, limit: KeyFileContents.maximumBytes) else {
            throw .unreadable(reason())
        }
        guard let contents = KeyFileContents(parsing: bytes) else { throw .malformed }
        return contents
    }

    /// Notes the issuer of a route, on the disk too; false where it could not be written.
    func record(_ issuer: String, route: String) -> Bool {
        state.withLock { contents in
            var changed = contents
            guard changed.record(issuer, route: route) else {
                return contents.issuers[route] == issuer
            }
            do { try Self.write(changed, to: path) } catch { return false }
            contents = changed
            return true
        }
    }

    /// Adds a key where that is due; false where it could not be written.
    func rotate(now: Int64, longestLife: Int64) -> Bool {
        state.withLock { contents in
            var changed = contents
            guard changed.rotate(now: now, longestLife: longestLife) else { return true }
            do { try Self.write(changed, to: path) } catch { return false }
            contents = changed
            return true
        }
    }

    /// Writes beside the file and renames; both the file and the name are on the disk afterwards.
    private static func write(_ contents: KeyFileContents, to path: String) throws(Refusal) {
        let temporary = path + ".new"
        // Whoever left it behind held the lock then, and this process holds it now.
        unlink(temporary)
        let descriptor = open(
            temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unwritable(reason()) }
        let isWritten =
            fchmod(descriptor, 0o600) == 0 && put(contents.serialized, descriptor)
            && fsync(descriptor) == 0
        let why = reason()
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            let text = isWritten ? reason() : why
            unlink(temporary)
            throw .unwritable(text)
        }
        let folder = open(parent(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .unwritable(reason()) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw .unwritable(reason()) }
    }

    private static func put(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, Array(rest), rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last error of the system in words.
    private static func reason() -> String {
        // Since version 2.32 glibc keeps the text for each thread.
        strerror(errno).map { String(cString: $0) } ?? "error \(errno)"
    }
}

extension KeyFile {
    private static let held = Mutex<[String: KeyFile]>([:])

    /// The file of that path, which the process opens once, whatever names it.
    static func shared(
        _ path: String, now: Int64, longestLife: Int64
    ) throws(Refusal) -> KeyFile {
        let result = held.withLock { files -> Result<KeyFile, Refusal> in
            if let file = files[path] {
                return file.rotate(now: now, longestLife: longestLife)
                    ? .success(file) : .failure(.unwritable("the new key could not be kept"))
            }
            do throws(Refusal) {
                let file = try hold(path, now: now, longestLife: longestLife)
                files[path] = file
                return .success(file)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
