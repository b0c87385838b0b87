import GatehouseJOSE
import GatehouseJSON
import Synchronization

/// What the gateway seals and signs with. Made when the configuration is loaded, immutable; [any].
struct KeyRing: Sendable {
    /// Seals with the first secret, opens with all.
    let sealer: Sealer
    /// The first signs, all are published; P-256 or Ed25519.
    let signers: [SigningKey]
    /// Whether it was made here, by the process or in its file: no other process opens what it
    /// seals.
    let isGenerated: Bool
    private let file: KeyFile?

    /// Seconds that a sealed value is good for at most: a registration's 90 days, unless the
    /// configuration says more.
    static let longestLife: Int64 = 90 * 86_400

    /// A ring of these secrets, each of at least 32 octets.
    ///
    /// - Parameter signers: the keys that sign; derived from the secrets where there are none.
    init(
        secrets: [[UInt8]], signers: [SigningKey] = [], isGenerated: Bool, file: KeyFile? = nil
    ) throws(KeyRingError) {
        do {
            sealer = try Sealer(secrets: secrets)
            self.signers =
                signers.isEmpty ? try secrets.map(SigningKey.derived(from:)) : signers
        } catch SealerError.tooShort(let index) {
            throw .tooShort(index: index)
        } catch {
            throw .library
        }
        self.isGenerated = isGenerated
        self.file = file
    }

    /// The public halves as a JWK set (RFC 7517 §5).
    var keySet: JSONValue {
        ["keys": .array(signers.compactMap { try? $0.publicJWK() }.map(JSONValue.object))]
    }

    // MARK: Issuers

    /// The issuer under which the route was last served, where a file keeps it.
    func recordedIssuer(_ route: String) -> String? { file?.contents.issuers[route] }

    /// Notes the issuer of a route; false where the file could not be written.
    func record(_ issuer: String, _ route: String) -> Bool {
        file?.record(issuer, route: route) ?? true
    }
}

/// Why there is no ring.
enum KeyRingError: Error, Sendable, Equatable {
    /// The secret of that index has less than 32 octets.
    case tooShort(index: Int)
    /// libcrypto failed.
    case library
}

extension KeyRing {
    /// The secret of a process that was given none; empty where there is no entropy.
    private static let processSecret: [UInt8] = RandomOctets.make(Sealer.secretSize) ?? []

    /// The ring of a configuration, and what is to be said about it; `nil` where one of the
    /// remarks is an error.
    ///
    /// - Parameters:
    ///   - secrets: the values of `keys.secrets` in their order; `nil` where they cannot be read,
    ///     as in a dry run.
    ///   - now: seconds since 1970.
    ///   - longestLife: seconds that a sealed value is good for at most.
    ///   - isDryRun: nothing is made and nothing locked; the ring then serves checks only.
    static func load(
        _ keys: BrokerConfiguration.Keys, secrets: [[UInt8]]?, now: Int64,
        longestLife: Int64 = KeyRing.longestLife, isDryRun: Bool
    ) -> (ring: KeyRing?, remarks: [ConfigurationRemark]) {
        var loader = KeyRingLoader(now: now, longestLife: longestLife, isDryRun: isDryRun)
        let signers = loader.signers(keys.signing)
        let ring = loader.ring(
            keys, secrets: secrets, signers: signers, processSecret: processSecret)
        let isRefused = loader.remarks.contains(where: \.isError)
        return (isRefused ? nil : ring, loader.remarks)
    }
}

/// Reads keys and collects every remark about them at once.
private struct KeyRingLoader {
    let now: Int64
    let longestLife: Int64
    let isDryRun: Bool
    var remarks: [ConfigurationRemark] = []

    /// The keys of PEM files; a file that is none is a remark.
    mutating func signers(_ paths: [String]) -> [SigningKey] {
        var result: [SigningKey] = []
        for (index, path) in paths.enumerated() {
            let read = PrivateKeyFile.read(path, at: "/keys/signing/\(index)/file")
            remarks += read.remarks
            guard let key = read.key else { continue }
            guard key.algorithm == .es256 || key.algorithm == .edDSA else {
                remarks.append(
                    .error(
                        "/keys/signing/\(index)/file",
                        "is an RSA key, and tokens are signed by P-256 or Ed25519",
                        "openssl genpkey -algorithm ED25519"))
                continue
            }
            result.append(key)
        }
        return result
    }

    mutating func ring(
        _ keys: BrokerConfiguration.Keys, secrets: [[UInt8]]?, signers: [SigningKey],
        processSecret: [UInt8]
    ) -> KeyRing? {
        if !keys.secrets.isEmpty, let secrets {
            return ring(secrets, signers, isGenerated: false, file: nil)
        }
        if let path = keys.file {
            if isDryRun {
                check(path)
            } else {
                do throws(KeyFile.Refusal) {
                    let file = try KeyFile.shared(path, now: now, longestLife: longestLife)
                    let secrets = file.contents.keys.map(\.secret)
                    return ring(secrets, signers, isGenerated: true, file: file)
                } catch {
                    remarks.append(remark(error, path))
                    return nil
                }
            }
        }
        return ring([processSecret], signers, isGenerated: keys.secrets.isEmpty, file: nil)
    }

    private mutating func ring(
        _ secrets: [[UInt8]], _ signers: [SigningKey], isGenerated: Bool, file: KeyFile?
    ) -> KeyRing? {
        do throws(KeyRingError) {
            return try KeyRing(
                secrets: secrets, signers: signers, isGenerated: isGenerated, file: file)
        } catch {
            switch error {
            case .tooShort(let index):
                remarks.append(
                    .error(
                        "/keys/secrets/\(index)",
                        "has \(secrets[index].count) octets, and a key needs 32 at least",
                        "openssl rand -base64 48"))
            case .library:
                remarks.append(.error("/keys", "no key could be made: the system has no entropy"))
            }
            return nil
        }
    }

    /// What a dry run can say about the file.
    private mutating func check(_ path: String) {
        do throws(KeyFile.Refusal) {
            _ = try KeyFile.read(path)
        } catch {
            remarks.append(remark(error, path))
        }
    }

    private func remark(_ refusal: KeyFile.Refusal, _ path: String) -> ConfigurationRemark {
        let pointer = "/keys/file"
        switch refusal {
        case .held:
            return .error(
                pointer,
                "another process holds the file: a generated key serves one process; replicas need"
                    + " keys.secrets", "secrets")
        case .unreadable(let why):
            return .error(pointer, "cannot be read: \(why)")
        case .malformed:
            return .error(
                pointer, "is no file of keys that the gateway made",
                "name a path where no file is: one is made")
        case .open(let mode):
            let digits = String(mode, radix: 8)
            return .error(
                pointer, "others can read the file (mode 0\(digits)): its keys are no secret",
                "chmod 600 \(path)")
        case .unwritable(let why):
            return .error(pointer, "the file cannot be made: \(why)")
        }
    }
}
