import GatehouseSchema

/// Checks a tree against a shape: kinds, formats, unknown and missing keys.
///
/// What it passes can be read without further questions; the readers return nil for what it has
/// reported.
struct ShapeCheck {
    private(set) var findings: [Finding] = []
    /// The keys that a plugin of a kind may have as names.
    let pluginNames: [InstalledPlugin.Kind: Set<String>]

    /// - Parameter subject: what the node is called in messages: `'port'`.
    mutating func check(_ node: Node, _ shape: Shape, as subject: String) {
        // A key without a value counts as not written.
        guard node.scalar?.value != .null, node.scalar?.value != .unresolved else { return }
        switch shape {
        case .text(let format): text(node, format, subject)
        case .integer(let range): integer(node, range, subject)
        case .flag:
            guard case .boolean = node.scalar?.value else {
                return report(node, "\(subject) must be true or false, not \(node.kindName)")
            }
        case .list(let item, let least):
            guard case .sequence(let items) = node.content else {
                return report(
                    node, "\(subject) must be a list, not \(node.kindName)",
                    suggestion: node.scalar == nil ? "put '-' before its entry" : nil)
            }
            if items.count < least { report(node, "\(subject) must not be empty") }
            for next in items {
                if next.scalar?.value == .null {
                    report(next, "\(subject) has an entry without a value")
                }
                check(next, item, as: "an entry of \(subject)")
            }
        case .object(let object): self.object(node, object, subject)
        }
    }

    private mutating func report(_ node: Node, _ message: String, suggestion: String? = nil) {
        findings.append(Finding(range: node.range, message: message, suggestion: suggestion))
    }

    private mutating func text(_ node: Node, _ format: TextFormat, _ subject: String) {
        guard let scalar = node.scalar else {
            return report(node, "\(subject) must be text, not \(node.kindName)")
        }
        do {
            try format.check(scalar.text)
        } catch {
            return report(node, "\(subject) \(error.message)", suggestion: error.suggestion)
        }
        switch scalar.value {
        case .text: break
        case .integer where format.takesNumbers: break
        default:
            report(
                node, "\(subject) must be text, not \(scalar.value.kindName)",
                suggestion: "quote it to make it text")
        }
    }

    private mutating func integer(
        _ node: Node, _ range: ClosedRange<Int>, _ subject: String
    ) {
        guard case .integer(let digits) = node.scalar?.value else {
            return report(node, "\(subject) must be an integer, not \(node.kindName)")
        }
        guard let value = Int(digits), range.contains(value) else {
            return report(
                node, "\(subject) must be between \(range.lowerBound) and \(range.upperBound)")
        }
    }

    private mutating func object(_ node: Node, _ shape: ObjectShape, _ subject: String) {
        guard case .mapping(let members) = node.content else {
            return report(node, "\(subject) must be a mapping, not \(node.kindName)")
        }
        var meant: Set<String> = []
        let written = Set(members.map(\.key))
        let free = shape.keys.map(\.name).filter { !written.contains($0) }
        for member in members {
            guard findings.count <= FileLimits.findingsMax else { return }
            if let key = shape.key(member.key) {
                check(member.value, key.shape, as: "'\(key.name)'")
                if member.value.scalar?.value == .null, key.isRequired {
                    findings.append(
                        Finding(range: member.keyRange, message: "'\(key.name)' has no value"))
                }
            } else if let near = unknown(member, free, shape) {
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
        _ member: Node.Member, _ free: [String], _ shape: ObjectShape
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
