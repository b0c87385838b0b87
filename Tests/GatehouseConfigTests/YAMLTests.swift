import Testing

@testable import GatehouseConfig

@Suite("YAML: scalars, variables, positions")
struct YAMLTests {
    /// YAML 1.2.2 section 10.3.2.
    @Test(arguments: [
        ("", Scalar.Value.null), ("~", .null), ("NULL", .null), ("nULL", .text),
        ("true", .boolean(true)), ("False", .boolean(false)), ("yes", .text), ("off", .text),
        ("0", .integer("0")), ("-0", .integer("0")), ("+12", .integer("12")),
        ("010", .integer("10")), ("0o17", .integer("15")), ("0xFF", .integer("255")),
        ("0x", .text), ("0b1", .text), ("-", .text), ("1_000", .text), ("12:30", .text),
        ("1.5", .decimal("1.5")), ("-.5e+03", .decimal("-0.5e3")), ("1.", .decimal("1")),
        ("1e-2", .decimal("1e-2")), (".", .text), ("1e", .text), ("1.2.3", .text),
        (".inf", .notFinite), ("-.INF", .notFinite), (".NaN", .notFinite),
        ("99999999999999999999", .integer("99999999999999999999")),
    ])
    func `a plain scalar is what the core schema says`(text: String, value: Scalar.Value) {
        #expect(CoreSchema.resolve(text) == value)
    }

    @Test(arguments: [
        ("a", "a"), ("$A", "$A"), ("${A}", "1"), ("x${A}y${A}", "x1y1"), ("${B:-2}", "2"),
        ("${EMPTY:-2}", "2"), ("${EMPTY}", ""), ("${A:-2}", "1"), ("$${A}", "${A}"),
        ("$$${A}", "$${A}"), ("${B:-}", ""), ("${B:-a:-b}", "a:-b"), ("${NEST}", "${A}"),
    ])
    func `variables are expanded once`(text: String, expected: String) throws {
        let environment = ["A": "1", "EMPTY": "", "NEST": "${A}"]
        #expect(try Expansion.expand(text, environment: environment) == expected)
    }

    @Test(arguments: ["${B}", "${", "${A", "${}", "${A-b}", "${A:=b}", "${1}", "${A b}"])
    func `a variable that cannot be expanded is an error`(text: String) {
        #expect(throws: Expansion.Problem.self) {
            try Expansion.expand(text, environment: ["A": "1"])
        }
    }

    @Test func `what comes out of a variable cannot change the structure`() {
        let outcome = loader(["X": "a\nport: 1"]).load("port: 3000\nupstream: ${X}\n")
        #expect(outcome.configuration == nil)
        #expect(outcome.diagnostics.map(\.position.line) == [2])
        let number = loader(["PORT": "3000"]).load("port: ${PORT}\nupstream: localhost:1\n")
        #expect(number.configuration?.binds.first?.port == 3000)
    }

    @Test func `line breaks of every kind count and columns count characters`() {
        let text = "# ä\r\nport: 3000\rupstream: \"é€😀\" \n"
        let outcome = loader().load(text)
        #expect(outcome.diagnostics.map { "\($0.position)" } == ["t.yaml:3:11"])
        #expect(outcome.diagnostics.first?.sourceLine == "upstream: \"é€😀\" ")
    }

    @Test func `what is not UTF-8 and what is too large is refused`() {
        let bytes = Array("port: 1\nx: ".utf8) + [0xff]
        let outcome = loader().load(bytes: bytes, name: "t.yaml", directory: "/")
        #expect(outcome.diagnostics.map(\.message) == ["this is not UTF-8"])
        #expect(outcome.diagnostics.first?.position.line == 2)
        // A form feed ends no line of YAML, and a replacement character may be meant.
        let odd = Array("a: \u{C}\u{C}\u{FFFD}\r\nb: é".utf8) + [0xe2, 0x28]
        let place = loader().load(bytes: odd, name: "t.yaml", directory: "/")
        #expect(place.diagnostics.map { "\($0.position)" } == ["t.yaml:2:5"])
        let large = String(repeating: " ", count: FileLimits.bytesMax + 1)
        #expect(loader().load(large).configuration == nil)
    }

    @Test func `any prefix and any damage of a file is survived`() throws {
        let path = "\(Golden.root)/good/everything.yaml"
        let bytes = try FileAccess.read(path, limit: 1 << 20).bytes
        for at in stride(from: 0, to: bytes.count, by: 7) {
            _ = loader().load(bytes: Array(bytes[..<at]), name: "t", directory: "/")
            var damaged = bytes
            damaged[at] = [0x00, 0x3a, 0x5b, 0x7b, 0x22, 0xc3, 0x09][at % 7]
            let outcome = loader().load(bytes: damaged, name: "t", directory: "/")
            #expect(outcome.configuration != nil || !outcome.diagnostics.isEmpty)
            _ = outcome.diagnostics.rendered()
        }
    }

    @Test func `a terminal's control characters are not repeated`() {
        let outcome = loader().load("port: \"\\e[31m\u{202E}\"\nupstream: localhost:1\n")
        let text = outcome.diagnostics.rendered()
        #expect(!text.contains("\u{202E}") && !text.contains("\u{1B}"))
    }

    @Test func `one line with many mistakes is answered in bounded work`() {
        let keys = (0..<20_000).map { "\"unknown\($0)\":1" }.joined(separator: ",")
        let outcome = loader().load("{\(keys)}")
        #expect(outcome.diagnostics.count == FileLimits.diagnosticsMax + 1)
        #expect(outcome.diagnostics.allSatisfy { $0.sourceLine.count < 200 })
    }

    @Test func `a hundred diagnostics are shown and the rest is counted`() {
        let keys = (0..<150).map { "unknownKey\($0): 1\n" }.joined()
        let outcome = loader().load(keys)
        #expect(outcome.diagnostics.count == FileLimits.diagnosticsMax + 1)
        #expect(outcome.diagnostics.last?.message == "and 51 more")
    }
}
