import GatehouseSchema

/// What a message suggests instead of a name that is not known.
enum Suggestion {
    /// `did you mean 'x'?`, or the names that are known where none is near and they are few.
    static func text(for name: String, among names: [String]) -> String? {
        if let near = Names.nearest(to: name, among: names) { return "did you mean '\(near)'?" }
        guard !names.isEmpty, names.count <= 12 else { return nil }
        return "known here: \(names.joined(separator: ", "))"
    }
}
