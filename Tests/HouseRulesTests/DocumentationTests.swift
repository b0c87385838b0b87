import Foundation
import Testing

/// What the documentation names is there.
@Suite("House rules: documentation")
struct DocumentationTests {
    @Test func `the hooks of docs/provider-hooks.md are those that the policy asks`() {
        let text = SourceTree.files(in: ["docs"], ["md"]).first {
            $0.path == "docs/provider-hooks.md"
        }
        let rows = (text?.lines ?? []).filter { $0.hasPrefix("| `") && $0.contains("/0` |") }
        let documented = Set(rows.compactMap { $0.split(separator: "`").dropFirst().first })
        let asked = hooks(in: ["Plugins/Policies"])
        #expect(documented.count > 10, "the table of hooks was not found")
        let unasked = documented.subtracting(asked).sorted()
        #expect(unasked.isEmpty, "in the table, and no policy asks: \(unasked)")
        let missing = asked.subtracting(documented).sorted()
        #expect(missing.isEmpty, "a policy asks, and the table lacks: \(missing)")
        let unknown = hooks(in: ["Plugins/Providers"]).subtracting(documented).sorted()
        #expect(unknown.isEmpty, "an adapter answers, and the table lacks: \(unknown)")
    }

    @Test func `links between documents lead to files and to headings`() {
        var wrong: [String] = []
        for file in documents {
            for (number, line) in file.lines.enumerated() {
                for target in links(in: line) where !leads(target, from: file.path) {
                    wrong.append("\(file.path):\(number + 1): \(target)")
                }
            }
        }
        #expect(wrong.isEmpty, "\(wrong)")
    }

    private var documents: [SourceTree.File] {
        SourceTree.files(in: ["docs", "Plugins", "examples"], ["md"])
            + SourceTree.files(in: ["."], ["md"]).filter { $0.path == "./README.md" }
    }

    /// Names such as `"describe/0"` in the Swift sources of these folders.
    private func hooks(in folders: [String]) -> Set<Substring> {
        let lines = SourceTree.files(in: folders, ["swift"]).flatMap(\.lines)
        let names = lines.flatMap { line in
            line.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 && $0.element.hasSuffix("/0") }.map(\.element)
        }
        return Set(names.filter { $0.dropLast(2).allSatisfy { "_".contains($0) || $0.isLetter } })
    }

    /// The targets of `[text](target)` that are no URLs.
    private func links(in line: Substring) -> [Substring] {
        line.split(separator: "](", omittingEmptySubsequences: false).dropFirst()
            .map { $0.prefix { $0 != ")" } }.filter { !$0.contains("://") }
    }

    private func leads(_ target: Substring, from path: String) -> Bool {
        let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let here = SourceTree.root.appendingPathComponent(path)
        let file =
            parts[0].isEmpty
            ? here : here.deletingLastPathComponent().appendingPathComponent(String(parts[0]))
        guard parts.count > 1 else {
            return FileManager.default.fileExists(atPath: file.path)
        }
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return false }
        return text.split(separator: "\n").contains {
            $0.hasPrefix("#") && anchor(of: $0) == parts[1]
        }
    }

    /// The anchor that a heading gets.
    private func anchor(of heading: Substring) -> String {
        heading.drop { $0 == "#" || $0 == " " }.lowercased().compactMap { letter -> String? in
            if letter == " " { return "-" }
            return letter.isLetter || letter.isNumber || "-_".contains(letter)
                ? String(letter) : nil
        }.joined()
    }
}
