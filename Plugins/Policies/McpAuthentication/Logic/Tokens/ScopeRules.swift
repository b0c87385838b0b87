/// Which scopes a route requires, and which scopes imply others (G07, G09). A value.
struct ScopeRules: Sendable, Equatable {
    /// All of them are required, and all are named in the challenge (G08).
    let required: [String]
    /// For each required scope, in order: the scopes that grant it, itself included.
    private let granting: [Set<[UInt8]>]

    /// - Parameter hierarchy: what a scope implies directly; without cycles.
    init(required: [String], hierarchy: [String: [String]] = [:]) {
        self.required = required
        granting = required.map { scope in
            var found: Set<[UInt8]> = [Array(scope.utf8)]
            var isGrowing = true
            while isGrowing {
                let more = hierarchy.filter { entry in
                    !found.contains(Array(entry.key.utf8))
                        && entry.value.contains { found.contains(Array($0.utf8)) }
                }
                isGrowing = !more.isEmpty
                for entry in more { found.insert(Array(entry.key.utf8)) }
            }
            return found
        }
    }

    /// Whether these scopes contain or imply every required one.
    func areMet(by scopes: [String]) -> Bool {
        guard !granting.isEmpty else { return true }
        let held = Set(scopes.map { Array($0.utf8) })
        return granting.allSatisfy { !$0.isDisjoint(with: held) }
    }

    /// A way from a scope back to itself, in a hierarchy that has one.
    static func cycle(in hierarchy: [String: [String]]) -> [String]? {
        var done: Set<String> = []
        for start in hierarchy.keys.sorted() where !done.contains(start) {
            var path: [String] = []
            if let found = cycle(from: start, in: hierarchy, &path, &done) { return found }
        }
        return nil
    }

    private static func cycle(
        from scope: String, in hierarchy: [String: [String]], _ path: inout [String],
        _ done: inout Set<String>
    ) -> [String]? {
        if let first = path.firstIndex(of: scope) { return path[first...] + [scope] }
        guard !done.contains(scope) else { return nil }
        path.append(scope)
        // Bound: the depth is at most the number of entries, which the schema bounds.
        for next in hierarchy[scope] ?? [] {
            if let found = cycle(from: next, in: hierarchy, &path, &done) { return found }
        }
        path.removeLast()
        done.insert(scope)
        return nil
    }
}
