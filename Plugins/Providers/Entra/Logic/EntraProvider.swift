public import GatehouseJSON
public import GatehousePluginKit

/// The adapter for Microsoft Entra ID: answers the hooks of docs/provider-hooks.md, holds no state.
public final class EntraProvider: ProviderPlugin {
    private let configuration: EntraConfiguration

    /// What the plugin says of itself.
    public static let manifest = PluginManifest(
        id: "dev.gatehouse.provider.entra", version: "0.1.0", kind: .provider, name: "entra",
        hooks: [
            "describe/0", "check/0", "discover/0", "issuers/0", "rewrite_metadata/0",
            "authorize_request/0", "authorize_response/0", "token_request/0", "token_response/0",
            "revoke_request/0", "verification/0", "audience/0", "normalize_claims/0",
        ], license: "Apache-2.0", summary: "Makes Microsoft Entra ID speak MCP authorization.")

    /// The JSON Schema of the value of `provider.entra`.
    public static let configurationSchema = EntraConfiguration.schema

    /// Takes what the schema allows; what can be wrong beyond it is said by `check/0`.
    public init(_ context: CreationContext) throws(ConfigurationRefused) {
        configuration = EntraConfiguration(context.configuration)
    }

    /// Answers one hook.
    public func call(_ hook: String, _ input: JSONValue) throws(HookFailure) -> JSONValue {
        try EntraHooks.answer(hook, HookInput(input), configuration)
    }
}

/// The hooks by name.
enum EntraHooks {
    static func answer(
        _ hook: String, _ input: HookInput, _ configuration: EntraConfiguration
    ) throws(HookFailure) -> JSONValue {
        switch hook {
        case "describe/0": description
        case "check/0": EntraCheck.answer(input, configuration)
        case "discover/0": EntraIssuer.discovery(try input.text("issuer"), configuration)
        case "issuers/0": EntraIssuer.accepted(try input.text("issuer"), configuration)
        case "rewrite_metadata/0":
            EntraMetadata.rewritten(
                try input.object("document"), gateway: try input.object("gateway"),
                delivery: input.delivery)
        case "authorize_request/0": try EntraRequests.authorize(input, configuration)
        case "authorize_response/0": EntraErrors.callback(try input.object("params"))
        case "token_request/0": try EntraRequests.token(input, configuration)
        case "token_response/0": try EntraResponses.token(input, configuration)
        case "revoke_request/0": [:]
        case "verification/0":
            [
                "kinds": ["jwt"], "types": ["JWT"], "algorithms": ["RS256"],
                "identity": "access_token",
            ]
        case "audience/0": EntraClaims.audience(input, configuration)
        case "normalize_claims/0":
            EntraClaims.normalized(try input.object("claims"), configuration)
        default: throw .unsupported
        }
    }

    /// Entra never sends `iss` with a code (RFC 9207), has no registration, and keeps the client.
    private static let description: JSONValue = [
        "delivery": "mediated", "deliveries": ["mediated", "relay", "broker"],
        "emits_iss": "never", "registration": "emulate", "client_metadata_documents": "emulate",
        "client": "required", "client_secret": "optional",
    ]
}

/// The input of a hook.
struct HookInput {
    let value: JSONValue

    init(_ value: JSONValue) { self.value = value }

    /// The delivery mode; empty where the input names none.
    var delivery: String { value["delivery"]?.stringValue ?? "" }

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

    /// The texts of a member that is an array; none where it is not there.
    func texts(_ member: String) -> [String] {
        value[member]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    /// The scopes that are asked for: those of the input, or else those of its parameters.
    func scopes() -> [String] {
        if value["scopes"] != nil { return texts("scopes").filter { !$0.isEmpty } }
        let text = value["params"]?["scope"]?.stringValue ?? ""
        return text.split(separator: " ").map(String.init)
    }

    func lacks(_ member: String) -> HookFailure {
        .invalid(JSONPointer(tokens: [member]), "the input lacks \(member)")
    }
}
