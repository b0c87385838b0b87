import GatehouseJSON

/// Which clients the gateway knows, and how they come to be known: what a delivery mode and a
/// provider make of registration.
struct ClientDirectory: Sendable, Equatable {
    /// What the registration endpoint does.
    enum Registration: Sendable, Equatable {
        /// There is none.
        case none
        /// The provider's own endpoint is published.
        case native
        /// The request goes to the provider, and its answer to the client (mediated).
        case passed
        /// The configured client's identifier is handed out as it is (mediated).
        case configured(String)
        /// Clients are registered here alone; they share the configured client.
        case emulated
        /// Registered at the provider with the gateway's callback; its client is sealed into ours.
        case proxied
    }

    /// What a `client_id` stands for.
    enum Found: Sendable, Equatable {
        case known(ClientRecord)
        /// A document that is still to be fetched.
        case document(HTTPURL)
        /// The provider's business (mediated).
        case foreign
        case unknown
    }

    let delivery: Delivery
    let configuredID: String?
    let registration: Registration
    /// Whether the gateway takes Client ID Metadata Documents itself.
    let takesDocuments: Bool

    init(
        delivery: Delivery, configuration: Configuration,
        description: ProviderAnswers.Description
    ) {
        self.delivery = delivery
        configuredID = configuration.clientID
        registration = Self.registration(delivery, configuration, description.registration)
        let wanted =
            configuration.clients.metadataDocuments && description.documents != .none
        takesDocuments =
            wanted && delivery.isFacade
            && (configuration.clientID != nil
                || (delivery == .relay && description.registration.reachesProvider))
            && !(delivery == .mediated && description.documents == .native)
    }

    private static func registration(
        _ delivery: Delivery, _ configuration: Configuration,
        _ kind: ProviderAnswers.RegistrationKind
    ) -> Registration {
        guard configuration.clients.registration, delivery.isFacade else { return .none }
        switch (delivery, configuration.clientID) {
        case (.mediated, let id?): return .configured(id)
        case (.broker, .some), (.relay, .some): return .emulated
        case (.broker, nil), (.direct, _): return .none
        case (.mediated, nil):
            switch kind {
            case .native: return .native
            case .proxy: return .passed
            case .emulate, .none: return .none
            }
        case (.relay, nil): return kind.reachesProvider ? .proxied : .none
        }
    }

    /// What `clientID` stands for.
    ///
    /// - Parameter open: the value that is sealed into an identifier; `nil` where it is none, or
    ///   one that has expired.
    func find(_ clientID: String, open: (String) -> JSONValue?) -> Found {
        if let configuredID, clientID.utf8.elementsEqual(configuredID.utf8) {
            return .known(
                ClientRecord(clientID: clientID, kind: .configured, redirectURIs: []))
        }
        if takesDocuments, let url = ClientDocument.url(of: clientID) { return .document(url) }
        guard delivery.hasCallback else { return .foreign }
        guard let value = open(clientID),
            let record = ClientRecord(sealed: value, clientID: clientID)
        else { return .unknown }
        return .known(record)
    }

    /// Whether the client shares the gateway's own client at the provider with others, so that a
    /// person's consent there says nothing about it (G67, §6.1).
    func sharesUpstream(_ client: ClientRecord) -> Bool {
        switch delivery {
        case .broker: true
        case .relay:
            client.upstream == nil && (client.kind != .document || configuredID != nil)
        case .mediated: client.kind != .registered
        case .direct: false
        }
    }
}

extension ProviderAnswers.RegistrationKind {
    /// Whether the provider registers clients.
    var reachesProvider: Bool { self == .native || self == .proxy }
}
