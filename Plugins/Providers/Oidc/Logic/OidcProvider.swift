public import GatehouseJSON
public import GatehousePluginKit

/// The adapter for any OAuth 2.0 or OpenID Connect provider, by a profile in the configuration:
/// answers the hooks of docs/provider-hooks.md, holds no state.
public final class OidcProvider: ProviderPlugin {
    private let profile: OidcProfile

    /// What the plugin says of itself.
    public static let manifest = PluginManifest(
        id: "dev.gatehouse.provider.oidc", version: "0.1.0", kind: .provider, name: "oidc",
        hooks: [
            "describe/0", "check/0", "discover/0", "issuers/0", "rewrite_metadata/0",
            "register_request/0", "register_response/0", "authorize_request/0",
            "authorize_response/0", "token_request/0", "token_response/0", "verification/0",
            "map_probe/0", "audience/0", "normalize_claims/0",
        ], license: "Apache-2.0",
        summary: "Makes a provider speak MCP authorization, by a profile in the configuration.")

    /// The JSON Schema of the value of `provider.oidc`.
    public static let configurationSchema = OidcProfile.schema

    /// Puts the written keys over the preset.
    public init(_ context: CreationContext) throws(ConfigurationRefused) {
        guard let profile = OidcProfile(context.configuration) else {
            context.diagnostics.report(
                .error(JSONPointer(tokens: ["preset"]), "there is no such preset"))
            throw ConfigurationRefused()
        }
        self.profile = profile
    }

    /// Answers one hook.
    public func call(_ hook: String, _ input: JSONValue) throws(HookFailure) -> JSONValue {
        do throws(OidcError) {
            return try OidcHooks.answer(hook, OidcInput(input), profile)
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
enum OidcError: Error, Hashable {
    case unknownHook
    case missing(String)
}

/// What a hook is asked, and what it needs of it.
struct OidcInput {
    let value: JSONValue

    init(_ value: JSONValue) { self.value = value }

    subscript(_ member: String) -> JSONValue? { value[member] }

    func text(_ member: String) throws(OidcError) -> String {
        guard let text = value[member]?.stringValue else { throw .missing(member) }
        return text
    }

    func object(_ member: String) throws(OidcError) -> JSONObject {
        guard let object = value[member]?.objectValue else { throw .missing(member) }
        return object
    }

    func status() throws(OidcError) -> Int64 {
        guard let status = value["status"]?.intValue else { throw .missing("status") }
        return status
    }
}

/// The hooks by name.
enum OidcHooks {
    static func answer(
        _ hook: String, _ input: OidcInput, _ profile: OidcProfile
    ) throws(OidcError) -> JSONValue {
        switch hook {
        case "describe/0": OidcChecks.description(profile)
        case "check/0": OidcChecks.answer(input, profile)
        case "discover/0": try OidcMetadata.discovery(try input.text("issuer"), profile)
        case "issuers/0": try OidcMetadata.issuers(try input.text("issuer"), profile)
        case "rewrite_metadata/0":
            OidcMetadata.rewritten(
                try input.object("document"), gateway: try input.object("gateway"), profile)
        case "register_request/0":
            OidcRegistration.request(try input.object("metadata"), input, profile)
        case "register_response/0":
            OidcRegistration.response(try input.status(), input, profile)
        case "authorize_request/0":
            OidcRequests.authorization(try input.object("params"), input, profile)
        case "authorize_response/0": OidcAnswers.authorization(try input.object("params"))
        case "token_request/0": try OidcRequests.token(try input.object("params"), input, profile)
        case "token_response/0": OidcAnswers.token(try input.status(), input, profile)
        case "verification/0": OidcTokens.verification(input, profile)
        case "map_probe/0": try OidcTokens.probed(input)
        case "audience/0": try OidcTokens.audience(input, profile)
        case "normalize_claims/0": OidcClaims.normalized(try input.object("claims"), profile)
        default: throw .unknownHook
        }
    }
}
