import GatehouseJSON

/// What the profile says the provider is, and what cannot work with it.
enum OidcChecks {
    static func description(_ profile: OidcProfile) -> JSONValue {
        [
            "delivery": .string(profile.delivery),
            "deliveries": profile["deliveries"] ?? ["direct", "mediated", "relay", "broker"],
            "emits_iss": .string(profile.emitsIssuer),
            "registration": .string(profile.registrationKind),
            "client_metadata_documents": profile["clientMetadataDocuments"] ?? "emulate",
            "client": profile.registrationKind == "emulate" ? "required" : "optional",
            "client_secret": "optional",
        ]
    }

    static func answer(_ input: OidcInput, _ profile: OidcProfile) -> JSONValue {
        let delivery = input["delivery"]?.stringValue ?? ""
        var errors = OidcFindings()
        var warnings = OidcFindings()
        mode(delivery, profile, &errors)
        if delivery == "direct" { direct(profile, &errors, &warnings) }
        clients(delivery, input, profile, &errors)
        tokens(delivery, input, profile, &errors)
        if profile.resourceRule == "scope", delivery != "direct",
            let resource = input["resource"]?.stringValue,
            profile["authorize"]?["resourceMap"]?[resource] == nil
        {
            errors.add(
                "/authorize/resourceMap",
                "authorize.resource is scope, and no scope stands for \(resource)",
                "add the scope by which the provider gives tokens for it")
        }
        return ["errors": .array(errors.list), "warnings": .array(warnings.list)]
    }

    private static func mode(
        _ delivery: String, _ profile: OidcProfile, _ errors: inout OidcFindings
    ) {
        if delivery == "mediated", profile.emitsIssuer != "never" {
            errors.add(
                "/emitsIss",
                profile.emitsIssuer == "always"
                    ? "the provider sends iss, and a client that knows the gateway as issuer"
                        + " refuses it"
                    : "mediated delivery works only where the provider is known to send no iss",
                "use delivery: relay, or write emitsIss: never where you know it")
        }
        if delivery != "direct", profile.registrationKind == "native" {
            errors.add(
                "/registration/kind",
                "native registration is at the provider, where clients of the gateway do not go",
                "use proxy")
        }
    }

    /// Clients speak to the provider themselves: nothing is put right on the way.
    private static func direct(
        _ profile: OidcProfile, _ errors: inout OidcFindings, _ warnings: inout OidcFindings
    ) {
        let rules = profile["authorize"]
        var without = ["set", "rename"].filter { rules?[$0]?.objectValue?.isEmpty == false }
        without += ["add", "strip"].filter { !OidcProfile.texts(rules?["scope"]?[$0]).isEmpty }
        if rules?["scope"]?["prefix"]?.stringValue?.isEmpty == false { without.append("prefix") }
        if ["audience", "scope"].contains(profile.resourceRule) { without.append("resource") }
        if !without.isEmpty {
            errors.add(
                "/authorize",
                "in direct delivery no request comes through the gateway, and the provider needs"
                    + " \(without.joined(separator: ", ")) changed", "use delivery: relay")
        }
        if ["emulate", "proxy"].contains(profile.registrationKind) {
            warnings.add(
                "/registration/kind",
                "in direct delivery clients register at the provider, or are known there",
                "write native or none")
        }
    }

    private static func clients(
        _ delivery: String, _ input: OidcInput, _ profile: OidcProfile,
        _ errors: inout OidcFindings
    ) {
        guard input["client_id"]?.stringValue == nil else { return }
        if delivery == "broker" {
            errors.addToPolicy(
                "/clientId", "in broker delivery the gateway is a client of the provider",
                "register one there and write its id")
        } else if delivery != "direct", profile.registrationKind == "emulate" {
            errors.addToPolicy(
                "/clientId", "clients whose registration is emulated share the policy's client",
                "register one at the provider and write its id")
        }
    }

    private static func tokens(
        _ delivery: String, _ input: OidcInput, _ profile: OidcProfile,
        _ errors: inout OidcFindings
    ) {
        let method = profile.text("introspection", "clientAuth") ?? "basic"
        if delivery != "broker", profile.kinds.contains("introspection") {
            if method != "none", profile["introspection"]?["clientSecret"] == nil,
                input["has_introspection_credentials"] != true
            {
                errors.add(
                    "/introspection/clientSecret",
                    "nobody introspects without credentials (RFC 7662 §2.1)",
                    "write clientSecret in the policy, or here for a client of its own")
            }
            if method == "none", profile["introspection"]?["url"] == nil {
                errors.add(
                    "/introspection/url",
                    "introspection without credentials is on a port of the provider's own",
                    "write its URL")
            }
        }
        if delivery != "broker", profile.kinds.contains("probe"),
            profile.endpoints["userinfo_endpoint"] == nil
        {
            errors.add(
                "/endpoints/userinfo",
                "tokens are verified by userinfo, whose place is not known before the metadata are",
                "write its URL")
        }
        if delivery != "broker", profile.kinds.contains("probe"), profile["audience"] == nil {
            errors.add(
                "/audience", "userinfo does not say for whom a token is",
                "write the claim that does, or use introspection or delivery: broker")
        }
        if delivery != "broker", OidcTokens.audiences(input, profile).alternatives.isEmpty {
            errors.add(
                "/audience", "nothing binds a token: what the profile compares is not configured",
                "write audiences, clientId or resource, as the profile needs")
        }
        if delivery != "broker", profile["claims"]?["scopes"]?.arrayValue?.isEmpty == true,
            !OidcProfile.texts(input["required_scopes"]).isEmpty
        {
            errors.addToPolicy(
                "/requiredScopes", "the provider's tokens name no scopes: none would be let in",
                "remove them, or use delivery: broker")
        }
    }
}

/// What `check/0` says, by place.
struct OidcFindings {
    var list: [JSONValue] = []

    /// About the profile.
    mutating func add(_ pointer: String, _ message: String, _ suggestion: String) {
        addToPolicy("/provider/oidc\(pointer)", message, suggestion)
    }

    /// About the policy around it.
    mutating func addToPolicy(_ pointer: String, _ message: String, _ suggestion: String) {
        list.append([
            "pointer": .string(pointer), "message": .string(message),
            "suggestion": .string(suggestion),
        ])
    }
}
