public import GatehouseJSON
public import GatehousePluginKit

/// The adapter for Keycloak: answers the hooks of docs/provider-hooks.md, holds no state.
public final class KeycloakProvider: ProviderPlugin {
    private let configuration: KeycloakConfiguration

    /// What the plugin says of itself.
    public static let manifest = PluginManifest(
        id: "dev.gatehouse.provider.keycloak", version: "0.2.0", kind: .provider, name: "keycloak",
        hooks: [
            "describe/0", "check/0", "discover/0", "issuers/0", "rewrite_metadata/0",
            "register_request/0", "register_response/0", "authorize_request/0",
            "authorize_response/0", "token_request/0", "verification/0", "audience/0",
            "normalize_claims/0",
        ], license: "Apache-2.0", summary: "Makes Keycloak speak MCP authorization.")

    /// The JSON Schema of the value of `provider.keycloak`.
    public static let configurationSchema = KeycloakConfiguration.schema

    /// Takes what the schema allows; `check/0` says what cannot work around it.
    public init(_ context: CreationContext) throws(ConfigurationRefused) {
        configuration = KeycloakConfiguration(context.configuration)
    }

    /// Answers one hook.
    public func call(_ hook: String, _ input: JSONValue) throws(HookFailure) -> JSONValue {
        do throws(KeycloakError) {
            return try KeycloakHooks.answer(hook, input, configuration)
        } catch {
            switch error {
            case .unknownHook: throw HookFailure(error: .unsupported)
            case .missing(let member):
                let pointer = JSONPointer(tokens: [member])
                throw HookFailure(
                    error: .invalid, diagnostics: [.error(pointer, "the input lacks \(member)")])
            }
        }
    }
}

/// Why a hook has no answer.
enum KeycloakError: Error, Hashable {
    case unknownHook
    case missing(String)
}

/// The hooks by name.
enum KeycloakHooks {
    static func answer(
        _ hook: String, _ input: JSONValue, _ configuration: KeycloakConfiguration
    ) throws(KeycloakError) -> JSONValue {
        switch hook {
        case "describe/0": return KeycloakChecks.description(configuration)
        case "check/0":
            return KeycloakChecks.answer(KeycloakSurroundings(input), configuration)
        case "discover/0":
            return KeycloakMetadata.discovery(issuer: try text("issuer", input), configuration)
        case "issuers/0":
            return KeycloakTokens.issuers(try text("issuer", input), configuration)
        case "rewrite_metadata/0":
            let gateway = try object("gateway", input)
            return KeycloakMetadata.rewritten(try object("document", input), gateway: gateway)
        case "register_request/0", "register_response/0":
            return try registration(hook, input, configuration)
        case "authorize_request/0":
            return KeycloakRequests.authorization(
                try object("params", input), resource: input["resource"]?.stringValue,
                isBroker: input["delivery"] == "broker", configuration)
        case "authorize_response/0":
            return KeycloakRequests.answered(try object("params", input))
        case "token_request/0": return try token(input, configuration)
        case "verification/0": return KeycloakTokens.verification
        case "audience/0":
            return try KeycloakTokens.audience(input, configuration)
        case "normalize_claims/0":
            return KeycloakClaims.normalized(try object("claims", input), configuration)
        default:
            throw .unknownHook
        }
    }

    private static func registration(
        _ hook: String, _ input: JSONValue, _ configuration: KeycloakConfiguration
    ) throws(KeycloakError) -> JSONValue {
        if hook == "register_request/0" {
            return KeycloakRegistration.request(
                metadata: try object("metadata", input), document: input["document"]?.objectValue,
                issuer: try text("issuer", input), configuration)
        }
        guard let status = input["status"]?.intValue else { throw .missing("status") }
        return KeycloakRegistration.response(
            status: status, body: input["body"]?.objectValue,
            text: input["text"]?.stringValue ?? "",
            metadata: input["metadata"]?.objectValue ?? JSONObject())
    }

    private static func token(
        _ input: JSONValue, _ configuration: KeycloakConfiguration
    ) throws(KeycloakError) -> JSONValue {
        guard let url = input["document"]?["token_endpoint"]?.stringValue else {
            throw .missing("document")
        }
        return KeycloakRequests.token(
            try object("params", input), url: url, client: try object("client", input),
            resource: input["resource"]?.stringValue, configuration)
    }

    private static func text(
        _ member: String, _ input: JSONValue
    ) throws(KeycloakError) -> String {
        guard let text = input[member]?.stringValue else { throw .missing(member) }
        return text
    }

    private static func object(
        _ member: String, _ input: JSONValue
    ) throws(KeycloakError) -> JSONObject {
        guard let object = input[member]?.objectValue else { throw .missing(member) }
        return object
    }
}
