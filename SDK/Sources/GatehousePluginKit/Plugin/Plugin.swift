public import GatehouseJSON

/// What a plugin says about itself before it does anything.
public struct PluginManifest: Sendable {
    /// What a plugin is.
    public enum Kind: String, Sendable {
        /// Decides.
        case policy
        /// Ends the chain instead of an upstream.
        case backend
        /// Adapts an identity provider.
        case provider
    }

    /// Where a policy stands in a chain unless the configuration says so.
    public enum OrderClass: String, Sendable {
        /// Before everything.
        case cors
        /// Before all but cors.
        case authentication
        /// In the order of the configuration.
        case normal
    }

    /// A name for the software, unique in the world: `org.example.rate-limit`.
    public var id: String
    /// The version of the plugin.
    public var version: String
    /// What it is.
    public var kind: Kind
    /// The key in the configuration.
    public var name: String
    /// Where it stands in a chain.
    public var orderClass: OrderClass
    /// Ids of host interfaces without which it does not work.
    public var requires: [String]
    /// The hooks of a provider, `name/revision`.
    public var hooks: [String]
    /// An SPDX license expression.
    public var license: String
    /// One sentence.
    public var summary: String

    /// A manifest.
    public init(
        id: String, version: String, kind: Kind, name: String, orderClass: OrderClass = .normal,
        requires: [String] = [], hooks: [String] = [], license: String, summary: String
    ) {
        self.id = id
        self.version = version
        self.kind = kind
        self.name = name
        self.orderClass = orderClass
        self.requires = requires
        self.hooks = hooks
        self.license = license
        self.summary = summary
    }

    var json: JSONValue {
        var members: JSONObject = [
            "id": .string(id), "version": .string(version), "kind": .string(kind.rawValue),
            "name": .string(name), "license": .string(license), "description": .string(summary),
            "requires": .array(requires.map(JSONValue.string)),
        ]
        switch kind {
        case .policy: members["orderClass"] = .string(orderClass.rawValue)
        case .backend: members["orderClass"] = "backend"
        case .provider: members["hooks"] = .array(hooks.map(JSONValue.string))
        }
        return .object(members)
    }
}

/// What an instance is made from. Valid while it is created.
public struct CreationContext {
    /// The configuration; the host has checked it against the plugin's schema.
    public let configuration: JSONValue
    /// The host's services for this instance; keep it.
    public let host: Host
    /// The route for which the instance is made.
    public let route: RouteSetup
    /// Where to say what is wrong.
    public let diagnostics: Diagnostics
    /// Whether the instance is only checked: no services but those of the route work.
    public let isDryRun: Bool
}

/// The configuration was refused; why was reported as diagnostics.
public struct ConfigurationRefused: Error, Sendable {
    /// Refused.
    public init() {}
}

/// What all kinds of plugins are: a final class, one object for each place of the configuration.
public protocol PluginInstance: AnyObject {
    /// What the plugin says about itself.
    static var manifest: PluginManifest { get }

    /// JSON Schema (2020-12) of the configuration, by which the host checks it first.
    static var configurationSchema: String { get }

    /// Makes an instance. [control]; never waits for the network.
    ///
    /// - Throws: after the reasons were reported as diagnostics.
    init(_ context: CreationContext) throws(ConfigurationRefused)

    /// The instance was superseded by a reload: end long streams when convenient. [control]
    func retiring()

    /// An operation of the instance came to its end. [control]
    func completed(token: UInt64, _ result: OperationResult)

    /// For the admin page: health, ages, counts; no secrets. [any]
    func status() -> JSONValue?
}

extension PluginInstance {
    /// Does nothing.
    public func retiring() {}
    /// Does nothing.
    public func completed(token: UInt64, _ result: OperationResult) {}
    /// Has none.
    public func status() -> JSONValue? { nil }
}
