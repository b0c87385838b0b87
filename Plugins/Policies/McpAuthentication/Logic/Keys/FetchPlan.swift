/// One outbound request, before it is performed.
struct FetchPlan: Sendable, Equatable {
    var method = "GET"
    var url: String
    /// Names in lower case.
    var fields: [(name: String, value: String)] = [("accept", "application/json")]
    var body: [UInt8] = []
    /// The reaches to try in their order.
    var reaches: [Reach] = [.configured]
    var maximumBytes = IssuerDocument.maximumBytes
    /// Milliseconds for the whole request: what drips is given up (fault F25).
    var timeout: UInt32 = 5_000

    /// The same request with the next reach, after the host denied the first; `nil` at the end.
    var wider: FetchPlan? {
        guard reaches.count > 1 else { return nil }
        var plan = self
        plan.reaches.removeFirst()
        return plan
    }

    static func == (left: FetchPlan, right: FetchPlan) -> Bool {
        left.method == right.method && left.url == right.url && left.body == right.body
            && left.reaches == right.reaches && left.maximumBytes == right.maximumBytes
            && left.timeout == right.timeout && left.fields.map(\.name) == right.fields.map(\.name)
            && left.fields.map(\.value) == right.fields.map(\.value)
    }
}
