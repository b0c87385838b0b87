import GatehouseJSON
import Testing

@testable import GatehouseSchema

private func schema(_ text: String) throws -> JSONSchema {
    try JSONSchema(JSONValue(parsing: text))
}

private func messages(_ schemaText: String, _ value: String) throws -> [String] {
    try schema(schemaText).validate(JSONValue(parsing: value)).map {
        "\($0.instancePointer): \($0.message)"
    }
}

@Suite("JSON Schema 2020-12: keywords")
struct KeywordTests {
    /// Schema, a value that fits, a value that does not.
    static let rows: [(String, String, String)] = [
        (#"{"type":"string"}"#, #""a""#, "1"),
        (#"{"type":"integer"}"#, "2.0", "2.5"),
        (#"{"type":"number"}"#, "2.5", #""2.5""#),
        (#"{"type":["null","boolean"]}"#, "null", "0"),
        (#"{"type":"object"}"#, "{}", "[]"),
        (#"{"type":"array"}"#, "[]", "{}"),
        (#"{"enum":["a",1]}"#, "1.0", #""b""#),
        (#"{"const":{"a":[1]}}"#, #"{"a":[1.0]}"#, #"{"a":[2]}"#),
        (#"{"minimum":3}"#, "3", "2.9"),
        (#"{"maximum":3}"#, "3", "3.1"),
        (#"{"exclusiveMinimum":3}"#, "4", "3"),
        (#"{"exclusiveMaximum":3}"#, "2", "3.0"),
        (#"{"minLength":2}"#, #""é€""#, #""€""#),
        (#"{"maxLength":1}"#, #""😀""#, #""ab""#),
        (#"{"pattern":"b+c"}"#, #""abbcd""#, #""abd""#),
        (#"{"pattern":"^b$"}"#, #""b""#, #""abc""#),
        (#"{"minItems":1}"#, "[1]", "[]"),
        (#"{"maxItems":1}"#, "[1]", "[1,2]"),
        (#"{"uniqueItems":true}"#, "[1,2]", "[1,1.0]"),
        (#"{"items":{"type":"string"}}"#, #"["a"]"#, #"["a",1]"#),
        (#"{"prefixItems":[{"const":1}],"items":false}"#, "[1]", "[1,2]"),
        (#"{"required":["a"]}"#, #"{"a":1}"#, #"{"b":1}"#),
        (#"{"properties":{"a":{"type":"null"}}}"#, #"{"a":null}"#, #"{"a":1}"#),
        (
            #"{"properties":{"a":{}},"additionalProperties":false}"#, #"{"a":1}"#,
            #"{"b":1}"#
        ),
        (#"{"additionalProperties":{"type":"null"}}"#, #"{"a":null}"#, #"{"a":1}"#),
        (#"{"patternProperties":{"^x-":{"type":"null"}}}"#, #"{"y":1}"#, #"{"x-a":1}"#),
        (
            #"{"patternProperties":{"^x-":{}},"additionalProperties":false}"#, #"{"x-a":1}"#,
            #"{"y":1}"#
        ),
        (#"{"propertyNames":{"pattern":"^[a-z]+$"}}"#, #"{"a":1}"#, #"{"A":1}"#),
        (#"{"minProperties":1}"#, #"{"a":1}"#, "{}"),
        (#"{"maxProperties":1}"#, #"{"a":1}"#, #"{"a":1,"b":1}"#),
        (#"{"dependentRequired":{"a":["b"]}}"#, #"{"b":1}"#, #"{"a":1}"#),
        (#"{"allOf":[{"minimum":1},{"maximum":2}]}"#, "2", "3"),
        (#"{"anyOf":[{"const":1},{"const":2}]}"#, "2", "3"),
        (#"{"oneOf":[{"minimum":1},{"maximum":2}]}"#, "3", "1.5"),
        (#"{"not":{"type":"null"}}"#, "1", "null"),
        (
            #"{"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}"#,
            #"{"a":1,"b":1}"#, #"{"a":1,"c":1}"#
        ),
        (
            #"{"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}"#,
            #"{"c":1}"#, #"{"d":1}"#
        ),
        (##"{"$defs":{"x":{"type":"null"}},"items":{"$ref":"#/$defs/x"}}"##, "[null]", "[1]"),
        (##"{"items":{"$ref":"#"},"type":"array"}"##, "[[[]]]", "[[1]]"),
        (#"{"format":"uri"}"#, #""https://a/b""#, #""/b""#),
        (#"{"format":"gatehouse-duration"}"#, #""10ms""#, #""10 ms""#),
        (#"{"format":"gatehouse-secret"}"#, #""x""#, #""""#),
        (#"{"format":"other"}"#, #""anything""#, "x"),
        ("true", "1", "x"),
    ]

    @Test(arguments: rows.indices)
    func `each keyword accepts and refuses`(row: Int) throws {
        let (text, good, bad) = Self.rows[row]
        #expect(try messages(text, good).isEmpty, "\(text) refuses \(good)")
        guard bad != "x" else { return }
        #expect(try !messages(text, bad).isEmpty, "\(text) accepts \(bad)")
    }

    @Test func `false refuses everything`() throws {
        #expect(try messages("false", "1") == [": is not allowed here"])
    }

    @Test(arguments: [
        (#"{"contains":{}}"#, "/contains"), (#"{"items":{"multipleOf":2}}"#, "/items/multipleOf"),
        (#"{"unevaluatedProperties":false}"#, "/unevaluatedProperties"),
        (#"{"$ref":"https://example.com/s"}"#, "/$ref"), (##"{"$ref":"#/$defs/no"}"##, "/$ref"),
        (#"{"type":"text"}"#, "/type"), (#"{"pattern":"(?=a)"}"#, "/pattern"),
        (##"{"$schema":"http://json-schema.org/draft-07/schema#"}"##, "/$schema"),
        (#"{"properties":{"a/b":{"format":1}}}"#, "/properties/a~1b/format"),
        (#"{"minLength":-1}"#, "/minLength"), (#"{"items":{"$id":"x"}}"#, "/items/$id"),
    ])
    func `another keyword is refused at load with a pointer`(text: String, place: String) throws {
        let error = #expect(throws: SchemaError.self) { try schema(text) }
        #expect(error?.pointer.description == place)
    }

    @Test func `recursion and work are bounded`() throws {
        let loop = try schema(##"{"$ref":"#"}"##)
        #expect(try loop.validate(JSONValue(parsing: "1")).count == 1)
        let nested =
            String(repeating: #"{"items":"#, count: 200) + "true"
            + String(repeating: "}", count: 200)
        let limits = JSONLimits(maxDepth: 400)
        let deep = try JSONValue(parsing: nested, limits: limits)
        #expect(throws: SchemaError.self) { try JSONSchema(deep) }
        let wide =
            ##"{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]}},"##
            + ##""$ref":"#/$defs/a"}"##
        #expect(try !schema(wide).validate(JSONValue(parsing: "1")).isEmpty)
    }
}

@Suite("JSON Schema 2020-12: messages")
struct MessageTests {
    static let keys = #"""
        {"type":"object","additionalProperties":false,"properties":{
          "mode":{"enum":["strict","optional"]},
          "jwks":{"oneOf":[
            {"type":"object","additionalProperties":false,"required":["url"],
             "properties":{"url":{"type":"string","minLength":1}}},
            {"type":"object","additionalProperties":false,"required":["file"],
             "properties":{"file":{"type":"string"}}},
            {"type":"string"}]},
          "clientSecret":{"type":"string","format":"gatehouse-secret","maxLength":3}}}
        """#

    @Test(arguments: [
        (#"{"modes":1}"#, "/modes: unknown key 'modes'", "did you mean 'mode'?"),
        (#"{"xyz":1}"#, "/xyz: unknown key 'xyz'", "known here: mode, jwks, clientSecret"),
        (#"{"mode":"strct"}"#, "/mode: must be one of strict, optional", "did you mean 'strict'?"),
        (#"{"jwks":{"url":""}}"#, "/jwks/url: must not be empty", nil),
        (#"{"jwks":{"file":1}}"#, "/jwks/file: must be text", "quote it to make it text"),
        (#"{"jwks":{"fiel":"x"}}"#, "/jwks/fiel: unknown key 'fiel'", "did you mean 'file'?"),
        (#"{"jwks":[]}"#, "/jwks: must have one of the forms {url}, {file}, text", nil),
        (#"{"jwks":{}}"#, "/jwks: must have one of the forms {url}, {file}, text", nil),
    ])
    func `a violation says what is wanted`(
        value: String, message: String, suggestion: String?
    ) throws {
        let found = try schema(Self.keys).validate(JSONValue(parsing: value))
        let first = try #require(found.first)
        #expect("\(first.instancePointer): \(first.message)" == message)
        #expect(first.suggestion == suggestion)
    }

    @Test func `the value of a secret is never in a message`() throws {
        let found = try schema(Self.keys).validate(
            JSONValue(parsing: #"{"clientSecret":"hunter2","mode":"hunter2"}"#))
        #expect(found.count == 2)
        #expect(!found.contains { "\($0)".contains("hunter2") })
    }

    @Test func `all violations are reported, in the order of the value`() throws {
        let found = try messages(
            #"{"properties":{"b":{"type":"null"},"a":{"type":"null"}},"required":["c"]}"#,
            #"{"a":1,"b":2}"#)
        #expect(found == [": 'c' is missing", "/a: must be null", "/b: must be null"])
    }

    @Test func `what may be a secret is found in every branch`() throws {
        let text = ##"""
            {"$defs":{"s":{"format":"gatehouse-secret"}},
             "properties":{"list":{"items":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/s"}]}}},
             "additionalProperties":{"format":"gatehouse-secret"}}
            """##
        let value = try JSONValue(parsing: #"{"list":["a","b"],"other":{"file":"x"}}"#)
        let found = try schema(text).locations(ofFormat: "gatehouse-secret", in: value)
        #expect(found.map(\.description) == ["/list/0", "/list/1", "/other"])
    }
}

@Suite("Did you mean")
struct NamesTests {
    @Test(arguments: [
        ("allowOrigin", "allowOrigins"), ("ALLOWORIGINS", "allowOrigins"),
        ("alowOrgins", "allowOrigins"), ("corz", "cors"), ("crso", nil), ("xyz", nil),
        ("mcp", nil), ("", nil),
    ])
    func `the nearest name is within a slip`(name: String, nearest: String?) {
        #expect(Names.nearest(to: name, among: ["cors", "allowOrigins"]) == nearest)
    }
}
