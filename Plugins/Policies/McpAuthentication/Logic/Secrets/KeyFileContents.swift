import GatehouseJOSE
import GatehouseJSON

/// What stands in `keys.file`: the secrets of one process, newest first, and the issuer of each
/// route as it was when it was last served.
///
/// `{"version": 1, "keys": [{"secret": base64url, "created": seconds}], "issuers": {route: url}}`
struct KeyFileContents: Sendable, Equatable {
    struct Key: Sendable, Equatable {
        /// 32 octets.
        var secret: [UInt8]
        /// Seconds since 1970.
        var created: Int64
    }

    /// The first seals, all open; at least one.
    private(set) var keys: [Key]
    /// By the name of the route.
    var issuers: [String: String] = [:]

    /// Seconds after which a new key is put before the first.
    static let rotation: Int64 = 30 * 86_400
    /// Octets of a file at most.
    static let maximumBytes = 1 << 20
    private static let secretSize = 32
    private static let issuersAtMost = 4096

    /// A new file with one key.
    init?(now: Int64, random: (Int) -> [UInt8]? = RandomOctets.make) {
        guard let secret = random(Self.secretSize) else { return nil }
        keys = [Key(secret: secret, created: now)]
    }

    /// Reads a file; `nil` where it is none.
    init?(parsing bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes), value["version"]?.intValue == 1,
            let members = value["keys"]?.arrayValue, !members.isEmpty, members.count <= 64
        else { return nil }
        keys = []
        for member in members {
            guard let secret = member["secret"]?.stringValue.flatMap(Base64URL.decode),
                secret.count >= Self.secretSize, let created = member["created"]?.intValue
            else { return nil }
            keys.append(Key(secret: secret, created: created))
        }
        for (route, issuer) in value["issuers"]?.objectValue ?? [:] {
            guard let text = issuer.stringValue, issuers.count < Self.issuersAtMost else {
                return nil
            }
            issuers[route] = text
        }
    }

    /// The text of the file.
    var serialized: [UInt8] {
        var routes = JSONObject()
        for (route, issuer) in issuers.sorted(by: { $0.key < $1.key }) {
            routes[route] = .string(issuer)
        }
        let members = keys.map { key -> JSONValue in
            [
                "secret": .string(Base64URL.encode(key.secret)),
                "created": .number(JSONNumber(key.created)),
            ]
        }
        let value: JSONValue = [
            "version": 1, "keys": .array(members), "issuers": .object(routes),
        ]
        return value.serializedBytes(.compact) + [UInt8(ascii: "\n")]
    }

    /// Puts a new key before the first where that is older than 30 days, and takes out those that
    /// nothing can be sealed with any more.
    ///
    /// - Parameter longestLife: the seconds that a sealed value is good for at most.
    /// - Returns: whether anything changed.
    mutating func rotate(
        now: Int64, longestLife: Int64, random: (Int) -> [UInt8]? = RandomOctets.make
    ) -> Bool {
        var changed = false
        if let first = keys.first, now - first.created > Self.rotation,
            let secret = random(Self.secretSize)
        {
            keys.insert(Key(secret: secret, created: now), at: 0)
            changed = true
        }
        // A key sealed until its successor was made.
        let needed = keys.indices.filter { at in
            at == 0 || now - keys[at - 1].created <= longestLife
        }
        if needed.count < keys.count {
            keys = needed.map { keys[$0] }
            changed = true
        }
        return changed
    }

    /// Notes the issuer of a route; false where nothing changed or there is no room.
    mutating func record(_ issuer: String, route: String) -> Bool {
        guard issuers[route] != issuer else { return false }
        guard issuers[route] != nil || issuers.count < Self.issuersAtMost else { return false }
        issuers[route] = issuer
        return true
    }
}
