/// Why a command ends, as the process's exit status.
public struct ExitStatus: Error, Sendable, Hashable {
    /// 0 to 4.
    public let code: Int32

    /// The configuration or a plugin is invalid.
    public static let invalid = ExitStatus(code: 1)
    /// The command line is wrong.
    public static let usage = ExitStatus(code: 2)
    /// An address cannot be bound, or something cannot be installed.
    public static let cannotStart = ExitStatus(code: 3)
    /// The drain deadline was hit, or a second signal came.
    public static let cutShort = ExitStatus(code: 4)
}
