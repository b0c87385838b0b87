import GatehouseJSON

/// Why a fetched document is not used.
struct DocumentRefusal: Error, Sendable, Equatable {
    /// For the log.
    let reason: String
}

/// One answer of a fetch, in the words of this policy.
struct FetchedAnswer: Sendable, Equatable {
    /// 0 where no answer came; then `failure` says why.
    var status: Int
    /// Names in any case.
    var fields: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// Why there is no answer: unreachable, timeout, too large.
    var failure: String?

    /// The first value of a field, by its lower-case name.
    func field(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name }?.value
    }

    static func == (left: FetchedAnswer, right: FetchedAnswer) -> Bool {
        left.status == right.status && left.body == right.body && left.failure == right.failure
            && left.fields.map(\.name) == right.fields.map(\.name)
            && left.fields.map(\.value) == right.fields.map(\.value)
    }
}

/// An authorization server's own metadata document, fetched and checked (RFC 8414 §3, G54).
struct IssuerDocument: Sendable, Equatable {
    /// The document.
    let value: JSONValue
    /// Its bytes as they came, for the relay that adds nothing.
    let bytes: [UInt8]
    /// Whether shared caches must not keep it (RFC 9111 §5.2.2).
    let isPrivate: Bool
    /// How long it is fresh, in seconds; `nil` where the answer does not say.
    let freshness: Int64?

    /// At most so many bytes are read.
    static let maximumBytes = 1 << 20

    /// Checks an answer: 200, JSON by its type and by its text, an object, and `issuer` equal to
    /// the expected one byte for byte (RFC 8414 §3.3).
    init(
        _ answer: FetchedAnswer, expecting issuer: String
    ) throws(DocumentRefusal) {
        try self.init(answer, expecting: [issuer])
    }

    /// As above, for an adapter that names several spellings of the issuer.
    init(
        _ answer: FetchedAnswer, expecting issuers: [String]
    ) throws(DocumentRefusal) {
        if let failure = answer.failure { throw DocumentRefusal(reason: failure) }
        guard answer.status == 200 else {
            throw DocumentRefusal(reason: "status \(answer.status)")
        }
        let type = answer.field("content-type") ?? ""
        guard Self.isJSON(type) else {
            throw DocumentRefusal(reason: "not application/json (RFC 8414 §3.2)")
        }
        guard Self.isPlain(answer.field("content-encoding")) else {
            throw DocumentRefusal(reason: "a content coding that was not asked for")
        }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: answer.body)
        } catch {
            throw DocumentRefusal(reason: "not JSON: \(error.reason)")
        }
        guard value.objectValue != nil else { throw DocumentRefusal(reason: "not an object") }
        guard let issuer = value["issuer"]?.stringValue, issuers.contains(issuer) else {
            throw DocumentRefusal(reason: "its issuer is not the expected one (RFC 8414 §3.3)")
        }
        self.value = value
        bytes = answer.body
        let directives = CacheDirectives(answer.field("cache-control"))
        isPrivate = directives.isNotShared
        freshness = directives.freshness
    }

    private static func isJSON(_ type: String) -> Bool {
        let name = type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
        return name == "application/json"
    }

    private static func isPlain(_ coding: String?) -> Bool {
        guard let coding else { return true }
        return coding.isEmpty || coding.lowercased() == "identity"
    }
}

/// What this policy reads of `Cache-Control` (RFC 9111 §5.2.2).
struct CacheDirectives: Sendable, Equatable {
    /// `max-age`, in seconds; `nil` where absent, malformed, or overruled by `no-store`/`no-cache`.
    let freshness: Int64?
    /// `private` or `no-store`.
    let isNotShared: Bool

    init(_ value: String?) {
        var age: Int64?
        var isUncached = false
        var isNotShared = false
        for part in (value ?? "").lowercased().split(separator: ",") {
            let directive = part.filter { $0 != " " && $0 != "\t" && $0 != "\"" }
            if directive.hasPrefix("max-age=") {
                age = Int64(directive.dropFirst("max-age=".count)).flatMap { $0 < 0 ? nil : $0 }
            }
            if directive == "no-store" || directive.hasPrefix("no-cache") { isUncached = true }
            if directive == "no-store" || directive.hasPrefix("private") { isNotShared = true }
        }
        freshness = isUncached ? nil : age
        self.isNotShared = isNotShared
    }
}
