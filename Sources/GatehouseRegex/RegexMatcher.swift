/// Runs a program over UTF-8 with all its threads in step, as Thompson and Pike have described.
///
/// A thread is a place in the program, and no place is held twice: the work for a character is at
/// most the length of the program, and there is nothing to go back to.
struct RegexMatcher {
    struct Outcome {
        var isMatch = false
        /// How often an instruction was visited, for tests.
        var steps = 0
    }

    /// A scalar before or after a place; nil at the ends of the text.
    private struct Place {
        var before: UInt32?
        var after: UInt32?
    }

    let program: RegexProgram
    let isWhole: Bool

    func run(_ bytes: Span<UInt8>) -> Outcome {
        var outcome = Outcome()
        var current = ThreadList(program.instructions.count)
        var following = ThreadList(program.instructions.count)
        var at = 0
        var place = Place()
        var decoded = Self.decode(bytes, at)
        while true {
            place.after = decoded?.scalar
            if !isWhole || at == 0 {
                if add(0, place, &current, &outcome), !isWhole || place.after == nil {
                    outcome.isMatch = true
                    return outcome
                }
            }
            guard let (scalar, length) = decoded else { return outcome }
            if isWhole, current.places.isEmpty { return outcome }
            at += length
            decoded = Self.decode(bytes, at)
            let next = Place(before: scalar, after: decoded?.scalar)
            following.reset()
            var hasMatch = false
            for thread in current.places where takes(program.instructions[thread], scalar) {
                hasMatch = add(thread + 1, next, &following, &outcome) || hasMatch
            }
            if hasMatch, !isWhole || next.after == nil {
                outcome.isMatch = true
                return outcome
            }
            swap(&current, &following)
            place.before = scalar
        }
    }

    private func takes(_ instruction: RegexInstruction, _ scalar: UInt32) -> Bool {
        switch instruction {
        case .scalar(let wanted): wanted == scalar
        case .set(let number): scalar <= ScalarSet.last && program.sets[number].contains(scalar)
        case .split, .jump, .assertion, .match: false
        }
    }

    /// Adds the thread at `start` and all that it reaches without taking a scalar; true where it
    /// reaches the end of the program.
    private func add(
        _ start: Int, _ place: Place, _ list: inout ThreadList, _ outcome: inout Outcome
    ) -> Bool {
        var hasMatch = false
        list.open.append(start)
        while let thread = list.open.popLast() {
            guard list.mark(thread) else { continue }
            outcome.steps += 1
            switch program.instructions[thread] {
            case .jump(let target): list.open.append(target)
            case .split(let one, let other):
                list.open.append(other)
                list.open.append(one)
            case .assertion(let assertion):
                if holds(assertion, place) { list.open.append(thread + 1) }
            case .match: hasMatch = true
            case .scalar, .set: list.places.append(thread)
            }
        }
        return hasMatch
    }

    private func holds(_ assertion: RegexAssertion, _ place: Place) -> Bool {
        switch assertion {
        case .textStart: place.before == nil
        case .textEnd: place.after == nil
        case .lineStart: place.before == nil || place.before == 10
        case .lineEnd: place.after == nil || place.after == 10
        case .wordBoundary: isWord(place.before) != isWord(place.after)
        case .notWordBoundary: isWord(place.before) == isWord(place.after)
        }
    }

    private func isWord(_ scalar: UInt32?) -> Bool {
        guard let scalar, scalar < 128 else { return false }
        return scalar &- 48 < 10 || scalar &- 65 < 26 || scalar == 95 || scalar &- 97 < 26
    }

    /// The scalar at `at`; a byte that begins none becomes a number that is in no set.
    private static func decode(
        _ bytes: Span<UInt8>, _ at: Int
    ) -> (scalar: UInt32, length: Int)? {
        guard at < bytes.count else { return nil }
        let first = bytes[at]
        if first < 0x80 { return (UInt32(first), 1) }
        let bad = (ScalarSet.last + 1 + UInt32(first), 1)
        let (length, least): (Int, UInt32) =
            switch first {
            case 0xC2...0xDF: (2, 0x80)
            case 0xE0...0xEF: (3, 0x800)
            case 0xF0...0xF4: (4, 0x1_0000)
            default: (0, 0)
            }
        guard length > 0, at + length <= bytes.count else { return bad }
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for next in at + 1..<at + length {
            guard bytes[next] & 0xC0 == 0x80 else { return bad }
            value = value << 6 | UInt32(bytes[next] & 0x3F)
        }
        guard value >= least, Unicode.Scalar(value) != nil else { return bad }
        return (value, length)
    }
}

/// The threads at one place of the text.
private struct ThreadList {
    var places: [Int] = []
    /// Places still to be visited.
    var open: [Int] = []
    private var marks: [UInt32]
    private var generation: UInt32 = 1

    init(_ size: Int) { marks = Array(repeating: 0, count: size) }

    mutating func reset() {
        places.removeAll(keepingCapacity: true)
        if generation == .max {
            for at in marks.indices { marks[at] = 0 }
            generation = 0
        }
        generation += 1
    }

    /// Marks a place; false where it was marked before.
    mutating func mark(_ place: Int) -> Bool {
        guard marks[place] != generation else { return false }
        marks[place] = generation
        return true
    }
}
