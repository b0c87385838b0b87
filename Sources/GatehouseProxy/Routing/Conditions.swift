import GatehouseHTTP
public import GatehouseRegex

/// The hosts of a route.
public enum HostPattern: Sendable, Hashable {
    /// This name or address, letters compared without case.
    case exact(String)
    /// `*.example.com`: names with one or more labels before `.example.com`, given without `*`.
    case suffix(String)

    /// Reads `name` or `*.name`; nil where it is neither.
    public init?(_ text: String) {
        let folded = String(decoding: Bytes.lower(text), as: UTF8.self)
        if folded.hasPrefix("*.") {
            let suffix = String(folded.dropFirst())
            guard suffix.utf8.count > 1, !suffix.utf8.contains(0x2A) else { return nil }
            self = .suffix(suffix)
        } else {
            guard !folded.isEmpty, !folded.utf8.contains(0x2A) else { return nil }
            self = .exact(folded)
        }
    }

    /// Whether a host without port is of the pattern.
    func takes(_ host: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .exact(let name): return Bytes.equalFolded(host, lower: Bytes.lower(name))
        case .suffix(let name):
            let suffix = Bytes.lower(name)
            guard host.count > suffix.count else { return false }
            let tail = UnsafeRawBufferPointer(rebasing: host[(host.count - suffix.count)...])
            return Bytes.equalFolded(tail, lower: suffix)
        }
    }
}

/// The condition of a match on the path.
public enum PathMatch: Sendable {
    /// The whole path.
    case exact(String)
    /// Whole segments from the start: `/a` takes `/a`, `/a/` and `/a/b`, not `/ab`.
    case prefix(String)
    /// The whole path, as a regular expression in linear time.
    case regex(LinearRegex)
}

/// A condition on a field or on a parameter of the query.
public struct ValueMatch: Sendable {
    /// How the value is compared.
    public enum Value: Sendable {
        /// All bytes.
        case exact(String)
        /// The whole value.
        case regex(LinearRegex)
    }

    let name: [UInt8]
    let value: Value
    let exact: [UInt8]

    /// A condition; the name of a field is compared without case, of a parameter with.
    public init(name: String, value: Value) {
        self.name = Array(name.utf8)
        self.value = value
        if case .exact(let text) = value { exact = Array(text.utf8) } else { exact = [] }
    }

    func holds(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch value {
        case .exact: Bytes.equal(bytes, exact)
        case .regex(let regex): regex.matchesWhole(bytes)
        }
    }
}

/// What a request shows to the route table; borrowed for the look-up.
struct RouteRequest {
    var method: UnsafeRawBufferPointer
    /// Without the question mark; empty where there is none.
    var query: UnsafeRawBufferPointer
    var fields: FieldIndex
    /// The buffer that `fields` points into.
    var bytes: UnsafeRawBufferPointer
}

/// A match without its path, in the form that the look-up reads.
struct Conditions: Sendable {
    let method: [UInt8]?
    let headers: [ValueMatch]
    let query: [ValueMatch]
    /// Whether every request fulfils them.
    let isEmpty: Bool

    init(_ match: RouteMatch) {
        method = match.method.map { Array($0.utf8) }
        headers = match.headers
        query = match.query
        isEmpty = method == nil && headers.isEmpty && query.isEmpty
    }

    /// How specific they are: a method before fields, fields before parameters.
    var rank: (Int, Int, Int) { (method == nil ? 0 : 1, headers.count, query.count) }

    @inline(__always)
    func hold(_ request: borrowing RouteRequest) -> Bool {
        if let method, !Bytes.equal(request.method, method) { return false }
        if headers.isEmpty && query.isEmpty { return true }
        return headers.allSatisfy { fieldHolds($0, request) }
            && query.allSatisfy { parameterHolds($0, request.query) }
    }

    private func fieldHolds(_ match: ValueMatch, _ request: borrowing RouteRequest) -> Bool {
        let (fields, bytes) = (request.fields, request.bytes)
        return match.name.withUnsafeBytes { name in
            var from = 0
            while let at = fields.position(of: name, in: bytes, from: from) {
                if match.holds(bytes[fields[at].value]) { return true }
                from = at + 1
            }
            return false
        }
    }

    private func parameterHolds(_ match: ValueMatch, _ query: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while start < query.count {
            var end = start
            var equals: Int?
            while end < query.count, query[end] != 0x26 {
                if query[end] == 0x3D, equals == nil { equals = end }
                end += 1
            }
            let name = UnsafeRawBufferPointer(rebasing: query[start..<(equals ?? end)])
            if Bytes.equal(name, match.name) {
                let from = equals.map { $0 + 1 } ?? end
                if match.holds(.init(rebasing: query[from..<end])) { return true }
            }
            start = end + 1
        }
        return false
    }
}
