import GatehouseJOSE
import Glibc

/// A PEM file with a private key, as the configuration names it.
enum PrivateKeyFile {
    /// Octets of a file at most.
    private static let maximumBytes = 64 * 1024

    /// The key, and what is to be said about the file; no key where a remark is an error.
    static func read(
        _ path: String, at pointer: String
    ) -> (key: SigningKey?, remarks: [ConfigurationRemark]) {
        guard let bytes = FileContents.read(path, limit: maximumBytes) else {
            return (nil, [.error(pointer, "the file cannot be read")])
        }
        var remarks: [ConfigurationRemark] = []
        var facts = stat()
        if stat(path, &facts) == 0, facts.st_mode & 0o007 != 0 {
            remarks.append(
                .warning(
                    pointer, "others can read the private key: they can sign in its name",
                    "chmod 600 \(path)"))
        }
        do throws(SigningKeyRefusal) {
            return (try SigningKey.parse(pem: bytes), remarks)
        } catch {
            remarks.append(
                .error(
                    pointer, "cannot sign: \(error)", "openssl genpkey -algorithm ED25519"))
            return (nil, remarks)
        }
    }
}
