import Testing

@Suite("House rules: measures of files and functions")
struct MeasureTests {
    @Test func `no source file is longer than 500 lines`() {
        let long = SourceTree.files(["swift", "c", "h", "py"]).filter { $0.lines.count > 501 }
        #expect(long.isEmpty, "split: \(long.map { "\($0.path) has \($0.lines.count)" })")
    }

    @Test func `no line is longer than 100 columns`() {
        let long = SourceTree.files(["swift"]).flatMap { file in
            file.lines.enumerated().filter { $0.element.count > 100 }
                .map { "\(file.path):\($0.offset + 1)" }
        }
        #expect(long.isEmpty, "wrap: \(long)")
    }

    /// A body ends at the first line that is the opener's indentation and a brace: the format is
    /// fixed by the formatter, so no parser is needed.
    @Test func `no function is longer than 70 lines`() {
        let folders = ["Sources", "SDK/Sources", "Plugins"]
        let long = SourceTree.files(in: folders, ["swift"]).flatMap { file in
            longFunctions(in: file, limit: 70)
        }
        #expect(long.isEmpty, "split: \(long)")
    }

    @Test func `the measure of functions finds a long one`() {
        let body = Array(repeating: Substring("        work()"), count: 71)
        let lines = ["    func long() {"] + body + ["    }"]
        let file = SourceTree.File(path: "x.swift", lines: lines)
        #expect(longFunctions(in: file, limit: 70) == ["x.swift:1 (72)"])
    }

    @Test func `a requirement of a protocol is no long function`() {
        let lines =
            ["    func short() -> Int", "    /// Another one."]
            + Array(repeating: Substring("    var line: Int { get }"), count: 71) + ["    }"]
        let file = SourceTree.File(path: "x.swift", lines: lines)
        #expect(longFunctions(in: file, limit: 70).isEmpty)
    }

    /// Whether the declaration that begins these lines opens a body before another begins.
    private func hasBody(_ lines: ArraySlice<Substring>) -> Bool {
        let margin = lines.first?.prefix { $0 == " " } ?? ""
        for (place, line) in lines.enumerated() {
            let code = line.dropFirst(margin.count)
            if place > 0, line.hasPrefix(margin), !code.hasPrefix(" "), !code.hasPrefix(")") {
                return false
            }
            if line.hasSuffix("{") { return true }
        }
        return false
    }

    private func longFunctions(in file: SourceTree.File, limit: Int) -> [String] {
        var found: [String] = []
        for (start, line) in file.lines.enumerated() {
            let code = line.drop { $0 == " " }
            let words = code.prefix(while: { $0 != "(" && $0 != "{" }).split(separator: " ")
            guard words.contains("func") || code.hasPrefix("init("), !code.hasPrefix("//") else {
                continue
            }
            let end = line.prefix { $0 == " " } + "}"
            guard let last = file.lines[start...].firstIndex(of: end) else { continue }
            if hasBody(file.lines[start...last]), last - start + 1 > limit + 1 {
                found.append("\(file.path):\(start + 1) (\(last - start))")
            }
        }
        return found
    }
}
