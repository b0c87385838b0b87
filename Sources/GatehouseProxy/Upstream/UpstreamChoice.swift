/// Which of several upstreams gets the next exchange, as a pure value.
///
/// The lowest (pending + 1) / weight among those that take any. Equals take turns, so that a loop
/// that is idle does not give everything to the first.
struct UpstreamChoice {
    /// One upstream as the choice sees it.
    struct Candidate {
        /// Exchanges that it carries or that wait for a connection to it.
        var pending: Int
        /// Its share, 1 to 1,000,000.
        var weight: Int
        /// Whether it is healthy, or on the way back.
        var takes: Bool
    }

    /// Where the next search begins.
    private var next: Int

    /// Begins with this one; loops begin with different ones.
    init(first: Int = 0) { next = max(first, 0) }

    /// The one of `count` that gets an exchange. Where none takes any, all do: an exchange that may
    /// fail is better than one that fails.
    /// - Parameter excluded: one that has failed, so that only those that take are of use; nil: the
    ///   exchange is new.
    /// - Returns: nil where there is none.
    mutating func pick(
        of count: Int, except excluded: Int? = nil, _ candidate: (Int) -> Candidate
    ) -> Int? {
        best(count, excluded, onlyThoseThatTake: true, candidate)
            ?? (excluded == nil ? best(count, nil, onlyThoseThatTake: false, candidate) : nil)
    }

    private mutating func best(
        _ count: Int, _ excluded: Int?, onlyThoseThatTake: Bool, _ candidate: (Int) -> Candidate
    ) -> Int? {
        var found: (at: Int, pending: Int, weight: Int)?
        for step in 0..<max(count, 0) {
            let at = (next % count + step) % count
            let one = candidate(at)
            guard at != excluded, one.weight > 0, one.takes || !onlyThoseThatTake else { continue }
            if let found, (one.pending + 1) * found.weight >= (found.pending + 1) * one.weight {
                continue
            }
            found = (at, one.pending, one.weight)
        }
        guard let found else { return nil }
        next = (found.at + 1) % count
        return found.at
    }
}
