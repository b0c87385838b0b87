/// How many client connections the descriptors of the process allow. Pure.
enum ConnectionBound {
    /// Descriptors that are kept for files, look-ups and refusals.
    static let reserved = 16

    /// At most what is configured, and at most half of what is left: each connection may need one
    /// to an upstream. Descriptors beyond a million count as a million.
    ///
    /// - Parameters:
    ///   - configured: `limits.maxConnections`.
    ///   - descriptors: the limit of the process; nil: unknown, and no bound.
    ///   - inUse: what is open once everything listens.
    static func connections(configured: Int, descriptors: UInt64?, inUse: UInt64) -> Int {
        guard let descriptors else { return configured }
        let all = Int(min(descriptors, 2_000_000))
        let left = all - Int(min(inUse, UInt64(all))) - reserved
        return max(1, min(configured, left / 2))
    }
}
