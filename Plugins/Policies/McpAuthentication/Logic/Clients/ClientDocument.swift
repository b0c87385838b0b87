import GatehouseJSON

/// Client ID Metadata Documents (draft-ietf-oauth-client-id-metadata-document; G69, G70): the
/// client's identifier is the URL of its metadata.
///
/// The document is data of a stranger: it is fetched without following redirects, from public
/// addresses unless the operator allows its origin, and says nothing that is not checked here.
enum ClientDocument {
    /// At most so many bytes.
    static let maximumBytes = 5 * 1024
    /// Milliseconds for the whole fetch.
    static let timeout: UInt32 = 3_000
    /// Milliseconds that a document is kept at most, and without freshness of its own.
    static let longestAge: Int64 = 600_000
    static let usualAge: Int64 = 300_000
    /// Milliseconds that a failure is remembered.
    static let failureAge: Int64 = 10_000

    /// The URL that an identifier is: https with a path, without query, fragment, user information
    /// or dot segments. Http only to a loopback address, which is reached only where the operator
    /// allows it (`fetch.allow`): for development.
    static func url(of clientID: String) -> HTTPURL? {
        guard clientID.utf8.count <= 1024, let url = HTTPURL(clientID), url.query == nil,
            url.scheme == "https" || url.isLoopback, url.path.utf8.count > 1,
            url.origin + url.path == clientID,
            RedirectURIs().hasPlainPath(clientID)
        else { return nil }
        return url
    }

    /// The fetch of a document: public addresses, and what the operator allows (`fetch.allow`).
    ///
    /// Never further: the origins of the configuration stand there for another use, and a stranger
    /// must not have them asked.
    static func plan(_ url: HTTPURL) -> FetchPlan {
        var plan = FetchPlan(url: url.text)
        plan.reaches = [.publicOnly]
        plan.maximumBytes = maximumBytes
        plan.timeout = timeout
        return plan
    }

    /// The client of an answer, as it stands in the document.
    static func read(
        _ answer: FetchedAnswer, clientID: String, policy: RedirectURIs
    ) -> Result<ClientRecord, DocumentRefusal> {
        if let failure = answer.failure { return .failure(DocumentRefusal(reason: failure)) }
        guard answer.status == 200 else {
            return .failure(DocumentRefusal(reason: "status \(answer.status)"))
        }
        let type = (answer.field("content-type") ?? "").prefix { $0 != ";" }
            .filter { $0 != " " }.lowercased()
        guard type == "application/json" || (type.hasSuffix("+json") && type.hasPrefix("app"))
        else { return .failure(DocumentRefusal(reason: "not JSON by its type")) }
        let limits = JSONLimits(maxBytes: maximumBytes, maxDepth: 8, maxValues: 1000)
        guard let members = (try? JSONValue(parsing: answer.body, limits: limits))?.objectValue
        else { return .failure(DocumentRefusal(reason: "not a JSON object of at most 5 KiB")) }
        return read(members, clientID: clientID, policy: policy)
    }

    private static func read(
        _ members: JSONObject, clientID: String, policy: RedirectURIs
    ) -> Result<ClientRecord, DocumentRefusal> {
        guard members["client_id"]?.stringValue?.utf8.elementsEqual(clientID.utf8) == true else {
            return .failure(DocumentRefusal(reason: "client_id is not the document's URL"))
        }
        guard members["client_secret"] == nil, members["client_secret_expires_at"] == nil else {
            return .failure(DocumentRefusal(reason: "a public document holds a secret"))
        }
        let method = members["token_endpoint_auth_method"]?.stringValue ?? "none"
        guard !method.hasPrefix("client_secret") else {
            return .failure(DocumentRefusal(reason: "it authenticates by a shared secret"))
        }
        let uris = (members["redirect_uris"]?.arrayValue ?? []).map(\.stringValue)
        let known = uris.compactMap { $0 }
        guard !known.isEmpty, known.count == uris.count, known.count <= RedirectURIs.maximum,
            known.allSatisfy(policy.isAcceptable)
        else { return .failure(DocumentRefusal(reason: "its redirect URIs are not acceptable")) }
        return .success(
            ClientRecord(
                clientID: clientID, kind: .document,
                name: ClientRegistration.name(members["client_name"]), redirectURIs: known))
    }

    /// Milliseconds for which an answer may be kept (RFC 9111 §5.2.2), at most ten minutes.
    static func age(of answer: FetchedAnswer) -> Int64 {
        let value = answer.field("cache-control")
        let directives = CacheDirectives(value)
        if let seconds = directives.freshness { return min(seconds, 600) * 1000 }
        return value?.lowercased().contains("no-") == true ? 0 : usualAge
    }
}
