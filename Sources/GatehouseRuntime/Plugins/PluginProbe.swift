import CGatehouseHost

/// The child process that loads a plugin library first (docs/architecture.md).
public enum PluginProbe {
    /// Runs the probe, and ends with it, where the command line asks for it; else returns.
    public static func runIfAsked(
        _ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    ) {
        guard count > 1, let word = arguments[1], String(cString: word) == "plugin-probe" else {
            return
        }
        gatehouse_probe_main(count - 1, arguments + 1)
    }
}
