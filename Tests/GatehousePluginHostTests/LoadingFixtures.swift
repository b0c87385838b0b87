import CGatehouse
import Glibc

@testable import GatehousePluginHost

/// The C fixtures, compiled once a run into a directory that is removed at the end of the process.
struct LoadingFixtures {
    /// Compiled on first use.
    static let shared = LoadingFixtures()

    /// The checkout's root.
    let root: String
    /// Where the compiled files lie.
    let folder: String
    /// What the compiler had to say; empty when everything was compiled.
    private(set) var complaints: [String] = []

    private init() {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        root = parts.joined(separator: "/")
        folder = Self.temporaryFolder()
        atexit { LoadingFixtures.remove(LoadingFixtures.shared.folder) }
        for name in Self.names(in: root + "/Tests/Fixtures/plugins") {
            compileLibrary(name, to: library(name))
        }
        compileProgram("prober", with: ["probe.c", "library.c"])
        compileProgram("wrong_nonce", with: [])
    }

    /// A compiled library by its source's name without `.c`.
    func library(_ name: String) -> String { "\(folder)/\(name).so" }

    /// A compiled program by its source's name without `.c`.
    func program(_ name: String) -> String { "\(folder)/\(name)" }

    /// A new directory with copies of these libraries, named as they are.
    ///
    /// The caller removes it.
    func directory(of names: [String]) throws -> String {
        let made = Self.temporaryFolder()
        for name in names {
            try Self.write(Self.read(library(name)), to: "\(made)/\(name).so")
        }
        return made
    }

    /// What the product does, with our prober.
    var options: PluginCatalog.Options {
        var options = PluginCatalog.Options()
        options.prober = [program("prober")]
        return options
    }

    // MARK: Files

    static func read(_ path: String) throws -> [UInt8] { try LibraryFile(reading: path).bytes }

    static func write(_ bytes: [UInt8], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        defer { close(file) }
        let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        guard count == bytes.count else { throw PluginRefusal(.unreadable, "cannot write \(path)") }
    }

    static func temporaryFolder() -> String {
        var template = Array("/tmp/gatehouse-fixtures-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return "/nonexistent" }
        return String(decoding: template.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
    }

    /// Removes a directory and everything in it.
    static func remove(_ path: String) {
        for name in names(in: path, suffix: "") where name != "." && name != ".." {
            let inner = "\(path)/\(name)"
            if unlink(inner) != 0 { remove(inner) }
        }
        rmdir(path)
    }

    /// The names in a directory that end so, without the ending, sorted.
    static func names(in folder: String, suffix: String = ".c") -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var found: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(suffix) { found.append(String(name.dropLast(suffix.utf8.count))) }
        }
        return found.sorted()
    }

    // MARK: Compiling

    private mutating func compileLibrary(_ name: String, to path: String) {
        var arguments = ["-shared", "-fPIC", "-fvisibility=hidden"]
        arguments.append("\(root)/Tests/Fixtures/plugins/\(name).c")
        if name == "private_library" {
            // The layout of the product: plugins/ beside lib/, found through the run path.
            let helper = "\(root)/Tests/Fixtures/probers/helper.c"
            mkdir(folder + "/lib", 0o755)
            cc(["-shared", "-fPIC", helper, "-o", folder + "/lib/libfixturehelper.so"])
            arguments += ["-L\(folder)/lib", "-lfixturehelper", "-Wl,-rpath,$ORIGIN/../lib"]
        }
        cc(arguments + ["-o", path])
    }

    private mutating func compileProgram(_ name: String, with sources: [String]) {
        let own = "\(root)/Tests/Fixtures/probers/\(name).c"
        cc([own] + sources.map { "\(root)/Sources/CGatehouseHost/\($0)" } + ["-o", program(name)])
    }

    private mutating func cc(_ arguments: [String]) {
        let shared = [
            "/usr/bin/cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror",
            "-I\(root)/SDK/Sources/CGatehouse/include", "-I\(root)/Sources/CGatehouseHost/include",
        ]
        do {
            let result = try ChildProcess.run(
                shared + arguments, environment: ["PATH=/usr/bin:/bin"], limitMs: 120_000)
            guard result.end != .exited(0) else { return }
            complaints.append(String(decoding: result.errors, as: UTF8.self))
        } catch {
            complaints.append(error.reason)
        }
    }
}

/// A host that offers every interface of the contract with empty tables, immortal as a host must
/// be.
enum LoadingHost {
    nonisolated(unsafe) static let pointer: UnsafePointer<gh_host> = {
        let host = UnsafeMutablePointer<gh_host>.allocate(capacity: 1)
        host.initialize(to: gh_host())
        host.pointee.struct_size = UInt32(MemoryLayout<gh_host>.size)
        host.pointee.get_interface = { _, id in
            guard let id, let table = LoadingHost.tables else { return nil }
            return String(cString: id).hasPrefix("gatehouse.host.")
                && !String(cString: id).contains("telepathy") ? UnsafeRawPointer(table) : nil
        }
        return UnsafePointer(host)
    }()

    /// Zeroed memory: tables without functions.
    nonisolated(unsafe) private static let tables = calloc(64, 8)
}
