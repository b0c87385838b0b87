import GatehouseJSON

/// What an adapter needs of the configuration around it.
enum AdapterNeeds {
    /// The input of `check/0`.
    static func input(_ configuration: Configuration, _ delivery: Delivery) -> JSONValue {
        [
            "delivery": .string(delivery.rawValue), "issuer": .string(configuration.issuer),
            "audiences": .array(configuration.audiences.map { .string($0) }),
            "resource": configuration.resource.map { .string($0) } ?? .null,
            "client_id": configuration.clientID.map { .string($0) } ?? .null,
            "has_client_secret": .bool(configuration.clientSecret != nil),
            "has_introspection_credentials": .bool(canIntrospect(configuration)),
            "required_scopes": .array(
                configuration.tokens.requiredScopes.map { .string($0) }),
        ]
    }

    /// Whether there are a name and a secret by which the policy can ask about tokens: those of
    /// `introspection`, else its own.
    private static func canIntrospect(_ configuration: Configuration) -> Bool {
        let own = configuration.tokens.introspection
        return (own?.clientID ?? configuration.clientID) != nil
            && (own?.clientSecret ?? configuration.clientSecret) != nil
    }

    /// Both lists as one: of what the policy and the adapter say about the same place, the
    /// adapter's error alone, which knows the provider.
    static func merged(
        _ policy: [ConfigurationRemark], _ adapter: [ConfigurationRemark]
    ) -> [ConfigurationRemark] {
        let places = Set(adapter.filter(\.isError).map(\.pointer))
        return policy.filter { !places.contains($0.pointer) } + adapter
    }

    /// `check/0`: what the adapter says about the configuration.
    static func remarks(_ output: JSONValue) -> [ConfigurationRemark] {
        func read(_ name: String, isError: Bool) -> [ConfigurationRemark] {
            (output[name]?.arrayValue ?? []).prefix(64).map { one in
                ConfigurationRemark(
                    isError: isError, pointer: one["pointer"]?.stringValue ?? "",
                    message: one["message"]?.stringValue ?? "the provider's adapter objects",
                    suggestion: one["suggestion"]?.stringValue ?? "")
            }
        }
        return read("errors", isError: true) + read("warnings", isError: false)
    }

    /// `describe/0`: the modes that there are, and what of the client each needs.
    static func remarks(
        _ configuration: Configuration, _ delivery: Delivery,
        _ description: ProviderAnswers.Description
    ) -> [ConfigurationRemark] {
        guard description.deliveries.contains(delivery) else {
            let names = description.deliveries.map(\.rawValue)
            return [
                .error(
                    "/delivery",
                    "the provider cannot be served in \(delivery) delivery, only in"
                        + " \(names.joined(separator: ", "))", names.first ?? "")
            ]
        }
        guard delivery.isFacade else { return [] }
        var found: [ConfigurationRemark] = []
        if delivery == .mediated, description.emitsIssuer == .always {
            found.append(
                .error(
                    "/delivery",
                    "the provider sends its own iss with authorization responses: clients that"
                        + " compare it (RFC 9207) refuse all of them in mediated delivery", "relay")
            )
        }
        if configuration.issuerURL == nil {
            found.append(.error("/issuer", "\(delivery) delivery needs an issuer that is a URL"))
        }
        let isShared =
            delivery == .broker || (delivery == .relay && description.registration == .emulate)
        if configuration.clientID == nil, isShared || description.client == .required {
            found.append(
                .error(
                    "/clientId",
                    "clientId is missing: in \(delivery) delivery clients share the gateway's own"
                        + " client at this provider, which is registered there by hand"))
        }
        let hasSecret =
            configuration.clientSecret != nil || configuration.broker.clientKey != nil
        if description.clientSecret == .required, !hasSecret {
            found.append(
                .error(
                    "/clientSecret",
                    "clientSecret is missing: the provider's token endpoint wants a secret"))
        }
        if description.clientSecret == .none, configuration.clientSecret != nil {
            found.append(
                .warning(
                    "/clientSecret", "clientSecret has no effect: this provider's clients have none"
                ))
        }
        return found
    }
}
