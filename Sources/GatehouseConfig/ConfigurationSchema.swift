public import GatehouseJSON
import GatehouseSchema

/// The JSON Schema (2020-12) of the whole file, with the installed plugins' schemas in it.
///
/// It is made of the shapes that a file is checked against. What it cannot say is left to the
/// loader; what it says, the loader says too. A plugin that is not installed is refused here, so
/// that an editor marks it, and only warned of by the loader.
public struct ConfigurationSchema: Sendable {
    /// The schema.
    public let document: JSONValue

    /// Makes the schema for these plugins.
    public init(plugins: [InstalledPlugin]) {
        let writer = SchemaWriter(plugins: plugins)
        document = writer.file()
    }
}

/// Shapes to schemas.
struct SchemaWriter {
    let plugins: [InstalledPlugin]

    func file() -> JSONValue {
        var root = object(CoreShape.file)
        root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        root["$id"] = "urn:gatehouse:configuration"
        root["title"] = "Configuration of Gatehouse"
        root["anyOf"] = [["required": ["binds"]], ["required": ["port", "upstream"]]]
        var definitions = JSONObject()
        for plugin in plugins { definitions[Self.name(plugin)] = embedded(plugin) }
        root["$defs"] = .object(definitions)
        return .object(root)
    }

    private static func name(_ plugin: InstalledPlugin) -> String {
        "\(plugin.kind.rawValue).\(plugin.name)"
    }

    private static func identifier(_ plugin: InstalledPlugin) -> String {
        "urn:gatehouse:\(plugin.kind.rawValue):\(plugin.name)"
    }

    // MARK: Shapes

    private func schema(_ shape: Shape) -> JSONObject {
        switch shape {
        case .text(let format): return text(format)
        case .integer(let range):
            return orVariable([
                "type": "integer", "minimum": .number(JSONNumber(Int64(range.lowerBound))),
                "maximum": .number(JSONNumber(Int64(range.upperBound))),
            ])
        case .flag: return orVariable(["type": "boolean"])
        case .list(let item, let least):
            var list: JSONObject = ["type": "array", "items": .object(schema(item))]
            if least > 0 { list["minItems"] = .number(JSONNumber(Int64(least))) }
            return list
        case .object(let shape): return object(shape)
        }
    }

    /// A value that `${VAR}` may stand for is text in the file.
    private func orVariable(_ schema: JSONObject) -> JSONObject {
        let variable: JSONObject = ["type": "string", "pattern": #"\$\{"#]
        return ["anyOf": .array([.object(schema), .object(variable)])]
    }

    private func text(_ format: TextFormat) -> JSONObject {
        var schema: JSONObject = ["type": "string"]
        if case .byteSize = format { schema["type"] = ["string", "integer"] }
        for (keyword, text) in format.schemaKeywords {
            schema[keyword] = try? JSONValue(parsing: text)
        }
        return schema["enum"] == nil ? schema : orVariable(schema)
    }

    private func object(_ shape: ObjectShape) -> JSONObject {
        var properties = JSONObject()
        for key in shape.keys {
            var schema = schema(key.shape)
            schema["description"] = .string(key.description)
            if let standard = key.standard, let value = try? JSONValue(parsing: standard) {
                schema["default"] = value
            } else if let standard = key.standard {
                schema["description"] = .string("\(key.description) Default: \(standard).")
            }
            properties[key.name] = .object(schema)
        }
        for plugin in plugins where plugin.kind == shape.others {
            properties[plugin.name] = use(plugin, "#/$defs/\(Self.name(plugin))")
        }
        var schema: JSONObject = ["type": "object", "properties": .object(properties)]
        let required = shape.keys.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { schema["required"] = .array(required) }
        schema["additionalProperties"] = false
        return schema
    }

    /// A plugin's configuration; nothing at all stands for an empty mapping.
    private func use(_ plugin: InstalledPlugin, _ reference: String) -> JSONValue {
        ["anyOf": [["$ref": .string(reference)], ["type": "null"]]]
    }

    // MARK: Plugins

    /// A plugin's schema as a resource of its own, so that its references stay inside it.
    private func embedded(_ plugin: InstalledPlugin) -> JSONValue {
        guard var root = rewritten(plugin.schema.document).objectValue else {
            return plugin.schema.document
        }
        root["$id"] = .string(Self.identifier(plugin))
        return .object(root)
    }

    /// What is no schema, or is a condition that must stay as it is.
    private static let kept: Set<String> = ["enum", "const", "default", "examples", "if", "not"]

    /// Whether text with `${VAR}` in it would not fit although what it expands to may.
    private func mayBeVariable(_ schema: JSONObject) -> Bool {
        let types = ["boolean", "integer", "number"]
        return schema["enum"]?.arrayValue != nil
            || schema["type"]?.stringValue.map(types.contains) ?? false
    }

    /// Secrets may be `{file: path}`, and the names of providers are those that are installed.
    private func rewritten(_ schema: JSONValue) -> JSONValue {
        switch schema {
        case .array(let items): return .array(items.map { rewritten($0) })
        case .object(let members):
            var object = JSONObject()
            for (key, value) in members {
                let isData = Self.kept.contains(key)
                object[key] = isData ? value : rewritten(value)
            }
            switch object["format"]?.stringValue {
            case "gatehouse-secret": return secret(object)
            case "gatehouse-provider": return provider(object)
            default: return mayBeVariable(object) ? .object(orVariable(object)) : .object(object)
            }
        default: return schema
        }
    }

    private func secret(_ schema: JSONObject) -> JSONValue {
        let file: JSONValue = [
            "type": "object", "required": ["file"], "additionalProperties": false,
            "properties": ["file": ["type": "string", "minLength": 1]],
        ]
        return ["anyOf": [.object(schema), file]]
    }

    private func provider(_ schema: JSONObject) -> JSONValue {
        var schema = schema
        var properties = JSONObject()
        for plugin in plugins where plugin.kind == .provider {
            properties[plugin.name] = use(plugin, Self.identifier(plugin))
        }
        schema["properties"] = .object(properties)
        schema["additionalProperties"] = false
        return .object(schema)
    }
}
