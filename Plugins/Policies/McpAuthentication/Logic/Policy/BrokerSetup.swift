import GatehouseJOSE
import GatehouseJSON
import GatehousePluginKit

/// The secrets that plans of the adapter may name, and the key of the gateway's client. [any]
///
/// Of the policy's own secrets a plan gets `clientSecret` only; of the adapter's those that stand
/// in its own part of the configuration.
struct UpstreamSecrets: Sendable {
    private let host: Host
    private let clientID: String?
    private let clientSecret: String?
    private let key: SigningKey?
    private let references: Set<String>

    init(
        _ context: CreationContext, _ configuration: Configuration, clientSecret: String?
    ) throws(ConfigurationRefused) {
        host = context.host
        clientID = configuration.clientID
        self.clientSecret = clientSecret
        var texts: Set<String> = []
        if let part = context.configuration["provider"] { Self.collect(part, &texts) }
        references = texts
        guard let path = configuration.broker.clientKey else {
            key = nil
            return
        }
        let read = PrivateKeyFile.read(path, at: "/clientKey/file")
        read.remarks.forEach(context.diagnostics.report)
        guard let found = read.key else { throw ConfigurationRefused() }
        key = found
    }

    /// Whether there is a `clientKey`.
    var hasKey: Bool { key != nil }

    /// A secret of the adapter's own configuration.
    func adapterSecret(_ reference: String) -> String? {
        guard references.contains(reference), let value = try? host.secret(reference) else {
            return nil
        }
        return String(validating: value, as: UTF8.self)
    }

    /// The secrets of a plan that is about `token`.
    func plan(token: String? = nil) -> PlanSecrets {
        let host = host
        let key = key
        return PlanSecrets(
            token: token, clientID: clientID, clientSecret: clientSecret,
            adapter: adapterSecret,
            assertion: { clientID, audience in
                key.flatMap {
                    ClientAssertion.make(
                        $0, clientID: clientID, audience: audience,
                        now: host.unixNanoseconds / 1_000_000_000)
                }
            })
    }

    private static func collect(_ value: JSONValue, _ texts: inout Set<String>) {
        switch value {
        case .string(let text): texts.insert(text)
        case .array(let elements): for element in elements { collect(element, &texts) }
        case .object(let members): for member in members { collect(member.value, &texts) }
        default: break
        }
    }
}

/// `upstreamCredential: {header, secret}`: a field that every request of the route gets, as bytes
/// that live as long as the instance.
struct FixedCredential {
    let name: BorrowedBytes
    let value: BorrowedBytes
    private let keep = StableText()

    /// `nil` where none is configured, and in a dry run, which is handed no secret.
    init?(
        _ configuration: Configuration, _ context: CreationContext
    ) throws(ConfigurationRefused) {
        guard case .field(let name, let reference) = configuration.broker.upstreamCredential,
            !context.isDryRun
        else { return nil }
        let pointer = JSONPointer(tokens: ["upstreamCredential", "secret"])
        let secret: [UInt8]
        do throws(HostError) {
            secret = try context.host.secret(reference)
        } catch {
            context.diagnostics.report(.error(pointer, "cannot be read: \(error)"))
            throw ConfigurationRefused()
        }
        guard !secret.isEmpty, secret.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            context.diagnostics.report(
                .error(pointer, "is no value of a field: printable ASCII, no line break"))
            throw ConfigurationRefused()
        }
        self.name = keep.add(name)
        self.value = keep.add(String(decoding: secret, as: UTF8.self))
    }
}

extension Broker {
    /// The broker of an instance, where its delivery is that; what is wrong was reported.
    static func make(
        _ configuration: Configuration, _ delivery: Delivery, _ ring: KeyRing?, _ setup: Setup,
        _ context: CreationContext
    ) throws(ConfigurationRefused) -> Broker? {
        if context.isDryRun, delivery.hasCallback {
            let remark = KeyRemarks.of(configuration.broker.keys, isBroker: delivery == .broker)
            context.diagnostics.report(remark)
        }
        guard delivery == .broker else {
            if configuration.broker.upstreamCredential == .user {
                context.diagnostics.report(
                    .error(
                        JSONPointer(tokens: ["upstreamCredential"]),
                        "only broker delivery has a token of the user for the upstream"))
                throw ConfigurationRefused()
            }
            return nil
        }
        guard let ring else { throw ConfigurationRefused() }
        let name = (try? context.route.describe())?["name"]?.stringValue ?? ""
        let broker = Broker(
            configuration, ring: ring, route: setup.description, name: name, layout: setup.layout,
            errors: context.diagnostics.report)
        guard let broker else { throw ConfigurationRefused() }
        return broker
    }
}
