import GatehouseSchema

/// Checks a tree against a shape: kinds, formats, unknown and missing keys.
///
/// What it passes can be read without further questions; the readers return nil for what it has
/// reported.
struct ShapeCheck {
    private(set) var findings: [Finding] = []
    /// The keys that a plugin of a kind may have as names.
    let pluginNames: [InstalledPlugin.Kind: Set<String>]

    mutating func check(_ node: Node, _ shape: Shape) {
        // A key without a value counts as not written.
        if node.scalar?.value == .null { return }
        switch shape {
        case .text(let format): text(node, format)
        case .integer(let range): integer(node, range)
        case .flag:
            guard case .boolean = node.scalar?.value else {
                return report(node, "must be true or false, not \(node.kindName)")
            }
        case .list(let item, let least):
            guard case .sequence(let items) = node.content else {
                return report(
                    node, "must be a list, not \(node.kindName)",
                    suggestion: node.scalar == nil ? "put '-' before its entry" : nil)
            }
            if items.count < least { report(node, "must have at least \(least) entry") }
            for next in items {
                if next.scalar?.value == .null { report(next, "is an entry without a value") }
                check(next, item)
            }
        case .object(let object): self.object(node, object)
        }
    }

    private mutating func report(_ node: Node, _ message: String, suggestion: String? = nil) {
        findings.append(Finding(range: node.range, message: message, suggestion: suggestion))
    }

    private mutating func text(_ node: Node, _ format: TextFormat) {
        guard let scalar = node.scalar else {
            return report(node, "must be text, not \(node.kindName)")
        }
        switch scalar.value {
        case .text: break
        case .integer where format.takesNumbers: break
        default:
            return report(
                node, "must be text, not \(scalar.value.kindName)",
                suggestion: "quote it to make it text")
        }
        do {
            try format.check(scalar.text)
        } catch {
            report(node, error.message, suggestion: error.suggestion)
        }
    }

    private mutating func integer(_ node: Node, _ range: ClosedRange<Int>) {
        guard case .integer(let digits) = node.scalar?.value else {
            return report(node, "must be an integer, not \(node.kindName)")
        }
        guard let value = Int(digits), range.contains(value) else {
            return report(
                node, "must be between \(range.lowerBound) and \(range.upperBound)")
        }
    }

    private mutating func object(_ node: Node, _ shape: ObjectShape) {
        guard case .mapping(let members) = node.content else {
            return report(node, "must be a mapping, not \(node.kindName)")
        }
        var meant: Set<String> = []
        for member in members {
            if let key = shape.key(member.key) {
                check(member.value, key.shape)
                if member.value.scalar?.value == .null, key.isRequired {
                    findings.append(
                        Finding(range: member.keyRange, message: "'\(key.name)' has no value"))
                }
            } else if let near = unknown(member, members, shape) {
                meant.insert(near)
            }
        }
        for key in shape.keys
        where key.isRequired && node[key.name] == nil && !meant.contains(key.name) {
            findings.append(
                Finding(
                    range: members.first?.keyRange ?? node.range,
                    message: "\(shape.name) needs '\(key.name)'"))
        }
    }

    /// Reports a key that is not known; returns the key that was probably meant.
    private mutating func unknown(
        _ member: Node.Member, _ members: [Node.Member], _ shape: ObjectShape
    ) -> String? {
        if let kind = shape.others {
            let isInstalled = pluginNames[kind, default: []].contains(member.key)
            // What is no known key names a plugin, which the reader looks for.
            if isInstalled || shape.later[member.key] == nil { return nil }
        }
        if let reason = shape.later[member.key] {
            findings.append(
                Finding(range: member.keyRange, message: "'\(member.key)' \(reason)"))
            return nil
        }
        let written = Set(members.map(\.key))
        let free = shape.keys.map(\.name).filter { !written.contains($0) }
        let near = Names.nearest(to: member.key, among: free)
        findings.append(
            Finding(
                range: member.keyRange, message: "unknown key '\(member.key)' in \(shape.name)",
                suggestion: near.map { "did you mean '\($0)'?" }
                    ?? Suggestion.text(for: member.key, among: shape.keys.map(\.name))))
        return near
    }
}

extension TextFormat {
    /// Sizes may be written as plain integers.
    fileprivate var takesNumbers: Bool {
        if case .byteSize = self { true } else { false }
    }
}
