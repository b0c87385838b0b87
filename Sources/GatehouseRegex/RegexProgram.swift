/// One instruction of the matcher.
enum RegexInstruction: Sendable {
    /// Takes this scalar.
    case scalar(UInt32)
    /// Takes a scalar of the set with this number.
    case set(Int)
    /// Goes on at both places.
    case split(Int, Int)
    /// Goes on at this place.
    case jump(Int)
    /// Goes on where the condition holds.
    case assertion(RegexAssertion)
    /// The pattern has matched.
    case match
}

/// A compiled pattern. It begins at instruction 0.
struct RegexProgram: Sendable {
    var instructions: [RegexInstruction] = []
    var sets: [ScalarSet] = []
}

/// Turns a tree into instructions; a counted repeat is written out.
struct RegexCompiler {
    private let limit: Int
    private var program = RegexProgram()
    private var numbers: [ScalarSet: Int] = [:]

    init(limit: Int) { self.limit = limit }

    mutating func compile(_ tree: PatternTree) throws(RegexError) -> RegexProgram {
        try emit(tree)
        _ = try append(.match)
        return program
    }

    private mutating func append(_ instruction: RegexInstruction) throws(RegexError) -> Int {
        guard program.instructions.count < limit else {
            throw RegexError(
                reason: "the pattern needs more than \(limit) instructions", offset: 0)
        }
        program.instructions.append(instruction)
        return program.instructions.count - 1
    }

    private var next: Int { program.instructions.count }

    private mutating func emit(_ tree: PatternTree) throws(RegexError) {
        switch tree {
        case .empty: break
        case .set(let set): _ = try append(instruction(for: set))
        case .assertion(let assertion): _ = try append(.assertion(assertion))
        case .sequence(let items):
            for item in items { try emit(item) }
        case .choice(let branches): try emitChoice(branches)
        case .repeated(let item, let least, let most):
            try emitRepeat(item, least: least, most: most)
        }
    }

    private mutating func instruction(for set: ScalarSet) -> RegexInstruction {
        if !set.isNegated, set.ranges.count == 1, let only = set.ranges.first,
            only.count == 1
        {
            let (lower, upper) = ScalarSet.cases(of: only.lowerBound)
            if !set.ignoresCase || lower == upper { return .scalar(only.lowerBound) }
        }
        if let number = numbers[set] { return .set(number) }
        program.sets.append(set)
        numbers[set] = program.sets.count - 1
        return .set(program.sets.count - 1)
    }

    private mutating func emitChoice(_ branches: [PatternTree]) throws(RegexError) {
        var exits: [Int] = []
        for (number, branch) in branches.enumerated() {
            guard number < branches.count - 1 else {
                try emit(branch)
                break
            }
            let split = try append(.split(0, 0))
            try emit(branch)
            exits.append(try append(.jump(0)))
            program.instructions[split] = .split(split + 1, next)
        }
        for exit in exits { program.instructions[exit] = .jump(next) }
    }

    private mutating func emitRepeat(
        _ item: PatternTree, least: Int, most: Int?
    ) throws(RegexError) {
        for _ in 0..<least {
            let before = next
            try emit(item)
            // An item of no instruction stays so, however often it is repeated.
            if next == before { return }
        }
        guard let most else {
            let split = try append(.split(0, 0))
            try emit(item)
            _ = try append(.jump(split))
            program.instructions[split] = .split(split + 1, next)
            return
        }
        var splits: [Int] = []
        for _ in least..<max(least, most) {
            splits.append(try append(.split(0, 0)))
            try emit(item)
        }
        for split in splits { program.instructions[split] = .split(split + 1, next) }
    }
}
