public import GatehouseSchema

/// A plugin that can be used, as the plugin directory tells.
public struct InstalledPlugin: Sendable {
    /// The kind of a plugin.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Decides about exchanges; a key of `policies`.
        case policy
        /// Ends the chain instead of an upstream; a key of a `backends` entry.
        case backend
        /// An identity provider's adapter; a key under a property of format
        /// `gatehouse-provider`.
        case provider
    }

    /// The kind.
    public var kind: Kind
    /// The name in the configuration.
    public var name: String
    /// The order class of its manifest: `cors`, `authentication`, `normal` or `backend`.
    public var orderClass: String
    /// The schema of its configuration.
    public var schema: JSONSchema

    /// A plugin that can be used.
    public init(kind: Kind, name: String, orderClass: String = "normal", schema: JSONSchema) {
        self.kind = kind
        self.name = name
        self.orderClass = orderClass
        self.schema = schema
    }
}

/// A library of the plugin directory that cannot be used.
///
/// A route that needs it fails closed and the message says why.
public struct UnusablePlugin: Sendable, Hashable {
    /// The plugin's name, or the file's without `.so` where the library could not be asked.
    public var name: String
    /// One sentence, as `plugin list` says it.
    public var reason: String

    /// A library that cannot be used.
    public init(name: String, reason: String) {
        self.name = name
        self.reason = reason
    }
}
