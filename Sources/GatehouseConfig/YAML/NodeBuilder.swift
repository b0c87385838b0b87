/// Events to a node tree: anchors and aliases, duplicate keys, bounds, expansion.
struct NodeBuilder {
    private struct Open {
        var isMapping: Bool
        var range: Range<Mark>
        var anchor: String?
        var items: [Node] = []
        var members: [Node.Member] = []
        /// The line of every key so far.
        var lines: [String: Int] = [:]
        /// The key that waits for its value; the flag is false for one that was refused.
        var key: (text: String, range: Range<Mark>, isUsed: Bool)?
    }

    private(set) var root: Node?
    private(set) var findings: [Finding] = []
    private let source: SourceText
    private let environment: [String: String]
    private var open: [Open] = []
    private var anchors: [String: Node] = [:]
    private var count = 0
    private var documents = 0
    private var isStopped = false

    init(source: SourceText, environment: [String: String]) {
        self.source = source
        self.environment = environment
    }

    /// The tree of a text and everything that is wrong with it as YAML; a tree that is not whole
    /// is nil.
    static func build(
        _ text: String, source: SourceText, environment: [String: String]
    ) -> (root: Node?, findings: [Finding]) {
        var builder = NodeBuilder(source: source, environment: environment)
        do {
            try LibYAML.events(of: text) { event in
                builder.take(event)
                return !builder.isStopped
            }
        } catch {
            builder.isStopped = true
            builder.report(error.mark..<error.mark, "\(error.message)")
        }
        return (builder.isStopped ? nil : builder.root, builder.findings)
    }

    private mutating func report(
        _ range: Range<Mark>, _ message: String, suggestion: String? = nil
    ) {
        findings.append(Finding(range: range, message: message, suggestion: suggestion))
    }

    private mutating func take(_ event: YAMLEvent) {
        switch event.kind {
        case .documentStart:
            documents += 1
            if documents > 1 {
                report(event.range, "a second document begins here; a configuration is one")
                isStopped = true
            }
        case .alias(let name): alias(name, event.range)
        case .scalar(let text, let isPlain): scalar(text, isPlain: isPlain, event)
        case .sequenceStart, .mappingStart: start(event)
        case .collectionEnd: end(event.range)
        case .documentEnd, .streamEnd, .other: break
        }
    }

    private mutating func alias(_ name: String, _ range: Range<Mark>) {
        guard let node = anchors[name] else {
            report(
                range, "no anchor '&\(name)' stands before this alias",
                suggestion: Suggestion.text(for: name, among: anchors.keys.sorted()))
            add(Node(content: .scalar(Scalar(text: "", value: .unresolved)), range: range))
            return
        }
        add(node)
    }

    private mutating func scalar(_ text: String, isPlain: Bool, _ event: YAMLEvent) {
        let isKey = open.last.map { $0.isMapping && $0.key == nil } ?? false
        var value = text
        var isKnown = true
        if !isKey {
            do {
                value = try Expansion.expand(text, environment: environment)
            } catch {
                isKnown = false
                let range = source.find(error.culprit, in: event.range) ?? event.range
                report(range, error.message, suggestion: error.suggestion)
            }
        }
        let isText = event.tag == "!" || event.tag == "tag:yaml.org,2002:str"
        if let tag = event.tag, !isText { refuseTag(tag, event.range) }
        let plain = isPlain && !isText ? CoreSchema.resolve(value) : .text
        let resolved = isKnown ? plain : .unresolved
        let node = Node(
            content: .scalar(Scalar(text: value, value: resolved)), range: event.range)
        if let anchor = event.anchor { anchors[anchor] = node }
        add(node)
    }

    private mutating func refuseTag(_ tag: String, _ range: Range<Mark>) {
        report(range, "the tag '\(tag)' is not supported", suggestion: "leave the tag out")
    }

    private mutating func start(_ event: YAMLEvent) {
        guard open.count < FileLimits.depthMax else { return tooDeep(event.range) }
        var isMapping = false
        if case .mappingStart = event.kind { isMapping = true }
        let plain = "tag:yaml.org,2002:\(isMapping ? "map" : "seq")"
        if let tag = event.tag, tag != plain, tag != "!" { refuseTag(tag, event.range) }
        open.append(Open(isMapping: isMapping, range: event.range, anchor: event.anchor))
    }

    private mutating func tooDeep(_ range: Range<Mark>) {
        report(range, "nested deeper than \(FileLimits.depthMax) levels")
        isStopped = true
    }

    private mutating func end(_ range: Range<Mark>) {
        guard let frame = open.popLast() else { return }
        let below = frame.isMapping ? frame.members.map(\.value) : frame.items
        let start = frame.range.lowerBound
        let node = Node(
            content: frame.isMapping ? .mapping(frame.members) : .sequence(frame.items),
            range: start..<max(start, range.upperBound),
            count: below.reduce(1) { $0 + $1.count },
            height: 1 + (below.map(\.height).max() ?? 0))
        if let anchor = frame.anchor { anchors[anchor] = node }
        // What stands below was counted when it was added.
        count -= node.count - 1
        add(node)
    }

    private mutating func add(_ node: Node) {
        count += node.count
        guard count <= FileLimits.nodesMax else {
            report(node.range, "more than \(FileLimits.nodesMax) values, aliases counted")
            isStopped = true
            return
        }
        guard open.count + node.height <= FileLimits.depthMax else { return tooDeep(node.range) }
        guard var frame = open.popLast() else {
            root = node
            return
        }
        defer { open.append(frame) }
        guard frame.isMapping else { return frame.items.append(node) }
        if let key = frame.key {
            frame.key = nil
            if key.isUsed {
                frame.members.append(
                    Node.Member(key: key.text, keyRange: key.range, value: node))
            }
        } else {
            frame.key = takeKey(node, in: &frame)
        }
    }

    private mutating func takeKey(
        _ node: Node, in frame: inout Open
    ) -> (text: String, range: Range<Mark>, isUsed: Bool) {
        guard let scalar = node.scalar else {
            report(node.range, "a key must be text, not \(node.kindName)")
            return ("", node.range, false)
        }
        if let first = frame.lines[scalar.text] {
            report(
                node.range, "duplicate key '\(scalar.text)'",
                suggestion: "it is first on line \(first + 1)")
            return (scalar.text, node.range, false)
        }
        frame.lines[scalar.text] = node.range.lowerBound.line
        return (scalar.text, node.range, true)
    }
}
