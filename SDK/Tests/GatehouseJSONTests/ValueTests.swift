import Testing

@testable import GatehouseJSON

@Suite("JSON: values")
struct ValueTests {
    @Test func `bounds are kept`() throws {
        let deep = String(repeating: "[", count: 33) + String(repeating: "]", count: 33)
        #expect(throws: JSONError(reason: "nested deeper than 32 levels", offset: 32)) {
            try JSONValue(parsing: deep)
        }
        let allowed = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        #expect(try JSONValue(parsing: allowed).arrayValue?.count == 1)
        #expect(throws: JSONError.self) {
            try JSONValue(parsing: "[1,2,3]", limits: JSONLimits(maxValues: 3))
        }
        #expect(throws: JSONError.self) {
            try JSONValue(parsing: "[1,2,3]", limits: JSONLimits(maxBytes: 6))
        }
    }

    @Test func `a name that occurs twice is refused, also where escapes hide it`() {
        #expect(throws: JSONError(reason: "a member's name occurs twice", offset: 7)) {
            try JSONValue(parsing: #"{"a":1,"a":2}"#)
        }
        #expect(throws: JSONError.self) { try JSONValue(parsing: #"{"iss":1,"\u0069ss":2}"#) }
    }

    @Test func `names are compared by their bytes, RFC 8259 section 8.3`() throws {
        let value = try JSONValue(parsing: #"{"\u00e9":1,"e\u0301":2}"#)
        #expect(value["\u{e9}"] == 1)
        #expect(value["e\u{301}"] == 2)
        #expect(JSONValue.string("\u{e9}") != .string("e\u{301}"))
    }

    @Test func `every member is found by its name alone, however many there are`() throws {
        for count in 1...20 {
            var object = JSONObject()
            for number in 0..<count { object["n\(number)"] = .number(JSONNumber(Int64(number))) }
            for number in 0..<count { #expect(object["n\(number)"]?.intValue == Int64(number)) }
            for absent in ["", "n", "m0", "n0 ", "n\(count)"] { #expect(object[absent] == nil) }
            object["n0"] = nil
            #expect(object["n0"] == nil && object.count == count - 1)
            object["n0"] = true
            #expect(object.keys.last == "n0" && object["n0"] == true)
            let isAppended = object.append("n0", false)
            #expect(!isAppended)
        }
    }

    @Test func `many members are found in a bounded time and keep their order`() throws {
        let text = "{" + (0..<5000).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}"
        var object = try #require(try JSONValue(parsing: text).objectValue)
        #expect(object["k4999"] == 4999)
        object["k0"] = nil
        #expect(object["k4999"] == 4999)
        #expect(object.keys.first == "k1")
        #expect(object["k0"] == nil)
    }

    @Test func `numbers keep their text`() throws {
        let value = try JSONValue(parsing: "[1.50, 9223372036854775808, -0, 1e400]")
        #expect(value.serialized() == "[1.50,9223372036854775808,-0,1e400]")
        #expect(value[0]?.doubleValue == 1.5)
        #expect(value[0]?.intValue == nil)
        #expect(value[1]?.intValue == nil)
        #expect(value[3]?.doubleValue == nil)
        let whole = try JSONValue(parsing: "[0, 7, 999999999999999, 1000000000000000, -7, 1e3]")
        let doubles = [0, 7, 999_999_999_999_999, 1e15, -7, 1000]
        #expect(whole.arrayValue?.map(\.doubleValue) == doubles)
        let integers: [Int64?] = [0, 7, 999_999_999_999_999, 1_000_000_000_000_000, -7, nil]
        #expect(whole.arrayValue?.map(\.intValue) == integers)
        #expect(JSONNumber("01") == nil)
        #expect(JSONNumber("") == nil)
    }

    @Test func `canonical text does not depend on the order`() throws {
        let a = try JSONValue(parsing: #"{"b":1,"a":[true,null]}"#)
        let b = try JSONValue(parsing: #"{"a":[true,null],"b":1}"#)
        #expect(a.serialized(.canonical) == b.serialized(.canonical))
        #expect(a.serialized(.compact) == #"{"b":1,"a":[true,null]}"#)
    }

    @Test func `strings are escaped so that they come back`() throws {
        let text = "\u{0}\u{1f}\u{7f}\"\\/\n\r\t\u{1f600}é"
        let value = JSONValue.string(text)
        #expect(try JSONValue(parsing: value.serialized()) == value)
        #expect(JSONValue.string("\u{1}").serialized() == "\"\\u0001\"")
    }

    @Test func `random bytes never trap`() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("{}[]\",:\\u0123eE+-.tfn \u{e9}".utf8)
        for _ in 0..<2000 {
            let bytes = (0..<40).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            _ = try? JSONValue(parsing: bytes)
        }
    }

    @Test(arguments: [
        ("", []), ("/", [""]), ("/a~1b/m~0n", ["a/b", "m~n"]), ("/foo/0", ["foo", "0"]),
    ]) func `pointers, RFC 6901`(text: String, tokens: [String]) throws {
        let pointer = try #require(JSONPointer(text))
        #expect(pointer.tokens == tokens)
        #expect(pointer.description == text)
    }

    @Test func `pointers lead to values`() throws {
        let value = try JSONValue(parsing: #"{"foo":["bar",{"a/b":1}],"":0}"#)
        #expect(value.value(at: try #require(JSONPointer("/foo/1/a~1b"))) == 1)
        #expect(value.value(at: try #require(JSONPointer("/"))) == 0)
        #expect(value.value(at: try #require(JSONPointer("/foo/01"))) == nil)
        #expect(JSONPointer("foo") == nil)
        #expect(JSONPointer("/~2") == nil)
    }
}
