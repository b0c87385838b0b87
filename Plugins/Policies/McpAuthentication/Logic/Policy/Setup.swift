import GatehouseJSON
import GatehousePluginKit

/// The provider adapter of an instance, as it is found while the instance is created.
struct Adapter {
    let provider: Provider?
    let description: ProviderAnswers.Description

    /// Finds the named adapter and asks what it is.
    init(
        _ configuration: Configuration, _ context: CreationContext
    ) throws(ConfigurationRefused) {
        guard let choice = configuration.provider else {
            provider = nil
            description = ProviderAnswers.Description()
            return
        }
        let pointer = JSONPointer(tokens: ["provider", choice.name])
        var found: Provider?
        do throws(HostError) {
            found = try context.host.resolveProvider(choice.name, at: pointer, context.diagnostics)
        } catch {
            // In a dry run the host may have no providers to ask: then only this file is checked.
            if !(context.isDryRun && error == .unsupported) {
                if error == .notFound {
                    context.diagnostics.report(
                        .error(pointer, "there is no provider adapter of this name"))
                }
                throw ConfigurationRefused()
            }
        }
        provider = found
        description = ProviderAnswers.Description(try? found?.call("describe/0", [:]))
        // Where there was nobody to ask, nothing of the adapter's can be checked.
        if found != nil || !context.isDryRun { try check(configuration, context, pointer) }
        if configuration.delivery == nil, let unknown = description.unknownDelivery {
            context.diagnostics.report(
                .warning(
                    pointer,
                    "the adapter asks for \(unknown) delivery, which this version does not have:"
                        + " mediated is used"))
        }
        warnMixUp(configuration, context, pointer)
    }

    /// What the adapter says that it needs (`describe/0`, `check/0`).
    private func check(
        _ configuration: Configuration, _ context: CreationContext, _ pointer: JSONPointer
    ) throws(ConfigurationRefused) {
        let chosen = configuration.delivery ?? delivery
        var found = AdapterNeeds.remarks(configuration, chosen, description)
        do throws(HookFailure) {
            if let output = try provider?.call("check/0", AdapterNeeds.input(configuration, chosen))
            {
                found = AdapterNeeds.merged(found, AdapterNeeds.remarks(output))
            }
        } catch {
            if error.error != .unsupported {
                found.append(.error(pointer.description, "check/0: \(error.error)"))
            }
        }
        found.forEach(context.diagnostics.report)
        if found.contains(where: \.isError) { throw ConfigurationRefused() }
    }

    private func warnMixUp(
        _ configuration: Configuration, _ context: CreationContext, _ pointer: JSONPointer
    ) {
        guard description.emitsIssuer == .maybe,
            (configuration.delivery ?? delivery) == .mediated
        else { return }
        context.diagnostics.report(
            .warning(
                pointer,
                "the provider may send iss with its authorization responses: clients that"
                    + " compare it (RFC 9207) refuse it in mediated delivery",
                suggestion: "delivery: relay"))
    }

    /// The delivery where the configuration names none.
    var delivery: Delivery { provider == nil ? .direct : description.delivery }

    /// Where the issuer's document is looked for; `nil` where the issuer is no URL.
    func discovery(_ configuration: Configuration) -> DiscoveryPlan? {
        guard let issuer = configuration.issuerURL else { return nil }
        let input: JSONValue = ["issuer": .string(configuration.issuer)]
        let said = try? provider?.call(
            "issuers/0", ["issuer": .string(configuration.issuer), "document": .null])
        let issuers = ProviderAnswers.documentIssuers(said, issuer: configuration.issuer)
        if let output = try? provider?.call("discover/0", input),
            let plan = ProviderAnswers.discovery(
                output, issuer: configuration.issuer, issuers: issuers)
        {
            return plan
        }
        var plan = DiscoveryPlan.standard(issuer: issuer, text: configuration.issuer)
        plan.issuers = issuers
        return plan
    }
}

/// What an instance asks of its route.
struct Setup {
    var claims: [(claim: Claim, path: ClaimedPath)] = []
    var slots: McpAuthentication.Slots
    var clientNote: Note?
    /// The notes by ``IdentityPart``, where a later policy may read them; `nil` for the client's.
    var identityNotes: [Note?] = []
    let description: RouteDescription
    let layout: Layout

    init(
        _ context: CreationContext, _ configuration: Configuration, _ delivery: Delivery
    ) throws(ConfigurationRefused) {
        let route = context.route
        do throws(HostError) {
            slots = McpAuthentication.Slots(
                token: try Self.tokenSlot(route, configuration.location),
                contentType: try route.wantField("content-type"),
                responseType: try route.wantField("content-type", .response),
                challenge: try route.wantField("www-authenticate", .response),
                identity: try Self.identitySlots(route))
            clientNote = try route.declareNote("client", isLogged: true)
            let described = try route.describe()
            description = RouteDescription(described)
            let paths = WellKnownPaths(
                route: description, delivery: delivery, layout: configuration.layout)
            layout = paths.layout
            if RouteDescription.hasLaterPolicy(described) {
                identityNotes = try Self.identityNotes(route)
            }
            if description.hasPattern {
                context.diagnostics.report(
                    .warning(
                        JSONPointer(),
                        "the route matches by regular expression: the metadata of such paths is"
                            + " not served, because they cannot be listed"))
            }
            for path in paths.claims {
                claims.append((try route.claimPath(path.path, isPrefix: path.isPrefix), path))
            }
        } catch {
            context.diagnostics.report(
                .error(
                    JSONPointer(),
                    error == .limit
                        ? "the route has more paths than can be protected in one place"
                        : "the route cannot be protected: \(error)"))
            throw ConfigurationRefused()
        }
    }

    private static func identitySlots(_ route: RouteSetup) throws(HostError) -> FieldSlots {
        var slots = [try route.wantField("cookie")]
        for part in IdentityPart.allCases {
            slots.append(try route.wantField("x-gatehouse-" + part.note))
        }
        return FieldSlots(slots)
    }

    private static func identityNotes(_ route: RouteSetup) throws(HostError) -> [Note?] {
        var notes: [Note?] = []
        for part in IdentityPart.allCases {
            notes.append(part == .client ? nil : try route.declareNote(part.note))
        }
        return notes
    }

    private static func tokenSlot(
        _ route: RouteSetup, _ location: TokenLocation
    ) throws(HostError) -> FieldSlot? {
        switch location {
        case .header(let name, _): try route.wantField(name)
        case .cookie: try route.wantField("cookie")
        case .queryParameter: nil
        }
    }
}

extension Diagnostics {
    /// Hands a remark of the configuration's reader on.
    func report(_ remark: ConfigurationRemark) {
        let pointer = JSONPointer(remark.pointer) ?? JSONPointer()
        report(
            remark.isError
                ? .error(pointer, remark.message, suggestion: remark.suggestion)
                : .warning(pointer, remark.message, suggestion: remark.suggestion))
    }
}
