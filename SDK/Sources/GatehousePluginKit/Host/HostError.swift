internal import CGatehouse

/// Why a host function, or a plugin, did not do what it was asked: a negative `gh_status`.
public struct HostError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The status of the ABI; never 0.
    public let code: Int32

    /// An error of that status; 0 counts as internal.
    public init(code: Int32) {
        self.code = code == 0 ? GH_INTERNAL.status : code
    }

    /// An argument is wrong.
    public static let invalid = HostError(code: GH_INVALID.status)
    /// The other side does not know it: the caller's default applies.
    public static let unsupported = HostError(code: GH_UNSUPPORTED.status)
    /// The exchange, instance or operation has ended.
    public static let gone = HostError(code: GH_GONE.status)
    /// Called on a thread that is not allowed.
    public static let wrongThread = HostError(code: GH_WRONG_THREAD.status)
    /// A bound was reached.
    public static let limit = HostError(code: GH_LIMIT.status)
    /// There is nothing of that name.
    public static let notFound = HostError(code: GH_NOT_FOUND.status)
    /// Nothing was taken; the documented wake-up follows.
    public static let busy = HostError(code: GH_BUSY.status)
    /// A deadline passed.
    public static let timeout = HostError(code: GH_TIMEOUT.status)
    /// Refused by the operator's rules or the protocol's.
    public static let denied = HostError(code: GH_DENIED.status)
    /// The network or a file failed.
    public static let inputOutput = HostError(code: GH_IO.status)
    /// Host and plugin speak different revisions.
    public static let incompatible = HostError(code: GH_INCOMPATIBLE.status)
    /// A defect.
    public static let `internal` = HostError(code: GH_INTERNAL.status)

    /// A word for logs.
    public var description: String {
        let names = [
            "invalid", "unsupported", "gone", "wrong thread", "limit", "not found", "busy",
            "timeout", "denied", "input or output", "incompatible", "internal",
        ]
        return code < 0 && code >= -12 ? names[Int(-code) - 1] : "status \(code)"
    }

    static func check(_ status: gh_status) throws(HostError) {
        if status != 0 { throw HostError(code: status) }
    }
}

extension BinaryInteger {
    /// A constant of the contract as the type in which it travels: C leaves enum constants as int.
    var status: gh_status { gh_status(truncatingIfNeeded: self) }
}
