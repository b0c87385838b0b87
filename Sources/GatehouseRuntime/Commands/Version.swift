import Glibc

/// What `gatehouse --version` prints.
public enum Version {
    /// The version of the gateway.
    public static let number = "0.1.0"

    /// Build, plugin ABI and the libraries of cryptography.
    public static var text: String {
        """
        gatehouse \(number) (\(build), Swift \(compiler))
        plugin ABI: gatehouse_plugin_entry_v1, interfaces at revision 0
        connections: BoringSSL of swift-nio-ssl; token signatures: \(libcrypto)
        """
    }

    private static var build: String {
        #if DEBUG
            "debug build"
        #else
            "release build"
        #endif
    }

    private static var compiler: String {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }

    /// The libcrypto that plugins will find: the gateway itself is not linked with it.
    private static var libcrypto: String {
        guard let library = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL),
            let symbol = dlsym(library, "OpenSSL_version")
        else { return "libcrypto.so.3 is not installed" }
        typealias VersionText = @convention(c) (Int32) -> UnsafePointer<CChar>?
        let function = unsafeBitCast(symbol, to: VersionText.self)
        return function(0).map { String(cString: $0) } ?? "an OpenSSL without a version"
    }
}
