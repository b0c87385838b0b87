/// A JSON Schema (2020-12), compiled.
public struct JSONSchema: Sendable {}
