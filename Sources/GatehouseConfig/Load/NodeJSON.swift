import GatehouseJSON

/// A node as JSON, with the node and the place of every value by JSON Pointer.
struct NodeJSON {
    private(set) var value: JSONValue = .null
    private(set) var nodes: [String: Node] = [:]
    private(set) var places: [String: SourceMap.Place] = [:]
    /// What is no JSON value: `.inf`, `.nan`.
    private(set) var notJSON: [Node] = []

    init(_ node: Node) {
        value = convert(node, key: nil, at: JSONPointer(tokens: []))
    }

    private mutating func convert(
        _ node: Node, key: Range<Mark>?, at pointer: JSONPointer
    ) -> JSONValue {
        let text = pointer.description
        nodes[text] = node
        places[text] = SourceMap.Place(
            key: key, value: node.range, isCollection: node.scalar == nil)
        switch node.content {
        case .scalar(let scalar): return self.scalar(scalar, node)
        case .sequence(let items):
            return .array(
                items.enumerated().map { index, item in
                    convert(item, key: nil, at: pointer.appending(String(index)))
                })
        case .mapping(let members):
            var object = JSONObject()
            for member in members {
                object[member.key] = convert(
                    member.value, key: member.keyRange, at: pointer.appending(member.key))
            }
            return .object(object)
        }
    }

    private mutating func scalar(_ scalar: Scalar, _ node: Node) -> JSONValue {
        switch scalar.value {
        case .null: return .null
        case .boolean(let flag): return .bool(flag)
        case .integer(let text), .decimal(let text):
            return JSONNumber(text).map(JSONValue.number) ?? .string(scalar.text)
        case .notFinite:
            notJSON.append(node)
            return .null
        case .text, .unresolved: return .string(scalar.text)
        }
    }
}

extension JSONValue {
    /// The value with another one at a place that exists.
    func replacing(_ tokens: ArraySlice<String>, with new: JSONValue) -> JSONValue {
        guard let token = tokens.first else { return new }
        switch self {
        case .object(var object):
            if let old = object[token] {
                object[token] = old.replacing(tokens.dropFirst(), with: new)
            }
            return .object(object)
        case .array(var items):
            if let index = Int(token), items.indices.contains(index) {
                items[index] = items[index].replacing(tokens.dropFirst(), with: new)
            }
            return .array(items)
        default: return self
        }
    }
}
