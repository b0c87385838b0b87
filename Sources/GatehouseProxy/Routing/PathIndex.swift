import GatehouseRegex

/// The matches and claims of one host, in the order in which they are tried.
struct PathIndex: Sendable {
    /// What a path leads to.
    struct Entry: Sendable {
        let route: Route
        let conditions: Conditions
    }

    private struct Claim: Sendable {
        let path: [UInt8]
        let isPrefix: Bool
        let route: Route
        let number: Int
    }

    private var claims: [Claim] = []
    private var exact: [(path: [UInt8], entries: [Entry])] = []
    private var prefixes: [(path: [UInt8], entries: [Entry])] = []
    private var regexes: [(regex: LinearRegex, entry: Entry)] = []

    // MARK: Building

    mutating func add(_ match: RouteMatch, of route: Route) {
        let entry = Entry(route: route, conditions: Conditions(match))
        switch match.path {
        case .exact(let path): Self.add(entry, Array(path.utf8), to: &exact)
        case .prefix(let path):
            var bytes = Array(path.utf8)
            if bytes.last == 0x2F { bytes.removeLast() }
            Self.add(entry, bytes, to: &prefixes)
        case .regex(let regex): regexes.append((regex, entry))
        }
    }

    private static func add(
        _ entry: Entry, _ path: [UInt8], to list: inout [(path: [UInt8], entries: [Entry])]
    ) {
        if let at = list.firstIndex(where: { $0.path == path }) {
            list[at].entries.append(entry)
        } else {
            list.append((path, [entry]))
        }
    }

    /// Adds a claim; answers the route that has claimed the same path already.
    mutating func claim(_ claim: ClaimedPath, number: Int, of route: Route) -> Route? {
        let path = Array(claim.path.utf8)
        let taken = claims.first { $0.path == path && $0.isPrefix == claim.isPrefix }
        if let taken { return taken.route }
        claims.append(
            Claim(path: path, isPrefix: claim.isPrefix, route: route, number: number))
        return nil
    }

    /// Brings everything into the order of the look-up; once, after the last `add`.
    mutating func finish() {
        claims.sort {
            $0.isPrefix != $1.isPrefix ? !$0.isPrefix : $0.path.count > $1.path.count
        }
        exact.sort { isShorterOrBefore($0.path, $1.path) }
        prefixes.sort { $0.path.count > $1.path.count }
        for at in exact.indices { Self.rank(&exact[at].entries) }
        for at in prefixes.indices { Self.rank(&prefixes[at].entries) }
    }

    /// The most specific conditions first, else the order of the configuration.
    private static func rank(_ entries: inout [Entry]) {
        entries = entries.enumerated().sorted { a, b in
            let (left, right) = (a.element.conditions.rank, b.element.conditions.rank)
            return left != right ? left > right : a.offset < b.offset
        }.map(\.element)
    }

    // MARK: Look-up

    /// The claim or route for a path in normal form.
    func find(
        _ path: UnsafeRawBufferPointer, _ request: borrowing RouteRequest
    ) -> RouteDecision? {
        for at in claims.indices where Self.takes(claims[at].path, claims[at].isPrefix, path) {
            return .route(claims[at].route, claim: claims[at].number)
        }
        if let at = exactPosition(path), let route = Self.first(exact[at].entries, request) {
            return .route(route, claim: nil)
        }
        // By position: a copy of an element would count a reference for each of its members.
        for at in prefixes.indices where Self.takes(prefixes[at].path, true, path) {
            if let route = Self.first(prefixes[at].entries, request) {
                return .route(route, claim: nil)
            }
        }
        for (regex, entry) in regexes
        where entry.conditions.hold(request) && regex.matchesWhole(path) {
            return .route(entry.route, claim: nil)
        }
        return nil
    }

    private func exactPosition(_ path: UnsafeRawBufferPointer) -> Int? {
        var (low, high) = (0, exact.count)
        while low < high {
            let middle = (low + high) / 2
            let order = Bytes.order(path, exact[middle].path)
            if order == 0 { return middle }
            if order < 0 { high = middle } else { low = middle + 1 }
        }
        return nil
    }

    @inline(__always)
    private static func first(
        _ entries: [Entry], _ request: borrowing RouteRequest
    ) -> Route? {
        for at in entries.indices
        where entries[at].conditions.isEmpty || entries[at].conditions.hold(request) {
            return entries[at].route
        }
        return nil
    }

    /// Whole segments: what follows a prefix is the end or a slash.
    @inline(__always)
    private static func takes(
        _ pattern: [UInt8], _ isPrefix: Bool, _ path: UnsafeRawBufferPointer
    ) -> Bool {
        guard isPrefix else { return Bytes.equal(path, pattern) }
        guard Bytes.starts(path, with: pattern) else { return false }
        return path.count == pattern.count || path[pattern.count] == 0x2F
            || pattern.last == 0x2F
    }
}
