public import GatehouseJSON

/// An identity-provider adapter: pure functions from JSON to JSON, described in
/// docs/provider-hooks.md. It does no input or output and holds no state.
public protocol ProviderPlugin: AnyObject, Sendable {
    /// What the plugin says of itself.
    static var manifest: Manifest { get }
    /// The JSON Schema (2020-12) of its configuration; the host validates against it first.
    static var configurationSchema: String { get }

    /// Makes an instance of a configuration that the schema allows. **Thread:** control.
    init(_ setup: PluginSetup) throws(ConfigurationRejected)

    /// Answers one hook. **Thread:** any, several at once.
    ///
    /// - Parameters:
    ///   - hook: the name with its revision, as `rewrite_metadata/0`.
    ///   - input: as the hook's schema says.
    /// - Throws: ``HookError/unsupported`` for a hook that it does not know: the default applies.
    func call(
        _ hook: String, _ input: JSONValue, _ diagnostics: Diagnostics
    ) throws(HookError) -> JSONValue
}

/// Why a hook gives no answer.
public enum HookError: Error, Sendable, Hashable {
    /// The adapter does not know the hook, or leaves it to the default.
    case unsupported
    /// The input is not what the hook takes; the reason was reported to the diagnostics.
    case invalid
    /// The adapter refuses, for a reason that was reported to the diagnostics.
    case denied
}
