public import GatehouseJSON
public import GatehousePluginKit

/// The adapter for GitHub: answers the hooks of docs/provider-hooks.md, holds no state.
public final class GitHubProvider: ProviderPlugin {
    private let configuration: GitHubConfiguration

    /// What the plugin says of itself.
    public static let manifest = PluginManifest(
        id: "dev.gatehouse.provider.github", version: "0.1.0", kind: .provider, name: "github",
        hooks: [
            "describe/0", "check/0", "discover/0", "authorize_request/0", "authorize_response/0",
            "token_request/0", "token_response/0", "revoke_request/0", "verification/0",
            "map_probe/0", "normalize_claims/0",
        ], license: "Apache-2.0", summary: "Makes GitHub speak MCP authorization.")

    /// The JSON Schema of the value of `provider.github`.
    public static let configurationSchema = GitHubConfiguration.schema

    /// Takes what the schema allows; what can be wrong beyond it is said by `check/0`.
    public init(_ context: CreationContext) throws(ConfigurationRefused) {
        configuration = GitHubConfiguration(context.configuration)
    }

    /// Answers one hook.
    public func call(_ hook: String, _ input: JSONValue) throws(HookFailure) -> JSONValue {
        try GitHubHooks.answer(hook, HookInput(input), configuration)
    }
}

/// The hooks by name.
enum GitHubHooks {
    static func answer(
        _ hook: String, _ input: HookInput, _ configuration: GitHubConfiguration
    ) throws(HookFailure) -> JSONValue {
        switch hook {
        case "describe/0": description
        case "check/0": GitHubCheck.answer(input, configuration)
        case "discover/0":
            try GitHubEndpoints.discovery(input.text("issuer"), configuration)
        case "authorize_request/0":
            ["params": .object(GitHubRequests.authorize(try input.object("params"), configuration))]
        case "authorize_response/0": GitHubResponses.callback(try input.object("params"))
        case "token_request/0": try GitHubRequests.token(input)
        case "token_response/0": try GitHubResponses.token(input)
        case "revoke_request/0": try GitHubRequests.revocation(input, configuration)
        case "verification/0": try GitHubProbe.verification(input, configuration)
        case "map_probe/0": try GitHubProbe.claims(input, configuration)
        case "normalize_claims/0": GitHubProbe.normalized(try input.object("claims"))
        default: throw .unsupported
        }
    }

    /// GitHub's tokens are opaque and bound to no audience: only tokens of the gateway's own serve.
    private static let description: JSONValue = [
        "delivery": "broker", "deliveries": ["broker"], "emits_iss": "maybe",
        "registration": "emulate", "client_metadata_documents": "emulate", "client": "required",
        "client_secret": "required",
    ]
}

/// The input of a hook.
struct HookInput {
    let value: JSONValue

    init(_ value: JSONValue) { self.value = value }

    /// A member that must be a text.
    func text(_ member: String) throws(HookFailure) -> String {
        guard let text = value[member]?.stringValue else { throw lacks(member) }
        return text
    }

    /// A member that must be an object.
    func object(_ member: String) throws(HookFailure) -> JSONObject {
        guard let object = value[member]?.objectValue else { throw lacks(member) }
        return object
    }

    func lacks(_ member: String) -> HookFailure {
        .invalid(JSONPointer(tokens: [member]), "the input lacks \(member)")
    }
}
