import Testing

@testable import GatehouseRegex

@Suite("Linear regular expressions")
struct LinearRegexTests {
    @Test(arguments: [
        ("abc", "abc", true), ("abc", "abcd", false), ("a|bc", "bc", true), ("", "", true),
        ("a*", "aaaa", true), ("a+", "", false), ("a?b", "b", true), ("a{2,3}", "aaa", true),
        ("a{2,3}", "aaaa", false), ("a{2}", "aa", true), ("a{2,}", "aaaaa", true),
        ("(ab)+?c", "ababc", true), ("[a-c]+", "abcabc", true), ("[^a-c]", "a", false),
        ("[]a]+", "]a", true), ("[a-]+", "a-a", true), ("\\d+\\.\\d", "12.5", true),
        ("\\w+\\s\\W", "ab_9 !", true), ("(?i)AbC", "aBc", true), ("(?i:a)b", "AB", false),
        ("(?i)[a-z]+", "XYZ", true), ("(?i)ä", "Ä", true), (".", "\n", false),
        ("(?s).", "\n", true), ("^/mcp(/.*)?$", "/mcp/x", true), ("^/mcp(/.*)?$", "/mcpx", false),
        ("(?P<n>a)(?<m>b)", "ab", true), ("\\x41\\u0042\\x{43}\\U00000044", "ABCD", true),
        ("[[:alpha:]_][[:^alpha:]]", "_9", true), ("a\\b.c", "a c", true), ("a\\Bb", "ab", true),
        ("é+", "éé", true), ("(|a)+", "aaa", true), ("(a*)*", "aaaa", true), ("^*a$+", "a", true),
        ("(?:)*x", "x", true),
        ("\\/\\-\\.", "/-.", true), ("a}]", "a}]", true), ("(?x) a b # c", "ab", true),
        ("(?:a|b){0}", "", true), ("[\\w.-]+@[\\d]", "a.b-c@1", true), ("[\\]\\\\]+", "]\\", true),
    ])
    func `the whole text matches, or does not`(_ row: (String, String, Bool)) throws {
        let regex = try LinearRegex(row.0)
        #expect(regex.matchesWhole(row.1) == row.2)
    }

    @Test(arguments: [
        ("b", "abc", true), ("^b", "abc", false), ("c$", "abc", true), ("(?m)^b$", "a\nb\nc", true),
        ("^b$", "a\nb\nc", false), ("\\bfoo\\b", "a foo b", true), ("\\bfoo\\b", "afoo", false),
        ("^[a-z]{2}-\\d+$", "ab-12", true), ("", "x", true), ("x*$", "yyy", true),
        ("^https?://", "http://a", true),
    ])
    func `a part of the text matches, or does not`(_ row: (String, String, Bool)) throws {
        let regex = try LinearRegex(row.0)
        #expect(regex.contains(row.1) == row.2)
    }

    @Test(arguments: [
        ("(a", 0), ("a)", 1), ("a**b{", 4), ("[a", 0), ("a\\", 1), ("\\1", 0), ("(?=a)", 0),
        ("(?<!a)b", 0), ("\\p{L}", 0), ("[b-a]", 1), ("a{3,2}", 1), ("*a", 0), ("a{1001}", 5),
        ("é(", 2), ("[a&&b]", 2), ("[[a]]", 1), ("(?z)", 2), ("\\y", 0), ("a{,3}", 1),
        ("(?<1a>x)", 3), ("\\x{110000}", 0),
    ])
    func `a pattern that is not served is an error with its offset`(_ row: (String, Int)) {
        do throws(RegexError) {
            _ = try LinearRegex(row.0)
            Issue.record("accepted \(row.0)")
        } catch {
            #expect(error.offset == row.1, "\(row.0): \(error.reason)")
        }
    }

    @Test func `a program beyond its bound is refused`() {
        #expect(throws: RegexError.self) { try LinearRegex("((a{100}){100}){100}") }
        #expect(throws: RegexError.self) { try LinearRegex(String(repeating: "(", count: 99)) }
        #expect(throws: RegexError.self) { try LinearRegex(String(repeating: "a", count: 5000)) }
        #expect(throws: Never.self) { try LinearRegex("(){1000}(a{0}){1000}((){1000}){1000}") }
    }

    /// Each of these takes exponential or quadratic time in an engine that backtracks.
    @Test(arguments: [
        "(a+)+", "(a|aa)+", "(a|a?)+", "(.*a){20}", "(a*)*b", "a*a*a*a*a*b", "([a-z]+)*1",
        "(x+x+)+y", "a?a?a?a?a?a?a?a?a?a?aaaaaaaaaa",
    ])
    func `the work is at most the program for each character`(_ pattern: String) throws {
        let regex = try LinearRegex(pattern)
        let program = regex.program.instructions.count
        for length in [100, 1000, 10_000] {
            let text = Array(repeating: UInt8(97), count: length) + [33]
            for isWhole in [true, false] {
                let matcher = RegexMatcher(program: regex.program, isWhole: isWhole)
                #expect(matcher.run(text.span).steps <= program * (length + 2))
            }
        }
    }

    @Test func `bytes that are not UTF-8 match nothing`() throws {
        let any = try LinearRegex("(?s).*")
        #expect(any.matchesWhole([0x61, 0xC3, 0xA9]))
        for bad: [UInt8] in [
            [0xFF], [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xC3], [0xF5, 0x80],
        ] {
            #expect(!any.matchesWhole(bad))
            bad.withUnsafeBytes { #expect(!any.matchesWhole($0)) }
        }
    }
}
