public import GatehouseJSON

/// An identity-provider adapter: pure functions from JSON to JSON.
///
/// It does no I/O, keeps nothing between calls and is handed no secret; see docs/provider-hooks.md
/// for the hooks.
public protocol ProviderPlugin: PluginInstance, Sendable {
    /// Answers a hook, `name/revision`. [any], concurrently.
    ///
    /// - Throws: `.unsupported` for a hook that the policy's default covers.
    func call(_ hook: String, _ input: JSONValue) throws(HookFailure) -> JSONValue
}
