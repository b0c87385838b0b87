import CGatehouse

/// Why the host did not do what it was asked; the values of `gh_status`.
public struct HostError: Error, RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The number on the wire of the ABI.
    public let rawValue: Int32

    /// Takes any number; an unknown one is treated like ``internal``.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// An argument is wrong.
    public static let invalid = HostError(rawValue: -1)
    /// The host does not know it, or not in this phase.
    public static let unsupported = HostError(rawValue: -2)
    /// The exchange, instance or operation has ended.
    public static let gone = HostError(rawValue: -3)
    /// The function is not allowed on this thread.
    public static let wrongThread = HostError(rawValue: -4)
    /// A bound was reached.
    public static let limit = HostError(rawValue: -5)
    /// There is nothing of that name.
    public static let notFound = HostError(rawValue: -6)
    /// Nothing was taken; a wake-up follows.
    public static let busy = HostError(rawValue: -7)
    /// A deadline passed.
    public static let timeout = HostError(rawValue: -8)
    /// Refused by rules.
    public static let denied = HostError(rawValue: -9)
    /// The network or a file failed.
    public static let io = HostError(rawValue: -10)
    /// Host and plugin speak different revisions.
    public static let incompatible = HostError(rawValue: -11)
    /// A defect.
    public static let `internal` = HostError(rawValue: -12)

    /// The name of the status.
    public var description: String {
        let names = [
            "invalid", "unsupported", "gone", "wrong thread", "limit", "not found", "busy",
            "timeout", "denied", "input or output failed", "incompatible", "internal",
        ]
        let at = -Int(rawValue) - 1
        return names.indices.contains(at) ? names[at] : "status \(rawValue)"
    }
}

/// Throws what is not GH_OK.
func check(_ status: gh_status) throws(HostError) {
    if status != 0 { throw HostError(rawValue: status) }
}
