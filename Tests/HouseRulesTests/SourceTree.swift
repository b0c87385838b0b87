import Foundation

/// The checkout that these tests read: the folder that holds Package.swift.
enum SourceTree {
    static let root: URL = {
        var folder = URL(fileURLWithPath: #filePath)
        while !FileManager.default.fileExists(atPath: folder.path + "/Package.swift") {
            folder.deleteLastPathComponent()
        }
        return folder
    }()

    /// The folders that hold code of ours.
    static let folders = [
        "Sources", "SDK/Sources", "Plugins", "Benchmarks", "Tests", "SDK/Tests", "examples",
    ]

    /// One file: its path from the root, and its lines.
    struct File: Sendable {
        let path: String
        let lines: [Substring]
    }

    /// Every file below `folders` whose name ends in one of `extensions`, vectors left out.
    static func files(in folders: [String] = folders, _ extensions: [String]) -> [File] {
        folders.flatMap { folder -> [File] in
            let names = FileManager.default.enumerator(atPath: root.path + "/" + folder)
            let paths = (names?.allObjects as? [String] ?? []).sorted().map { folder + "/" + $0 }
            return paths.filter { path in
                extensions.contains { path.hasSuffix("." + $0) } && !path.contains("/.build")
                    && !path.hasPrefix("Tests/Vectors")
            }.compactMap { path in
                guard
                    let text = try? String(contentsOfFile: root.path + "/" + path, encoding: .utf8)
                else { return nil }
                return File(
                    path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false)
                )
            }
        }
    }
}
