import GatehouseJOSE
import GatehouseJSON
import GatehousePluginKit

/// What an instance has as an authorization server: mediated, relay and broker delivery.
/// Immutable but for the limiter; [any].
struct FacadeParts {
    let directory: ClientDirectory
    let policy: RedirectURIs
    /// Where the issuer of the protected-resource metadata stands.
    let layout: Layout
    /// What the gateway seals with; `nil` in direct delivery and where a dry run has no secrets.
    let ring: KeyRing?
    let limiter: RateLimiter
    /// Whether the external base is configured, and so not the client's to say.
    let hasFixedBase: Bool
    /// What the delivery has in its metadata document.
    let mode: FacadeDocument.Mode
    /// What sealed texts belong to beside their route's path: the external origin and the provider.
    private let scope: String

    init(
        _ context: CreationContext, _ configuration: Configuration, _ delivery: Delivery,
        _ adapter: Adapter, _ setup: Setup
    ) throws(ConfigurationRefused) {
        directory = ClientDirectory(
            delivery: delivery, configuration: configuration, description: adapter.description)
        policy = RedirectURIs(
            schemes: configuration.clients.redirectSchemes,
            only: configuration.clients.redirectURIs)
        layout = setup.layout
        limiter = RateLimiter(perMinute: configuration.clients.registrationsPerMinute)
        let fixed = configuration.resource ?? setup.description.publicURL
        hasFixedBase = fixed != nil
        scope = "\(fixed.flatMap(HTTPURL.init)?.origin ?? "") \(configuration.issuer)"
        var mode = FacadeDocument.Mode()
        mode.announcesIssuer = delivery.hasCallback
        mode.issuesTokens = delivery == .broker
        mode.takesDocuments = directory.takesDocuments
        let hasSecrets = delivery == .mediated || configuration.clientSecret != nil
        if delivery == .broker || !hasSecrets { mode.authentication = ["none"] }
        self.mode = mode
        guard delivery.isFacade else {
            ring = nil
            return
        }
        ring = try Self.ring(context, configuration)
        if delivery.hasCallback { try Self.checkBase(context, fixed) }
        try Self.checkLayout(context, configuration, delivery, setup, ring)
    }

    private static func ring(
        _ context: CreationContext, _ configuration: Configuration
    ) throws(ConfigurationRefused) -> KeyRing? {
        var secrets: [[UInt8]]?
        if !context.isDryRun {
            var read: [[UInt8]] = []
            for (index, reference) in configuration.broker.keys.secrets.enumerated() {
                do throws(HostError) {
                    read.append(try context.host.secret(reference))
                } catch {
                    context.diagnostics.report(
                        .error(
                            JSONPointer(tokens: ["keys", "secrets", String(index)]),
                            "cannot be read: \(error)"))
                    throw ConfigurationRefused()
                }
            }
            secrets = read
        }
        let loaded = KeyRing.load(
            configuration.broker.keys, secrets: secrets,
            now: context.host.unixNanoseconds / 1_000_000_000,
            longestLife: max(
                KeyRing.longestLife, configuration.clients.registrationLifetime,
                configuration.broker.refreshLifetime),
            isDryRun: context.isDryRun)
        loaded.remarks.forEach(context.diagnostics.report)
        if loaded.remarks.contains(where: \.isError) { throw ConfigurationRefused() }
        return loaded.ring
    }

    /// Where the provider redirects to, and what is published, must not be the client's to say
    /// (G37, §6.7), and is https beyond this machine (G117).
    private static func checkBase(
        _ context: CreationContext, _ fixed: String?
    ) throws(ConfigurationRefused) {
        guard let fixed else {
            context.diagnostics.report(
                .warning(
                    JSONPointer(),
                    "no external URL is configured: the gateway is an authorization server for"
                        + " loopback hosts only",
                    suggestion: "publicUrl of the route or listener"))
            return
        }
        guard let url = HTTPURL(fixed), !url.isHTTPSOrLoopback else { return }
        context.diagnostics.report(
            .error(
                JSONPointer(),
                "the external URL \(url.origin) is neither https nor a loopback host: an"
                    + " authorization server needs https (OAuth 2.1 §1.5)"))
        throw ConfigurationRefused()
    }

    /// Says where the authorization server stands, and refuses to move it by itself.
    private static func checkLayout(
        _ context: CreationContext, _ configuration: Configuration, _ delivery: Delivery,
        _ setup: Setup, _ ring: KeyRing?
    ) throws(ConfigurationRefused) {
        let pointer = JSONPointer(tokens: ["layout"])
        if configuration.layout == .origin, !setup.description.isOnlyOnHosts {
            context.diagnostics.report(
                .error(
                    pointer,
                    "the host has several protected routes, and one origin is one issuer",
                    suggestion: "path"))
            throw ConfigurationRefused()
        }
        let fixed = (configuration.resource ?? setup.description.publicURL).flatMap(HTTPURL.init)
        let base = fixed?.origin ?? ""
        for match in setup.description.matches {
            let route = base + ExternalURLs.safePath(WellKnownPaths.trimmed(match.path))
            let issuer = setup.layout == .origin ? base : route
            if delivery.hasCallback, let recorded = ring?.recordedIssuer(route),
                recorded != issuer, configuration.layout == nil
            {
                context.diagnostics.report(
                    .error(
                        pointer,
                        "the issuer was \(name(recorded)) and would now be \(name(issuer)), which"
                            + " ends every registration: write the layout that is meant",
                        suggestion: setup.layout == .origin ? "path" : "origin"))
                throw ConfigurationRefused()
            }
            guard !context.isDryRun else { continue }
            var fields = [(name: "issuer", value: name(issuer))]
            // What is to be registered at the provider; without a configured base its path.
            if delivery.hasCallback { fields.append(("redirect_uri", route + "/callback")) }
            context.host.log(
                .info, "the authorization server stands at the \(setup.layout)", fields: fields)
            if delivery.hasCallback, ring?.record(issuer, route) == false {
                context.host.log(.warning, "the issuer could not be noted in keys.file")
            }
        }
    }

    private static func name(_ issuer: String) -> String {
        issuer.isEmpty ? "the bare origin" : issuer
    }

    // MARK: Sealed values

    /// What a text is sealed for: the route, by the URL that it has, and its provider, so that what
    /// came from one provider never goes to another.
    ///
    /// - Parameter path: the protected path.
    func context(_ path: String) -> String { "\(scope) \(path)" }

    /// Seals a value; `nil` where there is no ring or no entropy.
    ///
    /// - Parameter until: seconds since 1970.
    func seal(
        _ value: JSONValue, for purpose: String, context: String, until: Int64
    ) -> String? {
        let text = ring?.sealer.seal(
            value.serializedBytes(.compact), for: purpose, context: context, until: until)
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Opens a sealed value.
    func open(
        _ text: String, for purpose: String, context: String, now: Int64
    ) -> Result<JSONValue, SealRefusal> {
        guard let ring else { return .failure(.unknownKey) }
        switch ring.sealer.open(text, for: purpose, context: context, now: now) {
        case .failure(let refusal): return .failure(refusal)
        case .success(let bytes):
            guard let value = try? JSONValue(parsing: bytes) else { return .failure(.malformed) }
            return .success(value)
        }
    }
}
