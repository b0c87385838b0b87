import GatehouseJSON

/// Where an issuer's metadata is looked for, and what to do with several documents.
struct DiscoveryPlan: Sendable, Equatable {
    /// In the order of asking.
    var requests: [FetchPlan]
    /// Whether every document is asked for and merged, the earlier ones winning; else the first
    /// good one is taken.
    var merges: Bool
    /// The accepted values of the documents' `issuer`.
    var issuers: [String]
    /// Members that replace those of the fetched documents; alone the document where nothing is
    /// asked for.
    var document: JSONObject?

    /// The plan of the specifications (RFC 8414 §3.1, OpenID Discovery §4.1; MCP 2026-07-28).
    ///
    /// The last form, RFC 8414's document appended to the path, is served by providers that read
    /// the RFC otherwise.
    static func standard(issuer: HTTPURL, text: String) -> DiscoveryPlan {
        let path = WellKnownPaths.trimmed(issuer.path)
        let oauth = WellKnownKind.authorizationServerPath
        let openID = WellKnownKind.openIDPath
        var urls = [issuer.origin + oauth + path, issuer.origin + openID + path]
        if !path.isEmpty {
            urls += [issuer.origin + path + openID, issuer.origin + path + oauth]
        }
        return DiscoveryPlan(
            requests: urls.map { FetchPlan(url: $0) }, merges: false, issuers: [text])
    }
}

/// One run through a discovery plan: which request is next, and what came of them.
struct DiscoveryRun: Sendable {
    /// What is to be done.
    enum Step: Sendable, Equatable {
        case fetch(FetchPlan)
        case found(IssuerDocument)
        /// Every request failed; the reasons, for the log, and whether a document came at all.
        case failed(String, isInvalid: Bool)
    }

    private let plan: DiscoveryPlan
    private var at = 0
    private var found: IssuerDocument?
    private var reasons: [String] = []
    private var hadDocument = false

    init(_ plan: DiscoveryPlan) { self.plan = plan }

    /// The first step.
    func start() -> Step {
        if let first = plan.requests.first { return .fetch(first) }
        guard let members = plan.document else { return failure("nothing to ask") }
        return .found(
            IssuerDocument(value: .object(members), isPrivate: false, freshness: nil))
    }

    /// The step after the answer to the request that was asked for last.
    mutating func next(after answer: FetchedAnswer) -> Step {
        if answer.failure == nil, answer.status == 200 { hadDocument = true }
        let url = at < plan.requests.count ? plan.requests[at].url : ""
        do throws(DocumentRefusal) {
            let document = try IssuerDocument(answer, expecting: plan.issuers)
            if !plan.merges { return .found(completed(document)) }
            found = found.map { $0.merged(with: document) } ?? document
        } catch {
            reasons.append("\(url): \(error.reason)")
        }
        at += 1
        if at < plan.requests.count { return .fetch(plan.requests[at]) }
        return found.map { .found(completed($0)) } ?? failure(reasons.joined(separator: "; "))
    }

    /// The document with the plan's own members in it.
    private func completed(_ document: IssuerDocument) -> IssuerDocument {
        guard let more = plan.document, var members = document.value.objectValue else {
            return document
        }
        for (key, value) in more { members[key] = value }
        return IssuerDocument(
            value: .object(members), isPrivate: document.isPrivate, freshness: document.freshness)
    }

    private func failure(_ reason: String) -> Step { .failed(reason, isInvalid: hadDocument) }
}

extension IssuerDocument {
    /// This document with what only `other` has; lists of what is supported are united in order.
    func merged(with other: IssuerDocument) -> IssuerDocument {
        guard var members = value.objectValue, let more = other.value.objectValue else {
            return self
        }
        for (key, value) in more {
            if let mine = members[key] {
                guard key.hasSuffix("_supported"), let mine = mine.arrayValue,
                    let theirs = value.arrayValue
                else { continue }
                members[key] = .array(mine + theirs.filter { !mine.contains($0) })
            } else {
                members[key] = value
            }
        }
        let fresh = [freshness, other.freshness].compactMap { $0 }.min()
        return IssuerDocument(
            value: .object(members), isPrivate: isPrivate || other.isPrivate, freshness: fresh)
    }

    /// A document that was put together here.
    init(value: JSONValue, isPrivate: Bool, freshness: Int64?) {
        self.value = value
        bytes = value.serializedBytes(.compact)
        self.isPrivate = isPrivate
        self.freshness = freshness
    }
}
