/// The members of an object, in the order in which they were written; no name twice.
///
/// A name is found by search: objects of a configuration, a token or a metadata document are small.
/// From sixteen members on an index is kept, so that a hostile object costs no quadratic time.
public struct JSONObject: Sendable {
    private var members: [Member] = []
    private var index: [ExactName: Int]?

    private struct Member: Sendable, Hashable {
        /// Of the name: a search compares the bytes of those alone whose mark is the same.
        let mark: UInt64
        var key: String
        var value: JSONValue

        static func == (a: Member, b: Member) -> Bool {
            a.key.utf8.elementsEqual(b.key.utf8) && a.value == b.value
        }
    }

    /// A name that equals only the same bytes: canonical equivalence is not JSON's (RFC 8259 §8.3).
    private struct ExactName: Sendable, Hashable {
        var text: String
        static func == (a: ExactName, b: ExactName) -> Bool {
            a.text.utf8.elementsEqual(b.text.utf8)
        }
    }

    private static let indexedFrom = 16
    /// The room that an object's first member makes: most objects have no more members.
    private static let usual = 8

    /// An object without members.
    public init() {}

    /// How many members there are.
    public var count: Int { members.count }

    /// Whether there is no member.
    public var isEmpty: Bool { members.isEmpty }

    /// The names in order.
    public var keys: [String] { members.map(\.key) }

    /// The member of that name; setting nil removes it, a new name goes to the end.
    public subscript(_ key: String) -> JSONValue? {
        get { position(of: key, Self.mark(key)).map { members[$0].value } }
        set {
            switch (position(of: key, Self.mark(key)), newValue) {
            case (let at?, let value?): members[at].value = value
            case (let at?, nil):
                members.remove(at: at)
                rebuildIndex()
            case (nil, let value?): _ = append(key, value)
            case (nil, nil): break
            }
        }
    }

    /// Appends a member; false, and nothing happens, where the name is there already.
    mutating func append(_ key: String, _ value: JSONValue) -> Bool {
        let mark = Self.mark(key)
        guard position(of: key, mark) == nil else { return false }
        if members.isEmpty { members.reserveCapacity(Self.usual) }
        members.append(Member(mark: mark, key: key, value: value))
        if members.count == Self.indexedFrom {
            rebuildIndex()
        } else if members.count > Self.indexedFrom {
            index?[ExactName(text: key)] = members.count - 1
        }
        return true
    }

    private func position(of key: String, _ mark: UInt64) -> Int? {
        if let index { return index[ExactName(text: key)] }
        return members.withUnsafeBufferPointer { members in
            for at in members.indices where members[at].mark == mark {
                if Self.isSame(members[at].key, key) { return at }
            }
            return nil
        }
    }

    /// FNV-1a: names that differ have the same mark as good as never by chance, and where somebody
    /// makes them so, no more than fifteen are compared.
    private static func mark(_ name: String) -> UInt64 {
        var name = name
        return name.withUTF8 { bytes in
            var mark: UInt64 = 0xcbf2_9ce4_8422_2325
            for byte in bytes { mark = (mark ^ UInt64(byte)) &* 0x100_0000_01b3 }
            return mark
        }
    }

    private static func isSame(_ a: String, _ b: String) -> Bool {
        guard a.utf8.count == b.utf8.count else { return false }
        var a = a
        var b = b
        return a.withUTF8 { a in
            b.withUTF8 { b in
                for at in a.indices where a[at] != b[at] { return false }
                return true
            }
        }
    }

    private mutating func rebuildIndex() {
        guard members.count >= Self.indexedFrom else {
            index = nil
            return
        }
        var index: [ExactName: Int] = [:]
        for (at, member) in members.enumerated() { index[ExactName(text: member.key)] = at }
        self.index = index
    }
}

extension JSONObject: Hashable {
    /// The same members in the same order.
    public static func == (a: JSONObject, b: JSONObject) -> Bool { a.members == b.members }

    /// Hashes the members.
    public func hash(into hasher: inout Hasher) { hasher.combine(members) }
}

extension JSONObject: Sequence {
    /// Gives each member once, in order.
    public struct Iterator: IteratorProtocol {
        fileprivate var rest: ArraySlice<(key: String, value: JSONValue)>

        /// The next member.
        public mutating func next() -> (key: String, value: JSONValue)? { rest.popFirst() }
    }

    /// Begins with the first member.
    public func makeIterator() -> Iterator {
        Iterator(rest: members.map { (key: $0.key, value: $0.value) }[...])
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Of a name that occurs twice the last value counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (key, value) in elements { self[key] = value }
    }
}
