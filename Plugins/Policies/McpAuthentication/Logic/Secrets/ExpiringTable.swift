/// Values that expire, by octets; bounded: the one that expires first makes room.
///
/// Times are seconds since 1970. Each operation costs the logarithm of the count at most.
struct ExpiringTable<Value> {
    private struct Entry {
        var until: Int64
        var value: Value
    }

    private struct Mark {
        let until: Int64
        let key: [UInt8]
    }

    private var entries: [[UInt8]: Entry] = [:]
    /// A heap by `until`; a mark whose entry has another time by now counts for nothing.
    private var marks: [Mark] = []
    private let bound: Int

    /// A table of at most `bound` values, at least 1.
    init(bound: Int) { self.bound = max(1, bound) }

    /// How many values there are, expired ones included that nobody has asked about since.
    var count: Int { entries.count }

    /// The value, where it has not expired: at `until` itself it has.
    func value(_ key: [UInt8], now: Int64) -> Value? {
        guard let entry = entries[key], now < entry.until else { return nil }
        return entry.value
    }

    /// Keeps `value` until then, instead of one of the same key.
    mutating func set(_ key: [UInt8], _ value: Value, until: Int64, now: Int64) {
        purge(now)
        let former = entries.updateValue(Entry(until: until, value: value), forKey: key)
        if former?.until != until { push(Mark(until: until, key: key)) }
        while entries.count > bound, let first = pop() { forget(first) }
        if marks.count > 2 * entries.count + 64 { rebuild() }
    }

    /// Forgets a value.
    mutating func remove(_ key: [UInt8]) { entries[key] = nil }

    private mutating func purge(_ now: Int64) {
        while let first = marks.first, first.until <= now, let mark = pop() { forget(mark) }
    }

    private mutating func forget(_ mark: Mark) {
        if entries[mark.key]?.until == mark.until { entries[mark.key] = nil }
    }

    private mutating func rebuild() {
        marks = entries.map { Mark(until: $0.value.until, key: $0.key) }
            .sorted { $0.until < $1.until }
    }

    private mutating func push(_ mark: Mark) {
        marks.append(mark)
        var at = marks.count - 1
        while at > 0, marks[at].until < marks[(at - 1) / 2].until {
            marks.swapAt(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    private mutating func pop() -> Mark? {
        guard let first = marks.first, let last = marks.popLast() else { return nil }
        guard !marks.isEmpty else { return first }
        marks[0] = last
        var at = 0
        while true {
            let left = 2 * at + 1
            guard left < marks.count else { return first }
            let right = left + 1
            let least = right < marks.count && marks[right].until < marks[left].until ? right : left
            guard marks[least].until < marks[at].until else { return first }
            marks.swapAt(at, least)
            at = least
        }
    }
}
