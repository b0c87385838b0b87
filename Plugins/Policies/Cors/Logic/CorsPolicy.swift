import GatehouseJSON
public import GatehousePluginKit

/// The cors policy: decisions in ``CorsRules``, performed here.
public final class CorsPolicy: PolicyPlugin {
    /// What the plugin says about itself.
    public static let manifest = PluginManifest(
        id: "dev.gatehouse.policy.cors", version: "0.1.0", kind: .policy, name: "cors",
        orderClass: .cors,
        requires: [
            "gatehouse.host.base/0", "gatehouse.host.route/0", "gatehouse.host.exchange/0",
        ], license: "Apache-2.0",
        summary: "Answers preflights, marks responses, and keeps foreign origins away.")

    /// The JSON Schema of the configuration.
    public static let configurationSchema = CorsConfiguration.schema

    /// The heads, and the end for the origins that a pattern covered.
    public static let phases: PolicyPhases = [.requestHead, .responseHead, .ended]

    private let rules: CorsRules
    private let slots: Slots
    private let texts = StableText()
    private let anyFields: CompiledFields
    private let listedFields: [CompiledFields]
    private let patternFields: CompiledFields
    private let noFields: CompiledFields
    private let originText: BorrowedBytes

    private struct Slots {
        let origin: FieldSlot
        let requestedMethod: FieldSlot
        let requestedHeaders: FieldSlot
        let vary: FieldSlot
        /// In the order of ``CorsField/replaced``.
        let replaced: [FieldSlot]

        init(_ route: RouteSetup) throws(HostError) {
            origin = try route.wantField("origin")
            requestedMethod = try route.wantField("access-control-request-method")
            requestedHeaders = try route.wantField("access-control-request-headers")
            vary = try route.wantField("vary", .response)
            var replaced: [FieldSlot] = []
            for field in CorsField.replaced {
                replaced.append(try route.wantField("\(field.name)", .response))
            }
            self.replaced = replaced
        }
    }

    /// The origin that a pattern covered, kept from the request to the response.
    private final class KeptOrigin {
        let text: StableText
        let bytes: BorrowedBytes

        init(_ origin: String) {
            text = StableText()
            bytes = text.add(origin)
        }
    }

    /// Makes an instance; reports everything that is wrong with the configuration.
    public init(_ context: CreationContext) throws(ConfigurationRefused) {
        let (configuration, remarks) = CorsConfiguration.read(context.configuration)
        for remark in remarks { context.diagnostics.report(remark) }
        guard let configuration else { throw ConfigurationRefused() }
        do throws(HostError) {
            slots = try Slots(context.route)
        } catch {
            context.diagnostics.report(.error(JSONPointer(), "the host gives no fields: \(error)"))
            throw ConfigurationRefused()
        }
        let isProtected = Self.isProtected(try? context.route.describe())
        rules = CorsRules(configuration: configuration, isProtected: isProtected)
        if isProtected, !configuration.allowsAuthorization, configuration.origins != .listed([], [])
        {
            context.diagnostics.report(
                .warning(
                    JSONPointer(tokens: ["allowHeaders"]),
                    "the route needs a token, and no page may send Authorization",
                    suggestion: "add authorization, or preset: mcp"))
        }
        anyFields = CompiledFields(rules.permission(.any), texts)
        listedFields = (0..<rules.listedCount).map { [rules, texts] index in
            CompiledFields(rules.permission(.listed(index)), texts)
        }
        patternFields = CompiledFields(rules.permission(.pattern("")), texts)
        noFields = CompiledFields([:], texts)
        originText = BorrowedBytes("Origin")
    }

    /// Whether a policy of the order class authentication stands on the route.
    static func isProtected(_ route: JSONValue?) -> Bool {
        (route?["policies"]?.arrayValue ?? []).contains { $0["orderClass"] == "authentication" }
    }

    /// Nothing is kept for a loop.
    public func loopStarted(_ loop: UInt32) throws(HostError) -> NoLoopState { NoLoopState() }

    /// Answers preflights and refused origins, and remembers what the response gets.
    public func requestHead(
        _ loop: NoLoopState, _ exchange: Exchange, _ head: MessageHead,
        _ state: inout ExchangeState
    ) -> Action {
        var request = CorsRequest()
        request.isClaimed = head.isClaimed
        request.origin = head[slots.origin]
        if request.origin != nil {
            request.isOptions = head.method == .options
            request.isOriginRepeated = head.isRepeated(slots.origin)
            if request.isOptions {
                request.requestedMethod = head[slots.requestedMethod]
                request.requestedHeaders = requestedHeaders(exchange, head)
            }
        }
        switch rules.decide(request, externalBase: { exchange.attribute(.externalBase) }) {
        case .pass(let mark):
            keep(mark, in: &state)
            return .continue
        case .answer(let answer):
            do throws(HostError) {
                try exchange.respond(answer.response)
                return .responded
            } catch {
                return .fail
            }
        }
    }

    private func requestedHeaders(_ exchange: Exchange, _ head: MessageHead) -> String {
        var lines: [String] = []
        if let first = head[slots.requestedHeaders] { lines.append(first.text) }
        guard head.isRepeated(slots.requestedHeaders) else { return lines.first ?? "" }
        while lines.count < 16,
            let next = exchange.field(
                "access-control-request-headers", index: UInt32(lines.count))
        {
            lines.append(next.text)
        }
        return lines.joined(separator: ",")
    }

    // MARK: The mark between request and response

    /// Odd numbers are marks without an object; an even one is the address of a kept origin.
    private func keep(_ mark: CorsMark, in state: inout ExchangeState) {
        switch mark {
        case .any: state.bits = 1
        case .none: state.bits = 3
        case .claimers: state.bits = 5
        case .listed(let index): state.bits = 7 + 2 * UInt(index)
        case .pattern(let origin): state.keep(KeptOrigin(origin))
        }
    }

    /// Marks the response, the core's own included.
    public func responseHead(
        _ loop: NoLoopState, _ exchange: Exchange, _ head: MessageHead,
        _ state: inout ExchangeState
    ) -> Action {
        var edits = FieldEdits()
        switch state.bits {
        case 0: return .continue
        case 1: anyFields.add(to: &edits, head, slots.replaced)
        case 3: noFields.add(to: &edits, head, slots.replaced)
        case 5: break
        case let bits where bits & 1 == 1:
            let index = Int((bits - 7) / 2)
            guard index < listedFields.count else { return .fail }
            listedFields[index].add(to: &edits, head, slots.replaced)
        default:
            _ = state.with(KeptOrigin.self) { kept in
                patternFields.add(to: &edits, head, slots.replaced, origin: kept.bytes)
            }
        }
        if state.bits != 1, !hasVary(exchange, head) { edits.add("vary", originText) }
        if edits.isEmpty { return .continue }
        do throws(HostError) {
            try exchange.apply(edits, to: .response)
            return .continue
        } catch {
            return .fail
        }
    }

    private func hasVary(_ exchange: Exchange, _ head: MessageHead) -> Bool {
        guard let first = head[slots.vary] else { return false }
        if CorsRules.coversOrigin(first) { return true }
        guard head.isRepeated(slots.vary) else { return false }
        var index: UInt32 = 1
        while index < 16, let next = exchange.field("vary", .response, index: index) {
            if CorsRules.coversOrigin(next) { return true }
            index += 1
        }
        return false
    }

    /// Gives a kept origin back.
    public func ended(
        _ loop: NoLoopState, _ exchange: Exchange, _ reason: EndReason,
        _ state: inout ExchangeState
    ) {
        if state.bits & 1 == 0 { state.take(KeptOrigin.self) }
    }
}

/// The fields of a mark as bytes that live as long as the instance.
private struct CompiledFields {
    /// In the order of ``CorsField/replaced``; nil is removed.
    private let values: [BorrowedBytes?]

    init(_ fields: [CorsField: String], _ texts: StableText) {
        values = CorsField.replaced.map { fields[$0].map(texts.add) }
    }

    /// Sets what is there, removes what the upstream set and this policy does not say.
    func add(
        to edits: inout FieldEdits, _ head: MessageHead, _ slots: [FieldSlot],
        origin: BorrowedBytes? = nil
    ) {
        for (index, field) in CorsField.replaced.enumerated() {
            if field == .allowOrigin, let origin {
                edits.set(field.name, origin)
            } else if let value = values[index] {
                edits.set(field.name, value)
            } else if head[slots[index]] != nil {
                edits.remove(field.name)
            }
        }
    }
}
