public import GatehouseJSON
public import GatehousePluginKit

/// The adapter for Keycloak: answers the hooks of docs/provider-hooks.md, holds no state.
public final class KeycloakProvider: ProviderPlugin {
    private let configuration: KeycloakConfiguration

    /// What the plugin says of itself.
    public static let manifest = PluginManifest(
        id: "dev.gatehouse.provider.keycloak", version: "0.1.0", kind: .provider, name: "keycloak",
        hooks: [
            "describe/0", "discover/0", "rewrite_metadata/0", "register_request/0",
            "register_response/0", "normalize_claims/0",
        ], license: "Apache-2.0", summary: "Makes Keycloak speak MCP authorization.")

    /// The JSON Schema of the value of `provider.keycloak`.
    public static let configurationSchema = KeycloakConfiguration.schema

    /// Takes what the schema allows; nothing else can be wrong with it.
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

/// The value of `provider.keycloak`.
struct KeycloakConfiguration: Sendable, Hashable {
    /// Whether a registration's `scope` is passed on.
    var forwardsScope: Bool

    init(_ value: JSONValue = [:]) {
        forwardsScope = value["forwardScope"]?.boolValue ?? false
    }

    static let schema = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "type": "object",
          "additionalProperties": false,
          "description": "The adapter for Keycloak 24 and later.",
          "properties": {
            "forwardScope": {
              "type": "boolean",
              "default": false,
              "description": "Pass the scope of a client's registration on. Keycloak refuses \
        scopes that the realm does not list for registration, and before 26.8 gives a client that \
        asked for scopes none of the realm's default ones, so that its tokens lack the audience."
            }
          }
        }
        """
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
        case "describe/0":
            return ["delivery": "mediated", "emits_iss": "maybe", "registration": "proxy"]
        case "discover/0":
            return KeycloakMetadata.discovery(issuer: try text("issuer", input))
        case "rewrite_metadata/0":
            let gateway = try object("gateway", input)
            return KeycloakMetadata.rewritten(try object("document", input), gateway: gateway)
        case "register_request/0":
            return KeycloakRegistration.request(
                metadata: try object("metadata", input), document: input["document"]?.objectValue,
                issuer: try text("issuer", input), configuration)
        case "register_response/0":
            guard let status = input["status"]?.intValue else { throw .missing("status") }
            return KeycloakRegistration.response(
                status: status, body: input["body"]?.objectValue,
                text: input["text"]?.stringValue ?? "",
                metadata: input["metadata"]?.objectValue ?? JSONObject())
        case "normalize_claims/0":
            return KeycloakClaims.normalized(try object("claims", input))
        default:
            throw .unknownHook
        }
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
