import GatehouseJSON

/// What a plugin says of itself.
public struct Manifest: Sendable {
    /// What kind of plugin it is.
    public enum Kind: String, Sendable {
        /// Decides about exchanges.
        case policy
        /// A policy that ends the chain instead of an upstream.
        case backend
        /// An identity provider's adapter.
        case provider
    }

    /// Where a policy stands in a chain when the configuration does not say.
    public enum OrderClass: String, Sendable {
        /// Decides by Origin and decorates every response: outermost.
        case cors
        /// Establishes who the caller is.
        case authentication
        /// Everything else.
        case normal
    }

    /// A name that nobody else uses, in reverse domain form.
    public var id: String
    /// The plugin's own version, as semver.org describes it.
    public var version: String
    /// The kind.
    public var kind: Kind
    /// The name in a configuration.
    public var name: String
    /// The place in a chain.
    public var orderClass: OrderClass
    /// The host tables without which the plugin does not work.
    public var requires: [String]
    /// The hooks of a provider with their revision, as `rewrite_metadata/0`.
    public var hooks: [String]
    /// The licence, as an SPDX expression.
    public var license: String

    /// Makes a manifest of its parts.
    public init(
        id: String, version: String, kind: Kind, name: String, orderClass: OrderClass = .normal,
        requires: [String] = [], hooks: [String] = [],
        license: String = "Apache-2.0"
    ) {
        self.id = id
        self.version = version
        self.kind = kind
        self.name = name
        self.orderClass = orderClass
        self.requires = requires
        self.hooks = hooks
        self.license = license
    }

    var json: String {
        var members: JSONObject = [
            "id": .string(id), "version": .string(version), "kind": .string(kind.rawValue),
            "name": .string(name), "requires": .array(requires.map { .string($0) }),
            "license": .string(license),
        ]
        if kind == .policy { members["orderClass"] = .string(orderClass.rawValue) }
        if kind == .provider { members["hooks"] = .array(hooks.map { .string($0) }) }
        return JSONValue.object(members).serialized()
    }
}
