import GatehouseJSON
import GatehousePluginKit

/// What the adapter's hooks say about tokens. **Thread:** [any].
struct TokenHooks {
    private let configuration: Configuration
    private let provider: Provider?
    private let delivery: Delivery

    init(_ configuration: Configuration, _ provider: Provider?, _ delivery: Delivery) {
        self.configuration = configuration
        self.provider = provider
        self.delivery = delivery
    }

    /// Whether an adapter has a word at all.
    var isEmpty: Bool { provider == nil }

    /// The rules as the issuer's document of now makes them.
    func rules(document: JSONValue?) throws(HookRefusal) -> VerificationRules {
        var rules = VerificationRules(configuration)
        let input: JSONValue = [
            "issuer": .string(configuration.issuer), "document": document ?? .null,
            "client_id": configuration.clientID.map { .string($0) } ?? .null,
            "delivery": .string(delivery.rawValue),
        ]
        if let output = try ask("verification/0", input),
            let refusal = rules.take(verification: output)
        {
            throw refusal
        }
        let issuers = try ask(
            "issuers/0",
            ["issuer": .string(configuration.issuer), "document": document ?? .null])
        if let issuers { rules.issuers = try AcceptedIssuers.read(issuers).get() }
        let audience = try ask(
            "audience/0",
            [
                "audiences": .array(configuration.audiences.map { .string($0) }),
                "client_id": configuration.clientID.map { .string($0) } ?? .null,
                "resource": configuration.resource.map { .string($0) } ?? .null,
            ])
        if let audience { rules.audience = try AudienceRule.read(audience).get() }
        return rules
    }

    /// The rules at load, where an answer that cannot be used refuses the configuration.
    func rules(
        atLoad context: CreationContext
    ) throws(ConfigurationRefused) -> VerificationRules {
        let pointer = JSONPointer(configuration.provider?.pointer ?? "") ?? JSONPointer()
        do throws(HookRefusal) {
            let rules = try rules(document: nil)
            if rules.audience?.isBound == false, delivery.rawValue != "broker" {
                context.diagnostics.report(
                    .warning(
                        pointer,
                        "the provider binds tokens to a client, not to this gateway: a token that"
                            + " this client got for another service is accepted here"
                            + " (RFC 8725 §3.9)"))
            }
            return rules
        } catch {
            context.diagnostics.report(.error(pointer, error.reason))
            throw ConfigurationRefused()
        }
    }

    /// A hook's answer; `nil` where the default applies.
    private func ask(_ hook: String, _ input: JSONValue) throws(HookRefusal) -> JSONValue? {
        guard let provider else { return nil }
        do throws(HookFailure) {
            return try provider.call(hook, input)
        } catch {
            if error.error == .unsupported { return nil }
            let said = error.diagnostics.first.map { ": " + $0.message } ?? ""
            throw HookRefusal("\(hook): \(error.error)\(said)")
        }
    }

    /// The adapter's word on verified claims (`normalize_claims/0`); `nil` without an adapter.
    var normalizer: ((JSONObject) -> ClaimsAnswer)? {
        guard let provider else { return nil }
        return { claims in
            do throws(HookFailure) {
                let output = try provider.call("normalize_claims/0", ["claims": .object(claims)])
                if let reason = output["reject"]?.stringValue { return .rejected(reason) }
                return .identity(Identity(claims: claims, normalized: output))
            } catch {
                return error.error == .unsupported
                    ? .identity(Identity(claims: claims))
                    : .rejected("the adapter could not read the claims")
            }
        }
    }
}

extension McpAuthentication {
    /// The adapter's word on verified claims; the gateway's own tokens need none.
    var normalizer: ((JSONObject) -> ClaimsAnswer)? {
        ownTokens == nil ? tokenHooks.normalizer : nil
    }

    /// The judge by what is known of the issuer now. [loop]
    func judge(_ loop: AuthenticationLoop) -> TokenJudge {
        guard ownTokens == nil, !tokenHooks.isEmpty, let document = loop.provider else {
            return judge
        }
        if let known = loop.judge { return known }
        var made = judge
        do throws(HookRefusal) {
            made = TokenJudge(
                configuration, rules: try tokenHooks.rules(document: document),
                remembersIdentity: remembersIdentity)
        } catch {
            // As at load, which could be used.
            host.log(.error, "the provider's adapter: \(error.reason)")
        }
        loop.judge = made
        return made
    }
}
