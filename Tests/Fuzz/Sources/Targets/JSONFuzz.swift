import GatehouseJSON
import GatehouseRegex
import GatehouseSchema

/// JSON: what is read is written as the same value in every style, and only strict texts are read.
enum JSONFuzz {
    static func check(_ input: UnsafeRawBufferPointer) throws {
        let bytes = Array(input)
        let limits = JSONLimits(maxBytes: 2048, maxDepth: 24, maxValues: 600)
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes, limits: limits)
        } catch {
            try hold(
                error.offset >= 0 && error.offset <= bytes.count && !error.reason.isEmpty,
                "an error at \(error.offset) of \(bytes.count)")
            return
        }
        try hold(String(validating: bytes, as: UTF8.self) != nil, "what is no UTF-8 is read")
        for style in [JSONStyle.compact, .pretty] {
            let again = try reparse(value.serializedBytes(style))
            try hold(again == value, "another value when written \(style)")
        }
        let canonical = value.serializedBytes(.canonical)
        let again = try reparse(canonical)
        try hold(again.serializedBytes(.canonical) == canonical, "the canonical form is unstable")
        try checkPointers(value, JSONPointer(), depth: 0)
    }

    private static func reparse(_ bytes: [UInt8]) throws -> JSONValue {
        do {
            return try JSONValue(
                parsing: bytes, limits: JSONLimits(maxBytes: 1 << 22, maxDepth: 32))
        } catch {
            throw Broken(description: "what is written is not read: \(error)")
        }
    }

    /// The pointer to every value leads to it, also when it was written and read (RFC 6901).
    private static func checkPointers(
        _ value: JSONValue, _ place: JSONPointer, depth: Int
    ) throws {
        guard depth < 4 else { return }
        switch value {
        case .array(let items):
            for (index, item) in items.prefix(8).enumerated() {
                try checkPointers(item, place.appending(index), depth: depth + 1)
            }
        case .object(let members):
            for (name, member) in members.prefix(8) {
                let next = place.appending(name)
                guard let read = JSONPointer(next.description) else {
                    throw Broken(description: "no pointer: \(next)")
                }
                try hold(
                    read.tokens.last?.utf8.elementsEqual(name.utf8) == true, "another pointer")
                try hold(value[name] == member, "a member is lost")
                try checkPointers(member, next, depth: depth + 1)
            }
        default: break
        }
    }
}

/// A schema and, behind a line end, a value: compiled or refused with a place, and every violation
/// points into the value.
enum SchemaFuzz {
    static func check(_ input: UnsafeRawBufferPointer) throws {
        let end = input.firstIndex(of: 10) ?? input.count
        guard let document = try? JSONValue(parsing: Array(input.part(0, end))) else { return }
        let schema: JSONSchema
        do {
            schema = try JSONSchema(document)
        } catch {
            try hold(!error.reason.isEmpty, "a refusal without words")
            return
        }
        guard end < input.count,
            let value = try? JSONValue(parsing: Array(input.part(end + 1, input.count)))
        else { return }
        let found = schema.validate(value)
        try hold(found.count <= SchemaLimits.violationsMax, "\(found.count) violations")
        for violation in found {
            var place = violation.instancePointer
            if violation.isAboutName { _ = place.tokens.popLast() }
            try hold(value.value(at: place) != nil, "a violation at nothing: '\(place)'")
            try hold(!violation.message.isEmpty, "a violation without words")
        }
        try hold(schema.validate(value) == found, "another verdict the second time")
        for format in ["gatehouse-secret", "gatehouse-file"] {
            for place in schema.locations(ofFormat: format, in: value) {
                try hold(value.value(at: place) != nil, "a format at nothing: '\(place)'")
            }
        }
    }
}

/// A pattern and, behind a line end, a text.
enum RegexFuzz {
    static func check(_ input: UnsafeRawBufferPointer) throws {
        let end = input.firstIndex(of: 10) ?? input.count
        guard let pattern = String(validating: input.part(0, end), as: UTF8.self) else { return }
        let regex: LinearRegex
        do {
            regex = try LinearRegex(pattern)
        } catch {
            try hold(
                error.offset >= 0 && error.offset <= pattern.utf8.count, "an error at nothing")
            return
        }
        let text = end < input.count ? Array(input.part(end + 1, input.count)) : []
        let isWhole = regex.matchesWhole(text)
        if isWhole { try hold(regex.contains(text), "the whole matches, but no part of it") }
        try text.withUnsafeBytes {
            try hold(
                regex.matchesWhole($0) == isWhole && regex.contains($0) == regex.contains(text),
                "another verdict on borrowed bytes")
        }
        let anchored = try? LinearRegex("\\A(?:" + pattern + ")\\z")
        if let anchored {
            try hold(anchored.contains(text) == isWhole, "anchors do not mean the whole")
        }
    }
}
