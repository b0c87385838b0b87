public import GatehouseJSON

/// The usable keys of a JWK Set (RFC 7517 §5), immutable.
///
/// Members that cannot be used are left out and reported; a document is refused only when it is
/// no key set at all. A set without any usable key is a value too: whether it may replace a good
/// one is the caller's decision.
public struct KeySet: Sendable {
    /// The usable keys in the document's order, each mathematical key once.
    public let keys: [VerificationKey]
    /// What was left out, and why.
    public let unusable: [UnusableKey]
    /// Keyed by octets: equality of `String` is canonical equivalence, that of key ids is not.
    private let byKeyID: [[UInt8]: [VerificationKey]]

    /// A set of these keys.
    public init(keys: [VerificationKey]) { self.init(keys: keys, unusable: []) }

    /// Reads a document.
    public init(
        parsing bytes: [UInt8], limits: KeySetLimits = .standard
    ) throws(KeySetError) {
        guard bytes.count <= limits.documentBytes else { throw .tooLarge(bytes: bytes.count) }
        let document: JSONValue
        do {
            document = try JSONValue(
                parsing: bytes,
                limits: JSONLimits(
                    maxBytes: limits.documentBytes, maxDepth: 16, maxValues: 50_000))
        } catch {
            throw .notJSON(error.reason, offset: error.offset)
        }
        try self.init(document: document, limits: limits)
    }

    /// Reads a document that is parsed already, such as an inline one of a configuration.
    public init(
        document: JSONValue, limits: KeySetLimits = .standard
    ) throws(KeySetError) {
        guard let members = document["keys"]?.arrayValue else { throw .noKeys }
        guard members.count <= limits.keys else { throw .tooManyKeys(members.count) }
        var keys: [VerificationKey] = []
        var indices: [Int] = []
        var unusable: [UnusableKey] = []
        for (index, member) in members.enumerated() {
            do throws(UnusableKey.Reason) {
                let key = try VerificationKey.parse(jwk: member)
                let isKnown = keys.contains {
                    Self.isSame($0.keyID, key.keyID) && $0.algorithm == key.algorithm
                        && $0.isSameKey(as: key)
                }
                if isKnown { continue }
                keys.append(key)
                indices.append(index)
            } catch {
                let keyID = member["kid"]?.stringValue
                unusable.append(UnusableKey(index: index, keyID: keyID, reason: error))
            }
        }
        let clashing = keys.indices.filter { one in
            keys.indices.contains { $0 != one && Self.clash(keys[one], keys[$0]) }
        }
        unusable += clashing.map {
            UnusableKey(index: indices[$0], keyID: keys[$0].keyID, reason: .duplicateKeyID)
        }
        let kept = keys.indices.filter { !clashing.contains($0) }.map { keys[$0] }
        self.init(keys: kept, unusable: unusable.sorted { $0.index < $1.index })
    }

    /// Octets, as in `byKeyID`: é in two spellings is two ids.
    private static func isSame(_ one: String?, _ other: String?) -> Bool {
        guard let one, let other else { return one == nil && other == nil }
        return one.utf8.elementsEqual(other.utf8)
    }

    private init(keys: [VerificationKey], unusable: [UnusableKey]) {
        self.keys = keys
        self.unusable = unusable
        var table: [[UInt8]: [VerificationKey]] = [:]
        for key in keys {
            if let keyID = key.keyID { table[Array(keyID.utf8), default: []].append(key) }
        }
        byKeyID = table
    }

    /// Two different keys that one token header could mean (RFC 7517 §4.5 asks for distinct ids
    /// except for keys of different types).
    private static func clash(_ one: VerificationKey, _ other: VerificationKey) -> Bool {
        guard let keyID = one.keyID, let otherID = other.keyID,
            keyID.utf8.elementsEqual(otherID.utf8), one.keyType == other.keyType
        else { return false }
        return one.algorithm == nil || other.algorithm == nil || one.algorithm == other.algorithm
    }

    /// The one key that a token's header means.
    ///
    /// A key id is compared exactly and never guessed (RFC 8725 §3.10). A token without one finds
    /// a key only where exactly one key of the set allows its algorithm.
    public func lookUp(keyID: String?, algorithm: SignatureAlgorithm) -> KeyLookup {
        guard let keyID else {
            let fitting = keys.filter { $0.allows(algorithm) }
            guard let only = fitting.first else { return .unknownKey }
            return fitting.count == 1 ? .found(only) : .ambiguous
        }
        guard let named = byKeyID[Array(keyID.utf8)] else { return .unknownKey }
        guard let key = named.first(where: { $0.allows(algorithm) }) else {
            return .algorithmMismatch
        }
        return .found(key)
    }

    /// As `lookUp(keyID:algorithm:)` with what the header says.
    public func lookUp(_ header: TokenHeader) -> KeyLookup {
        lookUp(keyID: header.keyID, algorithm: header.algorithm)
    }
}

/// What a look-up in a key set found.
public enum KeyLookup: Sendable {
    /// The key.
    case found(VerificationKey)
    /// No key of that id, or none that fits: a reason to fetch the set again, at a bounded rate.
    case unknownKey
    /// The id is known, but its key is of another type or pinned to another algorithm.
    case algorithmMismatch
    /// The token names no key and several would fit.
    case ambiguous
}

/// Why a document is no key set.
public enum KeySetError: Error, Sendable, Hashable, CustomStringConvertible {
    /// More octets than allowed.
    case tooLarge(bytes: Int)
    /// Not strict JSON.
    case notJSON(String, offset: Int)
    /// No array `keys` in an object (RFC 7517 §5.1).
    case noKeys
    /// More keys than allowed.
    case tooManyKeys(Int)

    /// The reason in words.
    public var description: String {
        switch self {
        case .tooLarge(let bytes): "the key set has \(bytes) octets, more than allowed"
        case .notJSON(let reason, let offset): "the key set is not JSON: \(reason) at \(offset)"
        case .noKeys: "the document has no array of keys"
        case .tooManyKeys(let count): "the key set has \(count) keys, more than allowed"
        }
    }
}
